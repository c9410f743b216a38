"""Verification of a package against PyTorch, on pictures that were not used in tracing."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor, nn

from mri_batch.arrays import Arrays, Float32, Outputs, Uint8
from mri_batch.card import Wiring
from mri_batch.errors import ExportRefused
from mri_batch.model.prepare import normalize
from mri_batch.model.selftest import Agreement, compare, to_stored
from mri_batch.model.session import Session
from mri_batch_export.architectures.base import AttentionClassifier, MapClassifier
from mri_batch_export.graphs.hooks import Hooks
from mri_batch_export.graphs.rollout import attention_relevance, full_attention_rollout, gradient_rollout
from mri_batch_export.packaging.phantoms import make_phantoms

BATCHES = (1, 7)  # one picture, and a number that is no power of two and differs from the traced one
N_GOLDEN = 2  # pictures whose outputs are stored in the package
ROW_SUM_LIMIT = 1e-4


def reference_outputs(model: nn.Module, pixels: Tensor, wiring: Wiring, first_layer: int) -> Outputs:
    """PyTorch's outputs for every output of the plain graph, by name; the rollout by full matrices."""
    with torch.no_grad():
        if isinstance(model, AttentionClassifier):
            logits, attentions, features = model.forward_with_attention(pixels)
            heat = full_attention_rollout(attentions[first_layer:])[:, 0, model.prefix_tokens :]
            maps = {str(wiring.rollout): heat.reshape(-1, *model.grid)} | dict(
                zip(wiring.attention, attentions, strict=True)
            )
            outputs = {wiring.logits: logits, str(wiring.features): features, **maps}
        elif isinstance(model, MapClassifier):
            outputs = {wiring.logits: model(pixels), str(wiring.features): model.pool(model.early_map(pixels))}
            if wiring.cam:
                outputs[wiring.cam] = _grad_cam(model, model.features_map(pixels))
        else:
            outputs = {wiring.logits: model(pixels)}
    return {name: values.numpy() for name, values in outputs.items()}


def _grad_cam(model: MapClassifier, feature_map: Tensor) -> Tensor:
    """Grad-CAM as defined by Selvaraju et al. (2017), label by label: float[n, k, rows, cols]."""
    maps = []
    with torch.enable_grad():
        watched = feature_map.detach().requires_grad_(True)
        for score in model.head(watched).sum(0):
            (gradient,) = torch.autograd.grad(score, watched, retain_graph=True)
            maps.append((gradient.mean((2, 3), keepdim=True) * feature_map).sum(1).relu())
    return torch.stack(maps, dim=1)


def verify_plain(model: nn.Module, session: Session, first_layer: int) -> list[Agreement]:
    """Compare every output of the plain graph at batch sizes 1 and 7.

    Raises ExportRefused that names each output that differs, or whose attention rows do not sum to 1.
    """
    pixels = to_pixels(make_phantoms(max(BATCHES), session.card.preprocessing, seed=1), session)
    right = reference_outputs(model, torch.from_numpy(pixels), session.wiring, first_layer)
    found: list[Agreement] = []
    for size in BATCHES:
        given = session.outputs(pixels[:size], list(right))
        found += [compare(f"plain/{name}", given[name], right[name][:size]) for name in right]
        found += [row_sums(name, given[name]) for name in session.wiring.attention]
    refuse_disagreements(found)
    return found


