"""Does every method on ONNX Runtime give the map that PyTorch's autograd gives, on a full-size network?

``python -m benchmarks.measure_parity make ARCH --out DIR [--checkpoint FILE --package PKG] [--side 224]`` needs torch.
It exports a network with random weights to DIR/package (or uses ``--checkpoint``, from which ``--package`` was made),
and runs every method on PyTorch: gradients by autograd, independent of the exporter's tracing and rules; guided
backpropagation by a ReLU of its own.

``python -m benchmarks.measure_parity check DIR...`` needs no torch. Prints Markdown: for each method the largest
difference relative to the map's largest value and the correlation, at batch 1 and 5, and how far the maps of two
classes of one image differ. Expensive methods take fewer samples here, which does not affect the comparison.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mri_batch.arrays import Float32, Int64
from mri_batch.card import ModelCard, Preprocessing, Wiring
from mri_batch.explain.ops.perturb import fill_picture
from mri_batch.explain.registry import absent_reason, build_method, list_methods
from mri_batch.model.package import read_package
from mri_batch.model.prepare import normalize
from mri_batch.model.session import Session
from mri_batch.report.schema.notes import text_of

N, CLASSES, LABELS = 5, (0, 1), ("a", "b", "c", "d")
KNOBS: Mapping[str, Mapping[str, Any]] = {
    "integrated_gradients": {"steps": 3},
    "smoothgrad": {"samples": 2},
    "occlusion": {"window_px": 96, "stride_px": 64},
    "rise": {"masks": 12},
    "lime": {"segments": 6, "samples": 16},
    "kernel_shap": {"segments": 6, "samples": 16},
}


def iter_maps(forward: Any, card: ModelCard, pixels: Float32) -> Iterator[tuple[str, int, Float32]]:
    """Yield the method, the class and heat float32[n, rows, cols] of every method that the card offers."""
    for entry in list_methods(card):
        if entry.available:
            method = build_method(entry.method, card, **KNOBS.get(entry.method, {}))
            for label in CLASSES:
                yield entry.method, label, method(forward, pixels, np.full(len(pixels), label)).heat


def draw_pictures(p: Preprocessing) -> Float32:
    """Noise with large and small structures, float32[N, channels, rows, cols]."""
    noise = np.random.default_rng(7).standard_normal((N, p.channels, p.rows, p.cols)).astype(np.float32)
    return noise + 12 * fill_picture(noise, "blur")


def iter_inputs(pictures: Float32) -> Iterator[Float32]:
    """Yield the inputs that Integrated Gradients and SmoothGrad give a network."""
    darkest, spread = pictures.min(), np.ptp(pictures)
    for share in (1 / 6, 1 / 2, 1):
        yield (darkest + share * (pictures - darkest)).astype(np.float32)
    noise = np.random.default_rng(5).standard_normal(pictures.shape)
    yield (pictures + 0.1 * spread * noise).astype(np.float32)


def make(arch: str, out: Path, checkpoint: Path | None, package: Path | None, side: int) -> None:
    """Export a network, and store PyTorch's maps beside it."""
    import torch

    from mri_batch_export.architectures.table import Shape, build_architecture
    from mri_batch_export.packaging.export import export_package
    from mri_batch_export.packaging.options import ExportOptions
    from mri_batch_export.packaging.phantoms import make_phantoms
    from mri_batch_export.packaging.quantize import fold_batch_norms, round_weights
    from mri_batch_export.packaging.source import load_source

    torch.manual_seed(0)
    torch.set_num_threads(1)
    if checkpoint is not None and package is not None:
        card = read_package(package).card
        network = load_source(checkpoint, arch=arch, labels=card.labels, preprocessing=card.preprocessing).network
        fold_batch_norms(network.eval(), torch.zeros(1, 3, card.preprocessing.rows, card.preprocessing.cols))
        round_weights(network, "int8")
    else:
        p = Preprocessing(rows=side, cols=side)
        network = build_architecture(arch, Shape(n_labels=len(LABELS), rows=side, cols=side, channels=3), {})
        phantoms = normalize(make_phantoms(N, p, seed=1).astype(np.float32) / np.float32(255), p)
        draw_weights(network, torch.from_numpy(np.concatenate([phantoms, *iter_inputs(draw_pictures(p))])))
        made = ModelCard(name=arch, labels=LABELS, preprocessing=p)
        package = export_package(network, made, ExportOptions(out=out / "package", store="fp32")).folder
        card = read_package(package).card
    pixels = draw_pictures(card.preprocessing)
    maps = {f"{m}/{label}": heat for m, label, heat in iter_maps(TorchForward(network, card), card, pixels)}
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "autograd.npz", package=str(package.resolve()), **maps)  # type: ignore[arg-type]


def draw_weights(network: Any, pixels: Any) -> None:
    """Draw weights as He et al. 2015 and fit batch norms to the pictures, so that activations keep their scale.

    The pictures must resemble all that the network will see: activations of others grow from block to block until
    float32 loses its precision.
    """
    import torch
    from torch import nn

    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
        elif isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(pixels)
    network.eval().requires_grad_(False)


