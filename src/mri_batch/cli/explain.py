"""``mri-batch explain``."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="explain")
@click.argument("image", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the page.")
@click.option("--model", metavar="PKG", help="Model package: a folder, or a bundled name. Default: brain-vit.")
@click.option("--methods", default="all", show_default=True, metavar="all|M,M", help="Methods to run.")
@click.option("--label", metavar="NAME", help="Class to explain; default: the likeliest one.")
@click.option("--frame", type=click.IntRange(min=0), default=0, show_default=True, help="Frame of a multi-frame file.")
def command(image: Path, out: Path, model: str | None, methods: str, label: str | None, frame: int) -> int:
    """Explain one picture by every method side by side, every layer and head, with time and passes for each."""
    from mri_batch.cli.common import choose_tried_model
    from mri_batch.commands.explain import explain_one
    from mri_batch.explain.registry import check_method_names

    names = [name.strip() for name in methods.split(",") if name.strip()]
    check_method_names(names)
    page = explain_one(image, out, choose_tried_model(model), methods=names, label=label, frame=frame)
    click.echo(str(page))
    return 0
