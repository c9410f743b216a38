"""Write the golden packages: two tiny networks in ONNX, and PyTorch's own answers for every map.

Run ``python -m tests.golden.make`` where torch is installed; the runtime's tests read what it leaves beside this file.
The answers are worked out here with autograd and hooks, without the code that writes the graphs.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from mri_batch.card import MethodEntry, ModelCard, Preprocessing, Wiring, with_fields
from mri_batch_export.architectures.vit import ViT, ViTConfig
from mri_batch_export.graphs.gradients import build_gradient_graph, strip_metadata

HERE = Path(__file__).parent
SIDE, N_PICTURES, IG_STEPS, SG_SAMPLES, SG_NOISE = 32, 5, 8, 4, 0.1
LABELS = ("a", "b", "c")


class TinyCNN(nn.Module):
    """Strided, depthwise and plain convolutions, every kind of pooling, ReLU and ReLU6, flatten and dense."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, 2, 1),
            nn.Conv2d(8, 8, 3, padding=1, groups=8),
            nn.ReLU6(),
            nn.Conv2d(8, 12, 3, padding=1),
            nn.ReLU(),
        )
        self.head = nn.Sequential(
            nn.AvgPool2d(3, 2, 1),
            nn.AdaptiveAvgPool2d((3, 3)),
            nn.Flatten(),
            nn.Linear(108, 16),
            nn.ReLU(),
            nn.Linear(16, 3),
        )

    def forward(self, x: Tensor) -> Tensor:
        """Logits."""
        out: Tensor = self.head(self.features(x))
        return out


def make_vit() -> ViT:
    """A ViT of two blocks whose weights are large enough for attention to differ from token to token."""
    torch.manual_seed(1)
    config = ViTConfig(
        n_labels=3, rows=SIDE, cols=SIDE, patch=8, dim=24, depth=2, heads=2, n_registers=1, layer_scale=True
    )
    model = ViT(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.3)
    return model


def make_cnn() -> TinyCNN:
    """The CNN with running statistics that are not the identity."""
    torch.manual_seed(2)
    model = TinyCNN()
    model.train()
    with torch.no_grad():
        for _ in range(20):
            model(torch.randn(8, 3, SIDE, SIDE) * 2 + 0.5)
    return model.eval()


def to_cells(per_pixel: Tensor, cells: int) -> np.ndarray:
    """Mean over square cells."""
    return nn.functional.avg_pool2d(per_pixel[:, None], SIDE // cells)[:, 0].detach().numpy()


def gradient_of(model: nn.Module, x: Tensor, target: Tensor) -> Tensor:
    """Autograd's gradient of the target's logit."""
    x = x.detach().clone().requires_grad_(True)
    score = model(x).gather(1, target[:, None]).sum()
    (gradient,) = torch.autograd.grad(score, x)
    return gradient


def pixel_answers(model: nn.Module, x: Tensor, target: Tensor, cells: int) -> dict[str, np.ndarray]:
    """The methods that look at the gradient of the pixels."""
    gradient = gradient_of(model, x, target)
    start = x.amin(dim=(2, 3), keepdim=True)
    slopes = [gradient_of(model, start + (x - start) * (i + 0.5) / IG_STEPS, target) for i in range(IG_STEPS)]
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((SG_SAMPLES, *x.shape[1:]), np.float32))
    spread = SG_NOISE * (x.amax(dim=(1, 2, 3), keepdim=True) - x.amin(dim=(1, 2, 3), keepdim=True))
    noisy = torch.stack([gradient_of(model, x + spread * each, target) for each in noise]).mean(dim=0)
    return {
        "input_gradient": gradient.numpy(),
        "gradient": to_cells(gradient.abs().amax(dim=1), cells),
        "input_x_gradient": to_cells((x * gradient).sum(dim=1), cells),
        "integrated_gradients": to_cells(((x - start) * torch.stack(slopes).mean(dim=0)).sum(dim=1), cells),
        "smoothgrad": to_cells(noisy.abs().amax(dim=1), cells),
    }


def cam_answers(maps: Tensor, gradient: Tensor) -> dict[str, np.ndarray]:
    """Grad-CAM and Grad-CAM++ of maps and their gradient, both float[n, c, h, w]."""
    cam = (gradient.mean(dim=(2, 3), keepdim=True) * maps).sum(dim=1).relu()
    bottom = 2 * gradient**2 + maps.sum(dim=(2, 3), keepdim=True) * gradient**3
    alpha = torch.where(bottom == 0, torch.zeros_like(bottom), gradient**2 / torch.where(bottom == 0, 1.0, bottom))
    plus = ((alpha * gradient.relu()).sum(dim=(2, 3), keepdim=True) * maps).sum(dim=1).relu()
    return {"gradcam": cam.detach().numpy(), "gradcam_pp": plus.detach().numpy()}


