"""The registry: folders of packages and runs, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from mri_batch.checksums import digest_file
from mri_batch.model.package import read_package
from mri_batch.model.registry import iter_entries
from tests.paths import VIT


def test_registry_lists_packages_and_runs_with_digest_and_figures(tmp_path: Path) -> None:
    """A package is known by its digest and test figures, a run by its weights and last validation figures."""
    shutil.copytree(VIT, tmp_path / "packages" / "one")
    run = tmp_path / "runs" / "first"
    run.mkdir(parents=True)
    (run / "model.safetensors").write_bytes(b"weights")
    told = {"recipe": {"name": "brain-cnn"}, "last": {"val_accuracy": 0.5, "val_nll": 1.25, "epoch": 3}}
    (run / "run.json").write_text(json.dumps(told))
    package, trained = iter_entries(tmp_path)
    assert (package.kind, package.sha256) == ("package", read_package(VIT).sha256)
    assert (trained.kind, trained.name) == ("run", "brain-cnn")
    assert trained.sha256 == digest_file(run / "model.safetensors")
    assert trained.figures == (("val_accuracy", 0.5), ("val_nll", 1.25))


def test_registry_tells_of_what_it_cannot_read_and_leaves_scans_out(tmp_path: Path) -> None:
    """A broken package or run is a line with its reason; the run.json of a scan is none."""
    for name, file, content in (("a", "model.json", "{"), ("b", "run.json", "[]"), ("scan", "run.json", "{}")):
        (tmp_path / name).mkdir()
        (tmp_path / name / file).write_text(content)
    (tmp_path / "b" / "model.safetensors").write_bytes(b"")
    entries = list(iter_entries(tmp_path))
    assert [(entry.kind, entry.folder.name, entry.sha256) for entry in entries] == [
        ("package", "a", ""),
        ("run", "b", ""),
    ]
    assert all(entry.problem for entry in entries)
