"""Recipes end to end by the command line: train, export, verify, scan, evaluate; one Markdown row each.

``python -m benchmarks.measure_recipes DATASET... --recipe R [--recipe R ...] --work DIR [--init R=CHECKPOINT]
[--epochs N] [--few N] [--plain]``

``--few N`` takes N images of each class and split, so that the largest networks run on two cores: it shows that a
recipe works, not how good it is. ``--plain`` exports without data and gradients. A finished run in DIR is not trained
again.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from mri_batch.dataset import Item, load_dataset
from mri_batch_export.training.splits import choose_splits

COLUMNS = ("recipe", "test pictures", "epochs", "accuracy", "95 %", "MCC", "ECE", "package", "scan", "minutes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("datasets", nargs="+", type=Path)
    parser.add_argument("--recipe", action="append", required=True)
    parser.add_argument("--init", action="append", default=[], metavar="RECIPE=CHECKPOINT")
    parser.add_argument("--work", required=True, type=Path)
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--few", type=int, default=0)
    parser.add_argument("--plain", action="store_true")
    args = parser.parse_args(arguments)
    inits = dict(pair.split("=", 1) for pair in args.init)
    datasets = [take_few(args.datasets, args.few, args.work / "few")] if args.few else args.datasets
    print("| " + " | ".join(COLUMNS) + " |\n|" + "---|" * len(COLUMNS), flush=True)
    for recipe in args.recipe:
        extra = ["--epochs", str(args.epochs)] if args.epochs else []
        extra += ["--init", inits[recipe]] if recipe in inits else []
        row = measure(recipe, datasets, args.work / recipe, extra, plain=args.plain)
        print("| " + " | ".join(row) + " |", flush=True)
    return 0


def measure(recipe: str, datasets: Sequence[Path], work: Path, extra: Sequence[str], *, plain: bool) -> tuple[str, ...]:
    """Run one recipe from training to evaluation; a command that fails ends the run with its message."""
    data, package = [str(path) for path in datasets], work / "package"
    started = time.monotonic()
    call("train", *data, "--recipe", recipe, "--out", work / "run", "--quiet", *extra)
    minutes = (time.monotonic() - started) / 60
    rest = ["--no-gradients"] if plain else ["--data", work / "run" / "split"]
    call("export", work / "run", "--out", package, *rest, "--force")
    call("model", "verify", package)
    with (work / "run" / "split" / "labels.csv").open(encoding="utf-8", newline="") as file:
        some = [row["file"] for row in csv.DictReader(file) if row["split"] == "test"][:8]
    scanned = call(
        "scan", *some, "--model", package, "--out", work / "scan", "--force", "--quiet", "--faithfulness", "none"
    )
    call("evaluate", work / "run" / "split", "--model", package, "--out", work / "evaluation", "--explain", "none")
    slices = json.loads((work / "evaluation" / "evaluation.json").read_text(encoding="utf-8"))["slices"]
    figures = slices["overall"]
    history = (work / "run" / "history.csv").read_text(encoding="utf-8").splitlines()
    accuracy = figures["accuracy"]
    return (
        recipe + (" (from a checkpoint)" if "--init" in extra else ""),
        str(slices["n"]),
        str(len(history) - 1),
        f"{accuracy['value']:.3f}",
        f"{accuracy['low']:.3f} to {accuracy['high']:.3f}",
        f"{figures['mcc']['value']:.3f}",
        f"{figures['ece']['value']:.3f}",
        f"{sum(path.stat().st_size for path in package.iterdir()) / 1e6:.0f} MB",
        f"exit {scanned}",
        f"{minutes:.1f}",
    )


def call(command: str, *words: object) -> int:
    """Run a command; on failure show its output. Exit code 4 (a study failed) is no failure here."""
    line = [sys.executable, "-c", "from mri_batch.cli import main; main()", command, *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 4):
        raise SystemExit(f"{command} {words}: exit {done.returncode}\n{done.stderr[-3000:]}")
    return done.returncode


def take_few(folders: Sequence[Path], n: int, out: Path) -> Path:
    """List n pictures of each class and split in a table of their own."""
    items, _ = choose_splits(load_dataset(folders), (), 0)
    found: dict[tuple[str, str], list[Item]] = defaultdict(list)
    for item in items:
        found[item.label, item.split].append(item)
    out.mkdir(parents=True, exist_ok=True)
    with (out / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "label", "patient_group", "split", "source"))
        for members in found.values():
            for item in members[:: max(1, len(members) // n)][:n]:
                table.writerow((item.path.resolve(), item.label, item.group, item.split, item.source))
    return out


if __name__ == "__main__":
    sys.exit(main())
