"""Vision Transformer (Dosovitskiy et al. 2021), with the options of DINOv2 (Oquab et al. 2023), timm's parameter names.

Attention is explicit (q k^T, softmax, times v) rather than fused, because its weights are outputs of the graph.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True, slots=True, kw_only=True)
class ViTConfig:
    """Sizes of a plain ViT. ``rows`` and ``cols`` in px, multiples of ``patch``."""

    n_labels: int
    rows: int = 224
    cols: int = 224
    patch: int = 16
    dim: int = 384
    depth: int = 12
    heads: int = 6
    mlp_ratio: float = 4.0
    channels: int = 3
    n_registers: int = 0
    layer_scale: bool = False
    dropout: float = 0.0
    drop_path: float = 0.0
    norm_eps: float = 1e-6

    def __post_init__(self) -> None:
        if self.rows % self.patch or self.cols % self.patch:
            raise ValueError(f"{self.rows}x{self.cols} px is not a multiple of the patch size {self.patch}")
        if self.dim % self.heads:
            raise ValueError(f"dim {self.dim} is not a multiple of {self.heads} heads")

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.rows // self.patch, self.cols // self.patch


class PatchEmbed(nn.Module):
    """Patch embedding: float[n, c, rows, cols] -> float[n, t, dim]."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.proj = nn.Conv2d(config.channels, config.dim, config.patch, config.patch)

    def forward(self, x: Tensor) -> Tensor:
        """Project patches, row by row."""
        patches: Tensor = self.proj(x)
        return patches.flatten(2).transpose(1, 2)