class TorchForward:
    """A PyTorch network with the interface that methods use."""

    def __init__(self, network: Any, card: ModelCard) -> None:
        self.network, self.card, self.labels = network.eval(), card, card.labels

    @property
    def wiring(self) -> Wiring:
        """Wiring of the package."""
        return self.card.wiring

    def logits(self, pixels: Float32) -> Float32:
        """float32[n, k]."""
        return self.outputs(pixels, (self.wiring.logits,))[self.wiring.logits]

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Mapping[str, Float32]:
        """Outputs computed by PyTorch."""
        import torch

        from mri_batch_export.packaging.verify import reference_outputs

        rollout = next((e for e in self.card.explanations if e.method == "rollout"), None)
        first = int(rollout.knobs.get("first_layer") or 0) if rollout else 0
        parts = [
            reference_outputs(self.network, torch.from_numpy(pixels[i : i + 8]), self.wiring, first)
            for i in range(0, len(pixels), 8)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in names}

    def gradients(
        self, pixels: Float32, target: Int64, names: Sequence[str], *, guided: bool = False
    ) -> Mapping[str, Float32]:
        """Gradients computed by autograd."""
        import contextlib

        import torch

        from mri_batch_export.packaging.verify import reference_gradients

        parts = []
        for i in range(0, len(pixels), 8):
            with guided_relus() if guided else contextlib.nullcontext():
                x, t = torch.from_numpy(pixels[i : i + 8]), torch.from_numpy(target[i : i + 8])
                found = reference_gradients(self.network, x, t, self.wiring)
            parts.append({name: values for graph in found.values() for name, values in graph.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in names}


def guided_relus() -> Any:
    """A mode in which ReLU and ReLU6 pass only positive gradients (Springenberg et al. 2015)."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Guided(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, top: float) -> Any:
            ctx.save_for_backward((x > 0) & (x < top))
            return x.clamp(0, top)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return grads[0].clamp(min=0) * ctx.saved_tensors[0], None

    class Mode(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = getattr(func, "__name__", "").rstrip("_")
            if name in ("relu", "relu6", "hardtanh"):
                return Guided.apply(args[0], float("inf") if name == "relu" else 6.0)  # type: ignore[no-untyped-call]
            return func(*args, **(kwargs or {}))

    return Mode()


def check(folder: Path) -> None:
    """Run the package on ONNX Runtime and compare."""
    with np.load(folder / "autograd.npz") as archive:
        right = dict(archive)
    package = read_package(Path(str(right.pop("package"))))
    session = Session(package, threads=1)
    pixels = draw_pictures(package.card.preprocessing)
    print(f"\n{package.card.name}\n\n| method | off, batch 1 | off, batch 5 | correlation | two classes |")
    print("|---|---|---|---|---|")
    given = {n: {f"{m}/{c}": heat for m, c, heat in iter_maps(session, package.card, pixels[:n])} for n in (1, N)}
    for name in dict.fromkeys(key.partition("/")[0] for key in right):
        keys = [f"{name}/{label}" for label in CLASSES]
        off = {n: max(relative(given[n][key], right[key][:n]) for key in keys) for n in (1, N)}
        like = min(correlate(given[N][key], right[key]) for key in keys)
        apart = min(relative(given[N][a], given[N][b]) for a, b in (keys, keys[::-1]))
        print(f"| {name} | {off[1]:.1e} | {off[N]:.1e} | {like:.6f} | {apart:.1e} |", flush=True)
    absent = [
        f"{e.method}: {text_of(absent_reason(e, package.card))}" for e in list_methods(package.card) if not e.available
    ]
    print("\nAbsent: " + ("; ".join(absent) or "none") + ".")


def relative(given: Float32, right: Float32) -> float:
    """Largest difference over the largest value."""
    return float(np.abs(given - right).max() / max(float(np.abs(right).max()), 1e-30))


def correlate(given: Float32, right: Float32) -> float:
    """Pearson's correlation; 1 for two empty maps."""
    if not (given.any() or right.any()):
        return 1.0
    return float(np.corrcoef(given.ravel(), right.ravel())[0, 1])


def main() -> None:
    """Parse the arguments and run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    making = steps.add_parser("make")
    making.add_argument("arch")
    making.add_argument("--out", type=Path, required=True)
    making.add_argument("--checkpoint", type=Path)
    making.add_argument("--package", type=Path)
    making.add_argument("--side", type=int, default=224)
    steps.add_parser("check").add_argument("folders", nargs="+", type=Path)
    arguments = parser.parse_args()
    if arguments.step == "make":
        make(arguments.arch, arguments.out, arguments.checkpoint, arguments.package, arguments.side)
        return
    print(f"PyTorch is {'installed' if importlib.util.find_spec('torch') else 'not installed'} here.")
    for folder in arguments.folders:
        check(folder)


if __name__ == "__main__":
    main()
