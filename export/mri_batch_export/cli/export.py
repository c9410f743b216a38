"""``mri-batch export``."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mri_batch.text import JsonObject

if TYPE_CHECKING:
    from mri_batch.model.package import Package
    from mri_batch_export.packaging.options import Arithmetic, ExportOptions, Store

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
STORES, ARITHMETICS = click.Choice(["int8", "fp16", "fp32"]), click.Choice(["float32", "int8"])


@click.command(name="export")
@click.argument("checkpoint", type=click.Path(exists=True, path_type=Path))
@click.option("--arch", help="Architecture by its name in docs/reference/model-package.md; a run folder knows its own.")
@click.option("--labels", help="Labels in the order of the logits: glioma,meningioma,...; a run folder knows its own.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the package.")
@click.option(
    "--data",
    "datasets",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Labelled data set to calibrate on; may be given several times.",
)
@click.option("--preprocess", type=FILE, help="TOML or JSON file with the card's 'preprocessing' keys.")
@click.option("--card", "card_file", type=FILE, help="TOML or JSON file with other keys of the card: intended_use ...")
@click.option("--store", type=STORES, default="int8", show_default=True, help="Precision of the stored weights.")
@click.option(
    "--arithmetic", type=ARITHMETICS, default="float32", show_default=True, help="Of predictions and rollout."
)
@click.option("--name", help="Name in the card.  [default: the folder's]")
@click.option("--version", "version_", default="1", show_default=True, help="Version in the card.")
@click.option("--option", "sizes", multiple=True, metavar="KEY=VALUE", help="Size of the architecture: heads=6 ...")
@click.option(
    "--rollout-layers",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Last layers that the rollout combines; of an .onnx file always all.",
)
@click.option("--gradients/--no-gradients", default=True, show_default=True, help="Write the gradient graphs.")
@click.option("--force", is_flag=True, help="Replace an existing package.")
def command(
    checkpoint: Path,
    arch: str | None,
    labels: str | None,
    out: Path,
    datasets: tuple[Path, ...],
    preprocess: Path | None,
    card_file: Path | None,
    store: Store,
    arithmetic: Arithmetic,
    name: str | None,
    version_: str,
    sizes: tuple[str, ...],
    rollout_layers: int,
    gradients: bool,
    force: bool,
) -> int:
    """Make a model package from CHECKPOINT: safetensors, a state dict, a run folder, or an .onnx file.

    The package is written only if ONNX Runtime reproduces PyTorch's outputs on pictures that were not used in tracing.
    """
    _prepare_torch()
    from mri_batch.dataset import load_dataset
    from mri_batch_export.packaging.options import ExportOptions
    from mri_batch_export.packaging.source import load_table

    options = ExportOptions(
        out=out,
        items=tuple(load_dataset(datasets)) if datasets else (),
        store=store,
        arithmetic=arithmetic,
        rollout_layers=rollout_layers,
        gradients=gradients,
        replace=force,
    )
    about: JsonObject = {"name": name or out.name, "version": version_} | (load_table(card_file) if card_file else {})
    names = tuple(filter(None, (label.strip() for label in (labels or "").split(","))))
    package = _export(checkpoint, arch, names, preprocess, _parse_sizes(sizes), about, options)
    click.echo(str(package.folder))
    return 0


def _prepare_torch() -> None:
    """Keep PyTorch from leaving a cache folder behind and from looking up the user's name over a socket."""
    scratch = click.get_current_context().with_resource(tempfile.TemporaryDirectory(prefix="mri-batch-"))
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = scratch
    os.environ.setdefault("LOGNAME", os.environ.get("USER", "user"))


def _export(
    checkpoint: Path,
    arch: str | None,
    labels: tuple[str, ...],
    preprocess: Path | None,
    sizes: JsonObject,
    about: JsonObject,
    options: ExportOptions,
) -> Package:
    from mri_batch_export.packaging.export import export_package
    from mri_batch_export.packaging.export_onnx import export_onnx
    from mri_batch_export.packaging.source import load_preprocessing, load_source, make_card

    p = load_preprocessing(preprocess) if preprocess else None
    if checkpoint.suffix == ".onnx":
        if options.arithmetic != "float32":
            raise click.UsageError("--arithmetic is for checkpoints; the graph of an ONNX file is taken as it is")
        return export_onnx(checkpoint, labels, options, about=about, preprocessing=p)
    source = load_source(checkpoint, arch=arch, labels=labels, preprocessing=p, options=sizes)
    return export_package(source.network, make_card(source, about), options)


def _parse_sizes(pairs: tuple[str, ...]) -> JsonObject:
    split = [pair.partition("=") for pair in pairs]
    malformed = [key for key, equals, _ in split if not equals]
    if malformed:
        raise click.UsageError(f"--option needs KEY=VALUE: {', '.join(malformed)}")
    return {key: _parse_value(value) for key, _, value in split}


def _parse_value(word: str) -> object:
    """A JSON value, or else the word itself."""
    try:
        value: object = json.loads(word)
    except json.JSONDecodeError:
        return word
    return value
