"""The forward graph, ``model.onnx``: logits, features and, for a transformer, every attention and the rollout."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import onnx
import torch
from torch import Tensor, nn

from mri_batch.card import Knobs, MethodEntry, ModelCard, Wiring
from mri_batch.errors import ExportRefused
from mri_batch_export.architectures.base import AttentionClassifier, MapClassifier
from mri_batch_export.graphs.rollout import attention_rollout

OPSET = 20
TRACED_BATCH = 2  # any number but 1, which the exporter would make a constant
NO_ATTENTION = "the network has no self-attention over a grid of patches"
_ATTENTION_METHODS = ("rollout", "attention")


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardGraph:
    """``model.onnx``, the roles of its outputs, and the methods that it supports or, with the reason, does not."""

    proto: onnx.ModelProto
    wiring: Wiring
    methods: tuple[MethodEntry, ...]


class _Outputs(nn.Module):
    """A network that returns its outputs in the order of ``Wiring.plain_outputs``."""

    def __init__(self, model: nn.Module, first_layer: int, cam_weights: Tensor | None) -> None:
        super().__init__()
        self.model = model
        self.first_layer = first_layer
        self.cam_weights = cam_weights

    def forward(self, pixels: Tensor) -> tuple[Tensor, ...]:
        if isinstance(self.model, AttentionClassifier):
            logits, attentions, features = self.model.forward_with_attention(pixels)
            row = attention_rollout(attentions[self.first_layer :])[:, self.model.prefix_tokens :]
            return logits, features, row.reshape(-1, *self.model.grid), *attentions
        if isinstance(self.model, MapClassifier):
            early = self.model.early_map(pixels)
            late = self.model.late_map(early)
            outputs = self.model.head(late), self.model.pool(early)
            if self.cam_weights is None:
                return outputs
            cam = torch.relu(self.cam_weights @ late.flatten(2))
            return *outputs, cam.reshape(*cam.shape[:2], *late.shape[2:])
        return (self.model(pixels),)


def build_forward_graph(model: nn.Module, *, card: ModelCard, rollout_layers: int = 4) -> ForwardGraph:
    """Trace the forward graph of ``model`` (float32, on the CPU) with a dynamic batch size.

    ``rollout_layers``: how many layers the rollout multiplies, counted from the last.
    """
    p = card.preprocessing
    example = torch.randn(TRACED_BATCH, p.channels, p.rows, p.cols, generator=torch.Generator().manual_seed(0))
    cam_weights = find_cam_weights(model, example) if isinstance(model, MapClassifier) else None
    wiring, methods = _describe_outputs(model, rollout_layers, has_cam=cam_weights is not None)
    first = max(0, len(wiring.attention) - rollout_layers)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # PyTorch's own deprecations
            program = torch.onnx.export(
                _Outputs(model, first, cam_weights).eval(),
                (example,),
                dynamo=True,
                verbose=False,
                opset_version=OPSET,
                input_names=[wiring.input],
                output_names=list(wiring.plain_outputs),
                dynamic_shapes={"pixels": {0: torch.export.Dim("n")}},
            )
    except torch.onnx.errors.OnnxExporterError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0][:300]
        raise ExportRefused(f"PyTorch cannot export the network to ONNX: {reason}") from error
    assert program is not None
    return ForwardGraph(proto=program.model_proto, wiring=wiring, methods=methods)


def find_cam_weights(model: MapClassifier, example: Tensor) -> Tensor | None:
    """Return Grad-CAM's channel weights float[k, c], or None where they differ from picture to picture.

    Where the head is linear in the last feature map, as a mean and a linear layer are, the gradient is the same for
    every picture, and Grad-CAM of all labels is one more matrix product in the forward graph.
    """
    with torch.no_grad():
        feature_map = model.features_map(example[:1])
    spread = torch.randn(feature_map.shape, generator=torch.Generator().manual_seed(1)) * feature_map.std()
    here, there = _slopes(model, feature_map), _slopes(model, spread)
    return here.mean((2, 3)) if torch.allclose(here, there, rtol=1e-4, atol=1e-7) else None


def _slopes(model: MapClassifier, feature_map: Tensor) -> Tensor:
    """Gradient of every logit with respect to one feature map [1, c, rows, cols]: float[k, c, rows, cols]."""
    each = feature_map.detach().expand(model.head(feature_map).shape[1], -1, -1, -1).clone().requires_grad_(True)
    (slopes,) = torch.autograd.grad(model.head(each).diagonal().sum(), each)
    return slopes


def _describe_outputs(
    model: nn.Module, rollout_layers: int, *, has_cam: bool
) -> tuple[Wiring, tuple[MethodEntry, ...]]:
    if isinstance(model, AttentionClassifier):
        depth = model.depth
        wiring = Wiring(
            features="features",
            rollout="rollout",
            attention=tuple(f"attention_{i:02d}" for i in range(depth)),
            grid=model.grid,
            prefix_tokens=model.prefix_tokens,
        )
        knobs: Knobs = {
            "fusion": "mean",
            "discard": 0.0,
            "residual": 0.5,
            "first_layer": max(0, depth - rollout_layers),
        }
        return wiring, (MethodEntry(method="rollout", knobs=knobs), MethodEntry(method="attention"))
    absent = tuple(MethodEntry(method=m, available=False, reason=NO_ATTENTION) for m in _ATTENTION_METHODS)
    features = "features" if isinstance(model, MapClassifier) else None
    cam = (MethodEntry(method="gradcam"),) if has_cam else ()
    return Wiring(features=features, cam="cam" if has_cam else None), (*absent, *cam)
