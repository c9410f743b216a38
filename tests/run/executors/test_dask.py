"""A scan over a Dask cluster tells the same as a local one."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mri_batch.errors import UsageError
from mri_batch.progress import Progress
from mri_batch.run.scan import scan
from tests.make import save_picture, save_series
from tests.run.test_scan import ask, lines_of

distributed = pytest.importorskip("distributed", reason="the extra [cluster] is not installed")


@pytest.fixture
def address() -> Iterator[str]:
    """Start a scheduler and one worker in this process, on loopback."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with distributed.LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            processes=False,
            dashboard_address=None,
            host="127.0.0.1",
            protocol="tcp://",
        ) as cluster:
            yield cluster.scheduler_address


@pytest.mark.filterwarnings("default")
def test_cluster_gives_the_local_answers(tmp_path: Path, address: str) -> None:
    """Same lines, same order, same pictures."""
    save_series(tmp_path / "in" / "a", 2, patient="1", study="1")
    save_picture(tmp_path / "in" / "b" / "one.png")
    local = ask(tmp_path / "in", tmp_path / "local")
    scan(local, Progress())
    scan(replace(local, out=tmp_path / "spread", cluster=address), Progress())
    assert lines_of(tmp_path / "spread") == lines_of(tmp_path / "local")
    for path in (tmp_path / "spread").rglob("pieces.zip"):
        assert path.read_bytes() == (tmp_path / "local" / path.relative_to(tmp_path / "spread")).read_bytes()


@pytest.mark.filterwarnings("default")
def test_cluster_that_does_not_answer_is_a_usage_error(tmp_path: Path) -> None:
    """No scheduler, no scan, and the address in the message."""
    save_picture(tmp_path / "in" / "one.png")
    with pytest.raises(UsageError) as caught:
        scan(ask(tmp_path / "in", tmp_path / "out", cluster="not-an-address://x"), Progress())
    assert caught.value.code == "CLUSTER_UNREACHABLE"


HANG = """
import time
import mri_batch.run.executors.dask as cluster
from mri_batch.run.study import process
cluster.process = lambda job, *rest: time.sleep(600) if job.study.source == "slow" else process(job, *rest)
"""


@pytest.mark.filterwarnings("default")
def test_cluster_stops_a_study_that_hangs(tmp_path: Path) -> None:
    """It gets its row, the worker is replaced, and the other study is done."""
    for name in ("fine", "slow"):
        save_picture(tmp_path / "in" / name / "one.png")
    (tmp_path / "hang.py").write_text(HANG)
    workers = {"n_workers": 1, "threads_per_worker": 1, "preload": [str(tmp_path / "hang.py")]}
    with distributed.LocalCluster(dashboard_address=None, host="127.0.0.1", **workers) as cluster:
        asked = ask(tmp_path / "in", tmp_path / "out", cluster=cluster.scheduler_address, timeout_per_study_s=5.0)
        scan(asked, Progress())
    fine, slow = lines_of(tmp_path / "out")
    assert fine["status"] == "done"
    assert (slow["status"], slow["code"]) == ("failed", "STUDY_TIMEOUT")
