"""Training and hyperparameter search: recipes, data, augmentation and the run folder."""
