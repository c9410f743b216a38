"""Architectures in plain torch, with timm's parameter names, so that timm's checkpoints load without timm."""