def vit_answers(model: ViT, x: Tensor, target: Tensor) -> dict[str, np.ndarray]:
    """The ViT's maps, with whole matrices rather than the class token's row."""
    logits, attentions, _ = model.forward_with_attention(x.clone().requires_grad_(True))
    score = logits.gather(1, target[:, None]).sum()
    gradients = torch.autograd.grad(score, attentions)
    t = attentions[0].shape[-1]
    eye = torch.eye(t).expand(len(x), t, t)
    rolled, weighted, relevance = eye, eye, eye
    for attention, gradient in zip(attentions, gradients, strict=True):
        step = 0.5 * eye + 0.5 * attention.mean(dim=1)
        rolled = (step / step.sum(dim=-1, keepdim=True)) @ rolled
        positive = (attention * gradient).mean(dim=1).relu()
        step = eye + positive
        weighted = (step / step.sum(dim=-1, keepdim=True)) @ weighted
        relevance = relevance + (attention * gradient).relu().mean(dim=1) @ relevance
    front, grid = model.prefix_tokens, model.config.grid

    def as_grid(row: Tensor) -> np.ndarray:
        return row[..., front:].reshape(*row.shape[:-1], *grid).detach().numpy()

    kept: list[Tensor] = []
    norm = model.get_submodule(f"blocks.{model.config.depth - 1}.norm1")
    hook = norm.register_forward_hook(lambda module, inputs, output: kept.append(output))
    score = model(x.clone().requires_grad_(True)).gather(1, target[:, None]).sum()
    hook.remove()
    (slope,) = torch.autograd.grad(score, kept)
    tokens, slopes = (y[:, front:].transpose(1, 2).reshape(len(x), -1, *grid) for y in (kept[0], slope))
    return {
        "rollout": as_grid(rolled[:, 0]),
        "gradient_rollout": as_grid(weighted[:, 0]),
        "relevance": as_grid(relevance[:, 0]),
        "attention": as_grid(attentions[-1].mean(dim=1)[:, 0]),
        **cam_answers(tokens, slopes),
    }


def cnn_answers(model: TinyCNN, x: Tensor, target: Tensor, cells: int) -> dict[str, np.ndarray]:
    """The CNN's maps, guided backpropagation by hooks on its ReLUs."""
    maps = model.features(x.clone().requires_grad_(True))
    score = model.head(maps).gather(1, target[:, None]).sum()
    (gradient,) = torch.autograd.grad(score, maps)
    units = [m for m in model.modules() if isinstance(m, nn.ReLU | nn.ReLU6)]
    for unit in units:
        unit.inplace = False

    def keep_positive(module: nn.Module, down: Any, up: Any) -> tuple[Tensor]:
        return (down[0].clamp(min=0),)

    hooks = [unit.register_full_backward_hook(keep_positive) for unit in units]
    guided = gradient_of(model, x, target)
    for hook in hooks:
        hook.remove()
    return {
        "guided_backprop": to_cells(guided.abs().amax(dim=1), cells),
        "activations": maps.mean(dim=1).detach().numpy(),
        **cam_answers(maps, gradient),
    }


def to_onnx(model: nn.Module, outputs: list[str]) -> onnx.ModelProto:
    """The plain graph."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        written = torch.onnx.export(
            model,
            (torch.zeros(5, 3, SIDE, SIDE),),
            dynamo=True,
            opset_version=20,
            input_names=["pixels"],
            output_names=outputs,
            dynamic_shapes=({0: torch.export.Dim("n")},),
            verbose=False,
        )
    assert written is not None
    return strip_metadata(written.model_proto)


class ViTOutputs(nn.Module):
    """The ViT with its attention as outputs."""

    def __init__(self, model: ViT) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Logits and attention."""
        logits, attentions, _ = self.model.forward_with_attention(x)
        return logits, *attentions


def write_package(
    folder: Path,
    model: nn.Module,
    plain: onnx.ModelProto,
    wiring: Wiring,
    answer: Callable[[Tensor, Tensor], dict[str, np.ndarray]],
) -> None:
    """Write graphs, card and answers for five pictures and two classes each."""
    folder.mkdir(exist_ok=True)
    p = Preprocessing(rows=SIDE, cols=SIDE)
    knobs = {"integrated_gradients": {"steps": IG_STEPS}, "smoothgrad": {"samples": SG_SAMPLES, "noise": SG_NOISE}}
    card = ModelCard(name=folder.name, labels=LABELS, preprocessing=p, wiring=wiring)
    graph = build_gradient_graph(model, card=card)
    assert graph.proto is not None
    assert graph.gradcam is not None
    for name, proto in (("model", plain), ("explain", graph.proto), ("gradcam", graph.gradcam)):
        (folder / f"{name}.onnx").write_bytes(proto.SerializeToString())
    wired = with_fields(wiring, gradient=graph.wiring, gradcam=graph.gradcam_wiring)
    entries = tuple(with_fields(e, knobs=knobs.get(e.method, {})) for e in graph.methods)
    shown: tuple[MethodEntry, ...] = tuple(e for e in entries if e.available)
    card = with_fields(card, wiring=wired, explanations=shown)
    (folder / "model.json").write_text(card.model_dump_json(indent=1) + "\n", "utf-8")
    x = torch.from_numpy(np.random.default_rng(3).standard_normal((N_PICTURES, 3, SIDE, SIDE), np.float32))
    answers = {"pixels": x.numpy(), "logits": model(x).detach().numpy()}
    for shift in (0, 1):
        target = (torch.arange(N_PICTURES) + shift) % len(LABELS)
        answers[f"target_{shift}"] = target.numpy()
        answers |= {f"{name}_{shift}": value for name, value in answer(x, target).items()}
    np.savez_compressed(folder / "answers.npz", **answers)


def main() -> None:
    """Write both packages."""
    vit, cnn = make_vit(), make_cnn()
    wiring = Wiring(grid=(4, 4), prefix_tokens=2, attention=("attention_0", "attention_1"))
    plain = to_onnx(ViTOutputs(vit), ["logits", *wiring.attention])
    write_package(HERE / "vit", vit, plain, wiring, lambda x, t: pixel_answers(vit, x, t, 4) | vit_answers(vit, x, t))
    write_package(
        HERE / "cnn",
        cnn,
        to_onnx(cnn, ["logits"]),
        Wiring(),
        lambda x, t: pixel_answers(cnn, x, t, SIDE // 8) | cnn_answers(cnn, x, t, SIDE // 8),
    )


if __name__ == "__main__":
    main()
