"""``mri-batch export``."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any, cast

import click

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="export")
@click.argument("checkpoint", type=click.Path(exists=True, path_type=Path))
@click.option("--arch", help="Architecture by its name in docs/model-package.md; a run folder knows its own.")
@click.option("--labels", help="Labels in the order of the logits: glioma,meningioma,...; a run folder knows them.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the package.")
@click.option(
    "--data", "datasets", multiple=True, type=click.Path(path_type=Path), help="Labelled data set: calibrate."
)
@click.option("--preprocess", type=FILE, help="TOML or JSON with the card's 'preprocessing' keys.")
@click.option(
    "--card", "card_file", type=FILE, help="TOML or JSON with other keys of the card: intended_use, limits ..."
)
@click.option("--store", type=click.Choice(["int8", "fp16", "fp32"]), default="int8", show_default=True)
@click.option("--arithmetic", type=click.Choice(["float32", "int8"]), default="float32", show_default=True)
@click.option("--name", help="Name in the card.  [default: that of the folder]")
@click.option("--version", "version_", default="1", show_default=True, help="Version in the card.")
@click.option("--option", "options", multiple=True, metavar="KEY=VALUE", help="Size of the architecture: heads=6 ...")
@click.option("--rollout-layers", type=click.IntRange(1), default=4, show_default=True, help="Layers of the rollout.")
@click.option("--gradients/--no-gradients", default=True, show_default=True, help="Write the gradient graphs.")
@click.option("--force", is_flag=True, help="Replace a package that is already there.")
def command(
    checkpoint: Path,
    arch: str | None,
    labels: str | None,
    out: Path,
    datasets: tuple[Path, ...],
    preprocess: Path | None,
    card_file: Path | None,
    store: str,
    arithmetic: str,
    name: str | None,
    version_: str,
    options: tuple[str, ...],
    rollout_layers: int,
    gradients: bool,
    force: bool,
) -> int:
    """Make a model package from CHECKPOINT: safetensors, a state dict, a run folder, or an .onnx file.

    Nothing is written unless ONNX Runtime gives PyTorch's answers on pictures that were not used in tracing.
    """
    scratch = click.get_current_context().with_resource(tempfile.TemporaryDirectory(prefix="mri-batch-"))
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = scratch  # else PyTorch makes a folder, and asks the system's name service
    os.environ.setdefault("LOGNAME", os.environ.get("USER", "user"))  # by a socket who it works for
    from mri_batch.dataset import load_dataset
    from mri_batch_export.graphs.onnx_import import export_foreign
    from mri_batch_export.packaging.export import export_package
    from mri_batch_export.packaging.source import load_preprocessing, load_source, load_table, make_card

    items = load_dataset(datasets) if datasets else ()
    words = tuple(filter(None, (label.strip() for label in (labels or "").split(","))))
    p = load_preprocessing(preprocess) if preprocess else None
    about = {"name": name or out.name, "version": version_} | (load_table(card_file) if card_file else {})
    if checkpoint.suffix == ".onnx":
        if arithmetic != "float32":
            raise click.UsageError("--arithmetic is for checkpoints; of an ONNX file the graph is taken as it is")
        package = export_foreign(checkpoint, words, out, about=about, preprocessing=p, items=items, replace=force)
    else:
        source = load_source(checkpoint, arch=arch, labels=words, preprocessing=p, options=_to_options(options))
        package = export_package(
            source.network,
            make_card(source, about),
            out,
            items=items,
            gradients=gradients,
            store=cast(Any, store),
            arithmetic=cast(Any, arithmetic),
            rollout_layers=rollout_layers,
            replace=force,
        )
    click.echo(str(package.folder))
    return 0


def _to_options(words: tuple[str, ...]) -> dict[str, Any]:
    pairs = [word.partition("=") for word in words]
    odd = [key for key, equals, _ in pairs if not equals]
    if odd:
        raise click.UsageError(f"--option needs KEY=VALUE: {', '.join(odd)}")
    return {key: _to_value(value) for key, _, value in pairs}


def _to_value(word: str) -> Any:
    try:
        return json.loads(word)
    except json.JSONDecodeError:
        return word