def reference_gradients(model: nn.Module, pixels: Tensor, target: Tensor, wiring: Wiring) -> dict[str, Outputs]:
    """PyTorch's autograd for every output of the gradient graphs, by graph and name; class indices int64[n].

    Ordinary PyTorch, without the tracing and the rules that write the graphs.
    """
    x = pixels.clone().requires_grad_(True)
    with Hooks() as hooks:
        score = model(x)[torch.arange(len(x)), target].sum()
    grid, prefix = wiring.grid or (1, 1), wiring.prefix_tokens
    attentions = [a for a in hooks.attentions if wiring.attention and a.shape[-1] == grid[0] * grid[1] + prefix]
    features = (hooks.tokens if attentions else hooks.maps)[-1:]
    slopes = list(torch.autograd.grad(score, [x, *attentions, *features]))
    roles: dict[str, Tensor] = {"input_gradient": slopes[0]}
    if attentions:
        weighted = [a * g for a, g in zip(attentions, slopes[1:], strict=False)]
        for role, combine in (("gradient_rollout", gradient_rollout), ("relevance", attention_relevance)):
            roles[role] = combine(weighted)[:, prefix:].reshape(-1, *grid)
    else:
        roles |= {f"activation_{i}": values for i, values in enumerate(hooks.maps)}
    if features:
        roles |= {"feature_map": _to_map(features[0], wiring), "feature_gradient": _to_map(slopes[-1], wiring)}
    graphs = {"explain": wiring.gradient, "gradcam": wiring.gradcam}
    return {
        graph: {name: roles[role].detach().numpy() for role, name in names.items() if role in roles}
        for graph, names in graphs.items()
        if names
    }


def _to_map(values: Tensor, wiring: Wiring) -> Tensor:
    if values.ndim == 4:
        return values
    return values[:, wiring.prefix_tokens :].transpose(1, 2).reshape(len(values), -1, *(wiring.grid or (1, 1)))


def verify_gradients(model: nn.Module, session: Session) -> list[Agreement]:
    """Compare every output of the gradient graphs at batch sizes 1 and 7, with another class for each picture.

    Raises ExportRefused that names each output that differs.
    """
    pixels = to_pixels(make_phantoms(max(BATCHES), session.card.preprocessing, seed=1), session)
    target = np.arange(len(pixels), dtype=np.int64) % len(session.labels)
    right = reference_gradients(model, torch.from_numpy(pixels), torch.from_numpy(target), session.wiring)
    found: list[Agreement] = []
    for size in BATCHES:
        for graph, outputs in right.items():
            given = session.gradients(pixels[:size], target[:size], list(outputs))
            found += [compare(f"{graph}/{name}", given[name], outputs[name][:size]) for name in outputs]
    refuse_disagreements(found)
    return found


def row_sums(name: str, attention: Float32) -> Agreement:
    """Largest deviation from 1 of the row sums of an attention float32[n, h, t, t]."""
    off = float(np.abs(attention.sum(axis=-1) - 1).max())
    return Agreement(output=f"row sums of {name}", difference=off, limit=ROW_SUM_LIMIT)


def refuse_disagreements(found: Iterable[Agreement]) -> None:
    """Raise ExportRefused that names each output that differs, and by how much."""
    off = {a.output: a for a in found if not a.holds}
    if off:
        listed = ", ".join(f"{a.output} by {a.difference:.1e} (limit {a.limit:.0e})" for a in off.values())
        raise ExportRefused(f"the exported graph does not agree with PyTorch: {listed}", code="EXPORT_DISAGREES")


def make_golden(model: nn.Module, session: Session, first_layer: int) -> Arrays:
    """Make the content of golden.npz: pictures and PyTorch's outputs for every output of every graph."""
    pictures = make_phantoms(N_GOLDEN, session.card.preprocessing, seed=2)
    pixels = torch.from_numpy(to_pixels(pictures, session))
    outputs = reference_outputs(model, pixels, session.wiring, first_layer)
    stored = to_stored("plain", outputs, session.wiring.attention)
    target = np.arange(N_GOLDEN, dtype=np.int64) % len(session.labels)
    gradients = reference_gradients(model, pixels, torch.from_numpy(target), session.wiring)
    for graph, values in gradients.items():
        stored = {**stored, **to_stored(graph, values)}
    return {"pictures": pictures, "target": target, **stored}


def recompute_golden(session: Session, golden: Arrays) -> Outputs:
    """Outputs of a package's own plain graph for the golden pictures, where PyTorch has no such graph."""
    given = session.outputs(to_pixels(golden["pictures"].astype(np.uint8), session), session.wiring.plain_outputs)
    return to_stored("plain", given, session.wiring.attention)


def to_pixels(pictures: Uint8, session: Session) -> Float32:
    """Normalise pictures uint8[n, rows, cols, c] to the model's float32[n, channels, rows, cols]."""
    return normalize(pictures.astype(np.float32) / np.float32(255), session.card.preprocessing)
