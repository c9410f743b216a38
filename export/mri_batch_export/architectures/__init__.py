"""Network architectures in plain PyTorch, with timm's parameter names, and safe loading of checkpoints into them."""
