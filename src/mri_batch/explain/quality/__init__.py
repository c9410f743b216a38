"""How good a heatmap is: faithful to the model, on the finding, dependent on the weights."""
