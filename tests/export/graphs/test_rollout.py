"""Row-by-row rollouts are the first row of the published matrix products."""

from __future__ import annotations

import torch

from mri_batch_export.graphs.rollout import (
    attention_relevance,
    attention_rollout,
    full_attention_rollout,
    gradient_rollout,
)


def test_row_of_the_rollout_is_the_first_row_of_the_full_product() -> None:
    """Keeping only the class token's row loses nothing."""
    attentions = [torch.randn(2, 3, 9, 9).softmax(-1) for _ in range(4)]
    torch.testing.assert_close(attention_rollout(attentions), full_attention_rollout(attentions)[:, 0])


def test_rows_of_gradient_methods_are_the_first_row_of_the_full_products() -> None:
    """Relevance and gradient-weighted rollout with one row are those with whole matrices."""
    torch.manual_seed(0)
    weighted = [torch.randn(2, 3, 6, 6) for _ in range(4)]
    eye = torch.eye(6).expand(2, 6, 6)
    rolled, relevance = eye, eye
    for each in weighted:
        step = eye + each.mean(dim=1).clamp(min=0)
        rolled = step / step.sum(dim=-1, keepdim=True) @ rolled
        relevance = relevance + each.clamp(min=0).mean(dim=1) @ relevance
    assert torch.allclose(gradient_rollout(weighted), rolled[:, 0], atol=1e-5)
    assert torch.allclose(attention_relevance(weighted), relevance[:, 0], rtol=1e-4)
