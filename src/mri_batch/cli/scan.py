"""``mri-batch scan``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mri_batch.cli.common import complain
from mri_batch.errors import UsageError
from mri_batch.model.bundled import choose_model
from mri_batch.report.i18n.catalogue import LANGUAGES

if TYPE_CHECKING:
    from mri_batch.settings import DicomOutput, ScanSettings

_DICOM_OUTPUTS: dict[str, DicomOutput] = {"sr": "sr", "sc": "sc", "pm": "pm"}


@click.command(name="scan")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(file_okay=False, path_type=Path), help="Folder for the results.")
@click.option("--model", metavar="PKG", help="Model package: a folder, or a bundled name. Default: brain-vit.")
@click.option(
    "--explain",
    default="auto",
    show_default=True,
    metavar="METHOD[,METHOD]|auto|none",
    help="Heatmaps to draw.",
)
@click.option("--jobs", default="1", show_default=True, metavar="N|auto", help="Worker processes.")
@click.option(
    "--timeout-per-study",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="Give up on a study after this.",
)
@click.option(
    "--memory-per-worker",
    type=click.IntRange(min=256),
    metavar="MB",
    help="Give up on a study that needs more memory than this (Linux).",
)
@click.option("--shard", metavar="I/N", help="Do only the I-th of N parts, for job arrays.")
@click.option("--cluster", metavar="ADDRESS", help="Spread over a Dask cluster.")
@click.option("--force", is_flag=True, help="Do finished studies again.")
@click.option("--dry-run", is_flag=True, help="Only list what would be read.")
@click.option(
    "--dicom",
    metavar="sr,sc,pm",
    help="Also write DICOM: structured report, secondary capture, parametric map.",
)
@click.option("--show-phi", is_flag=True, help="Let reports show the patient's name and other tags.")
@click.option("--redact-paths", is_flag=True, help="Keep file paths to files.csv alone.")
@click.option(
    "--faithfulness",
    type=click.Choice(["top", "all", "none"]),
    default="top",
    show_default=True,
    help="Test heatmaps by deletion and insertion: on the top key slice of a series, on all, or not at all.",
)
@click.option(
    "--lang",
    type=click.Choice(LANGUAGES),
    default="en",
    show_default=True,
    help="First language of the pages.",
)
@click.option("--json", "as_json", is_flag=True, help="Print run.json at the end.")
@click.option("-q", "--quiet", is_flag=True, help="Only errors.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each study.")
def command(**options: Any) -> int:
    """Read PATH... (folders and files) and write a report per study to --out."""
    settings = _to_settings(options)
    if options["dry_run"]:
        from mri_batch.cli.inspect import show_inspection

        return show_inspection(settings.paths, settings.out, settings.model)
    from mri_batch.cli.progress import choose_progress
    from mri_batch.explain.registry import check_method_names
    from mri_batch.run.scan import scan

    check_method_names(settings.explain)
    report = scan(settings, choose_progress(quiet=options["quiet"], verbose=options["verbose"]))
    if options["as_json"]:
        import json

        click.echo(json.dumps(report.run, indent=1))
    elif not options["quiet"]:
        click.echo(str(settings.out / "index.html"))
    if report.summary.failed:
        complain(f"{report.summary.failed} studies failed; see {settings.out / 'index.html'}")
    return report.summary.exit_code


def _to_settings(options: dict[str, Any]) -> ScanSettings:
    from mri_batch.settings import ScanSettings

    missing = [path for path in options["paths"] if not path.exists() and not path.is_symlink()]
    if missing:
        raise UsageError("no such file or folder", code="INPUT_MISSING", file=str(missing[0]), hint="check the path")
    return ScanSettings(
        paths=options["paths"],
        out=options["out"],
        model=choose_model(options["model"]),
        explain=tuple(name.strip() for name in options["explain"].split(",") if name.strip()),
        jobs=_to_jobs(options["jobs"]),
        timeout_per_study_s=options["timeout_per_study"],
        memory_per_worker_mb=options["memory_per_worker"],
        shard=_to_shard(options["shard"]),
        cluster=options["cluster"],
        force=options["force"],
        dicom=_to_dicom(options["dicom"]),
        show_phi=options["show_phi"],
        redact_paths=options["redact_paths"],
        faithfulness=options["faithfulness"],
        lang=options["lang"],
    )


def _to_jobs(text: str) -> int:
    if text == "auto":
        from mri_batch.run.executors.local import usable_cores

        return usable_cores()
    if not text.isdecimal() or int(text) < 1:
        raise UsageError(f"--jobs {text}: give a number from 1, or auto")
    return int(text)


def _to_shard(text: str | None) -> tuple[int, int]:
    if text is None:
        return 1, 1
    part, slash, of = text.partition("/")
    if not (slash and part.isdecimal() and of.isdecimal() and 1 <= int(part) <= int(of)):
        raise UsageError(f"--shard {text}: give I/N with I from 1 to N")
    return int(part), int(of)


def _to_dicom(text: str | None) -> tuple[DicomOutput, ...]:
    kinds = tuple(dict.fromkeys(kind.strip() for kind in (text or "").split(",") if kind.strip()))
    unknown = [kind for kind in kinds if kind not in _DICOM_OUTPUTS]
    if unknown:
        raise UsageError(f"--dicom {','.join(unknown)}: the kinds are sr, sc and pm")
    return tuple(_DICOM_OUTPUTS[kind] for kind in kinds)
