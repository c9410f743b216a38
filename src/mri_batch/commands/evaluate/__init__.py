"""``mri-batch evaluate``: how good a model is, measured with the same code that serves it."""