class Attention(nn.Module):
    """Multi-head self-attention that also returns its weights, float[n, h, t, t], rows summing to 1."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.scale = (config.dim // config.heads) ** -0.5
        self.qkv = nn.Linear(config.dim, config.dim * 3)
        self.proj = nn.Linear(config.dim, config.dim)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor, n_queries: int | None = None) -> tuple[Tensor, Tensor]:
        """Return attended tokens float[n, t, dim] and weights, optionally for the first ``n_queries`` tokens only."""
        n, t, dim = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, dim // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        q = q if n_queries is None else q[:, :, :n_queries]
        weights = (q * self.scale @ k.transpose(-2, -1)).softmax(dim=-1)
        mixed = (weights @ v).transpose(1, 2).reshape(n, n_queries or t, dim)
        return self.drop(self.proj(mixed)), weights


class Mlp(nn.Module):
    """The two-layer perceptron of a block, with exact GELU."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        hidden = int(config.dim * config.mlp_ratio)
        self.fc1 = nn.Linear(config.dim, hidden)
        self.fc2 = nn.Linear(hidden, config.dim)
        self.drop = nn.Dropout(config.dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Apply to each token."""
        hidden: Tensor = self.drop(F.gelu(self.fc1(x)))
        mixed: Tensor = self.drop(self.fc2(hidden))
        return mixed


class LayerScale(nn.Module):
    """A learnt factor per channel (Touvron et al. 2021)."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((dim,), 1e-5))

    def forward(self, x: Tensor) -> Tensor:
        """Scale the last axis."""
        return x * self.gamma


class Block(nn.Module):
    """Pre-norm transformer block with optional layer scale and stochastic depth (Huang et al. 2016)."""

    def __init__(self, config: ViTConfig, drop_path: float) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(config.dim, eps=config.norm_eps)
        self.attn = Attention(config)
        self.ls1 = LayerScale(config.dim) if config.layer_scale else nn.Identity()
        self.norm2 = nn.LayerNorm(config.dim, eps=config.norm_eps)
        self.mlp = Mlp(config)
        self.ls2 = LayerScale(config.dim) if config.layer_scale else nn.Identity()
        self.drop_path = drop_path

    def forward(self, x: Tensor, n_queries: int | None = None) -> tuple[Tensor, Tensor]:
        """Return the block's tokens and attention weights, optionally for the first ``n_queries`` tokens only."""
        attended, weights = self.attn(self.norm1(x), n_queries)
        x = (x if n_queries is None else x[:, :n_queries]) + self._drop(self.ls1(attended))
        return x + self._drop(self.ls2(self.mlp(self.norm2(x)))), weights

    def _drop(self, x: Tensor) -> Tensor:
        if not self.training or self.drop_path == 0.0:
            return x
        keep = 1.0 - self.drop_path
        mask = torch.rand(x.shape[0], 1, 1, device=x.device, dtype=x.dtype).lt(keep).to(x.dtype)
        return x * mask / keep


class ViT(nn.Module):
    """A plain ViT with a class token; the head reads the class token after the last norm."""

    def __init__(self, config: ViTConfig) -> None:
        super().__init__()
        self.config = config
        rows, cols = config.grid
        self.cls_token = nn.Parameter(torch.zeros(1, 1, config.dim))
        self.reg_token = nn.Parameter(torch.zeros(1, config.n_registers, config.dim)) if config.n_registers else None
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + rows * cols, config.dim))
        self.patch_embed = PatchEmbed(config)
        rates = [config.drop_path * i / max(1, config.depth - 1) for i in range(config.depth)]
        self.blocks = nn.ModuleList([Block(config, rate) for rate in rates])
        self.norm = nn.LayerNorm(config.dim, eps=config.norm_eps)
        self.head = nn.Linear(config.dim, config.n_labels)
        self.apply(_init)
        nn.init.trunc_normal_(self.pos_embed, std=0.02)
        nn.init.trunc_normal_(self.cls_token, std=0.02)

    @property
    def prefix_tokens(self) -> int:
        """Number of tokens before the patches: the class token and the registers."""
        return 1 + self.config.n_registers

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of patches."""
        return self.config.grid

    @property
    def depth(self) -> int:
        """Number of layers with attention."""
        return self.config.depth

    def forward(self, x: Tensor) -> Tensor:
        """Logits float[n, k] of pictures float[n, c, rows, cols]."""
        return self.forward_with_attention(x)[0]

    def forward_class(self, x: Tensor) -> Tensor:
        """The same logits, computing only the class token in the last block, since only that reaches them."""
        tokens = self.embed(x)
        for block in self.blocks[:-1]:
            tokens, _ = block(tokens)
        # A single row is recognised as attention only after a square one, so a network of one layer computes all rows.
        tokens, _ = self.blocks[-1](tokens, 1 if self.depth > 1 else None)
        logits: Tensor = self.head(self.norm(tokens)[:, 0])
        return logits

    def forward_with_attention(self, x: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
        """Logits float[n, k], attention of every block float[n, h, t, t], features float[n, dim].

        The features are the mean patch token of the middle block. In the last block of a fine-tuned network every
        input resembles one of the classes, so inputs that are not brains can no longer be recognised.
        """
        tokens = self.embed(x)
        attentions, means = [], []
        for block in self.blocks:
            tokens, weights = block(tokens)
            attentions.append(weights)
            means.append(tokens[:, self.prefix_tokens :].mean(dim=1))
        return self.head(self.norm(tokens)[:, 0]), attentions, means[(len(means) - 1) // 2]

    def embed(self, x: Tensor) -> Tensor:
        """Tokens with positions, float[n, t, dim]: class, registers, patches."""
        patches = self.patch_embed(x)
        n = patches.shape[0]
        tokens = torch.cat([self.cls_token.expand(n, -1, -1), patches], dim=1) + self.pos_embed
        if self.reg_token is None:
            return tokens
        return torch.cat([tokens[:, :1], self.reg_token.expand(n, -1, -1), tokens[:, 1:]], dim=1)


def rollout_cls(attentions: list[Tensor], prefix_tokens: int, first_layer: int = 0) -> Tensor:
    """Attention rollout (Abnar & Zuidema 2020) of the class token, mean heads: float[n, t - prefix_tokens].

    Row by row from the last layer, of which the class token's row is enough, to ``first_layer``: with A' = (A + I) / 2
    renormalised (its rows already sum to 1), r <- r A'. Only one row is kept, so each layer costs t^2, not t^3.
    """
    last = attentions[-1].mean(dim=1)
    row = F.one_hot(torch.zeros(last.shape[0], dtype=torch.long, device=last.device), last.shape[-1]).to(last.dtype)
    row = 0.5 * (row + last[:, 0])
    for weights in reversed(attentions[first_layer:-1]):
        row = 0.5 * (row + (row.unsqueeze(1) @ weights.mean(dim=1)).squeeze(1))
    return row[:, prefix_tokens:]


def resample_positions(pos_embed: Tensor, prefix: int, grid: tuple[int, int]) -> Tensor:
    """Resample learnt positions float[1, prefix + s * s, dim] to another patch grid, bicubic and antialiased."""
    front, patches = pos_embed[:, :prefix], pos_embed[:, prefix:]
    side = math.isqrt(patches.shape[1])
    if (side, side) == grid:
        return pos_embed
    square = patches.reshape(1, side, side, -1).permute(0, 3, 1, 2).float()
    resized = F.interpolate(square, size=grid, mode="bicubic", antialias=True, align_corners=False)
    return torch.cat([front, resized.permute(0, 2, 3, 1).reshape(1, grid[0] * grid[1], -1).to(front.dtype)], dim=1)


def _init(module: nn.Module) -> None:
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
