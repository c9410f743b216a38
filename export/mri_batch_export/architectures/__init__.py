"""Network architectures in plain PyTorch with timm's parameter names, and loading of checkpoints without running their code."""
