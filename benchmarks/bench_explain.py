"""Cost of explanations: ONNX Runtime against PyTorch's autograd, paired, on one thread.

``python -m benchmarks.bench_explain --model PKG [--arch NAME --checkpoint FILE] [--batch 8] [--rounds 15]``

Each round runs every contender once, in turn, so that a noisy machine slows all of them down alike. Printed is the
median over rounds of the ratio to logits alone *within the same round*, by the process's CPU time, which on one thread
is the wall time of an idle machine. With ``--arch`` the same network also runs in PyTorch (with fresh weights, on which
the time does not depend). ``--memory`` measures peak memory instead, each contender in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard
from mri_batch.explain.methods.rollout import Rollout
from mri_batch.explain.registry import build_method
from mri_batch.model.package import Package, read_package
from mri_batch.model.session import Session, import_onnxruntime

Runs = Mapping[str, Callable[[], object]]


def open_only(package: Package, names: Sequence[str], folder: Path) -> Any:
    """The plain graph with no outputs but these, on one thread: ONNX Runtime drops what no output needs."""
    import onnx

    copy = shutil.copytree(package.folder, folder / "copy")
    graph = onnx.load(copy / "model.onnx", load_external_data=False)
    kept = [output for output in graph.graph.output if output.name in names]
    del graph.graph.output[:]
    graph.graph.output.extend(kept)
    onnx.save(graph, copy / "model.onnx")
    runtime = import_onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.disable_quant_qdq", "1")  # as the package's own session
    return runtime.InferenceSession(str(copy / "model.onnx"), options, providers=["CPUExecutionProvider"])


def logits_alone(session: Session, pixels: Float32, folder: Path) -> Callable[[], object]:
    """The network without rollout and attention."""
    alone = open_only(session.package, (session.wiring.logits,), folder)
    return lambda: alone.run([session.wiring.logits], {session.wiring.input: pixels})


def our_runs(session: Session, pixels: Float32) -> dict[str, Callable[[], object]]:
    """The maps that the package offers."""
    card, w = session.card, session.wiring
    target = np.zeros(len(pixels), np.int64)
    runs: dict[str, Callable[[], object]] = {}
    if w.rollout:
        in_graph = build_method("rollout", card)
        runs["rollout in the graph"] = lambda: in_graph(session, pixels, target)
    if w.attention:
        outside = Rollout()
        runs["rollout outside"] = lambda: outside(session, pixels, target)
    for role in ("gradcam", "input gradient"):
        names = tuple(w.gradcam.values()) if role == "gradcam" else (w.gradient.get("input_gradient", ""),)
        if any(names):
            runs[role] = lambda names=names: session.gradients(pixels, target, names)  # type: ignore[misc]
    return runs


def torch_runs(card: ModelCard, arch: str, options: dict[str, Any], pixels: Float32) -> dict[str, Callable[[], object]]:
    """The same network in PyTorch: logits, and the gradient by autograd."""
    import torch

    from mri_batch_export.architectures.table import Shape, build_architecture

    torch.set_num_threads(1)
    shape = Shape(n_labels=len(card.labels), rows=pixels.shape[2], cols=pixels.shape[3], channels=pixels.shape[1])
    model = build_architecture(arch, shape, options).eval().requires_grad_(False)
    x = torch.from_numpy(pixels)

    def logits() -> object:
        with torch.inference_mode():
            return model(x)

    def gradient() -> object:
        watched = x.clone().requires_grad_(True)
        return torch.autograd.grad(model(watched)[:, 0].sum(), watched)

    return {"PyTorch logits": logits, "PyTorch autograd": gradient}


def measure_rounds(runs: Runs, rounds: int) -> dict[str, list[float]]:
    """Run every contender once a round, after two rounds that do not count; seconds by name."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for round_ in range(-2, rounds):
        for name, run in runs.items():
            began = time.process_time()
            run()
            if round_ >= 0:
                seconds[name].append(time.process_time() - began)
    return seconds


def print_ratios(seconds: Mapping[str, list[float]], n: int) -> None:
    """One line each: median time for a picture, and the median ratio to logits with its quartiles."""
    print(f"{'':24s}{'ms/picture':>12s}{'x logits':>10s}   quartiles")
    for name, times in seconds.items():
        ratios = [a / b for a, b in zip(times, seconds["logits"], strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        print(f"{name:24s}{statistics.median(times) * 1000 / n:12.2f}{middle:10.2f}   {low:.2f} to {high:.2f}")
    if "PyTorch autograd" in seconds and "input gradient" in seconds:
        pairs = zip(seconds["input gradient"], seconds["PyTorch autograd"], strict=True)
        print(f"input gradient / PyTorch autograd: {statistics.median(a / b for a, b in pairs):.2f}")


def print_memory(model: Path, batch: int) -> None:
    """Peak memory of logits, rollout in the graph and all attention handed out, each in a fresh process."""
    peaks = {}
    for what in ("logits", "rollout", "attention"):
        command = [sys.executable, "-m", "benchmarks.bench_explain", "--model", str(model), "--batch", str(batch)]
        output = subprocess.run([*command, "--peak-of", what], capture_output=True, text=True, check=True)
        peaks[what] = json.loads(output.stdout)
        print(f"{what:12s}{peaks[what] / 2**20:9.0f} MiB")
    added = {what: peaks[what] - peaks["logits"] for what in ("rollout", "attention")}
    print(f"added by rollout / added by all attention: {added['rollout'] / added['attention']:.2f}")


def peak_of(model: Path, what: str, batch: int) -> int:
    """Peak resident bytes of this process after one run of a graph with these outputs alone."""
    package = read_package(model)
    w = package.card.wiring
    names = {"logits": (w.logits,), "rollout": (w.logits, w.rollout or ""), "attention": (w.logits, *w.attention)}[what]
    with tempfile.TemporaryDirectory() as folder:
        graph = open_only(package, names, Path(folder))
        graph.run(list(names), {w.input: draw_pixels(package.card, batch)})
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def open_session(model: Path, batch: int) -> Session:
    """The package on one thread."""
    return Session(read_package(model), threads=1, batch_size=batch)


def draw_pixels(card: ModelCard, batch: int) -> Float32:
    """Noise of the model's input size."""
    p = card.preprocessing
    return np.random.default_rng(0).standard_normal((batch, p.channels, p.rows, p.cols), np.float32)


def main() -> None:
    """Parse the arguments and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--arch", default="")
    parser.add_argument("--options", type=json.loads, default={}, help='architecture options in JSON: {"depth": 6}')
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--peak-of", default="")
    args = parser.parse_args()
    if args.peak_of:
        print(peak_of(args.model, args.peak_of, args.batch))
    elif args.memory:
        print_memory(args.model, args.batch)
    else:
        session = open_session(args.model, args.batch)
        pixels = draw_pixels(session.card, args.batch)
        with tempfile.TemporaryDirectory() as folder:
            runs = {"logits": logits_alone(session, pixels, Path(folder))} | our_runs(session, pixels)
            if args.arch:
                runs |= torch_runs(session.card, args.arch, args.options, pixels)
            print_ratios(measure_rounds(runs, args.rounds), args.batch)


if __name__ == "__main__":
    main()
