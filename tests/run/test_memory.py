"""Memory is bounded: smaller batches first, then one study is lost, and the scan goes on."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mri_batch.card import ModelCard
from mri_batch.model.package import Package, read_package
from mri_batch.model.session import Session
from mri_batch.progress import Progress
from mri_batch.read.collect import collect
from mri_batch.records import StudyStatus
from mri_batch.run.executors.local import threads_per_worker, usable_cores
from mri_batch.run.results import Job
from mri_batch.run.scan import scan
from mri_batch.run.study import WorkerModel, process
from mri_batch.settings import ScanSettings
from tests.make import save_picture, save_series
from tests.paths import VIT
from tests.run.test_scan import lines_of


class Cramped:
    """A graph that has memory for so many pictures; keeps the sizes of the batches that it took."""

    def __init__(self, graph: Any, most: int) -> None:
        self._graph, self._most = graph, most
        self.taken: list[int] = []

    def run(self, names: list[str], feed: dict[str, Any]) -> Any:
        """Run, or fail as ONNX Runtime does."""
        n = len(feed["pixels"])
        if n > self._most:
            raise RuntimeError(f"[ONNXRuntimeError] : 6 : Failed to allocate memory for requested buffer of size {n}")
        self.taken.append(n)
        return self._graph.run(names, feed)


def cramp(session: Session, most: int) -> Cramped:
    """Put a cramped graph in the place of the session's own."""
    path = session.package.model_file
    cramped = session._graphs[path] = Cramped(session._graphs[path], most)
    return cramped


def test_batches_are_halved_where_memory_runs_out(tmp_path: Path) -> None:
    """Nothing is lost or done twice, the answers are those of whole batches, and the smaller batch is kept."""
    session = Session(read_package(VIT), threads=1, batch_size=8)
    p = session.card.preprocessing
    pixels = np.random.default_rng(0).standard_normal((13, p.channels, p.rows, p.cols), np.float32)
    whole = session.logits(pixels)
    cramped = cramp(session, most=3)
    np.testing.assert_array_equal(session.logits(pixels), whole)
    assert cramped.taken == [2] * 6 + [1]
    assert session.batch_size == 2


def test_memory_that_is_too_short_for_one_picture_is_an_error() -> None:
    """A single picture that does not fit ends in MemoryError, not in an endless loop."""
    session = Session(read_package(VIT), threads=1)
    cramp(session, most=0)
    p = session.card.preprocessing
    with pytest.raises(MemoryError):
        session.logits(np.zeros((4, p.channels, p.rows, p.cols), np.float32))


@pytest.mark.parametrize(("side", "batch"), [(96, 8), (224, 8), (448, 2), (1024, 1)])
def test_batches_are_smaller_for_larger_pictures(side: int, batch: int) -> None:
    """A batch holds no more pixels than eight pictures of 224 x 224."""

    class Sized(Session):
        def _open(self, path: Path) -> Any:
            """Open nothing."""

        def _check_outputs(self) -> None:
            """There is no graph."""

    real = read_package(VIT)
    p = real.card.preprocessing.model_copy(update={"rows": side, "cols": side})
    card: ModelCard = real.card.model_copy(update={"preprocessing": p})
    package = Package(**{f: getattr(real, f) for f in real.__dataclass_fields__} | {"card": card})
    assert Sized(package).batch_size == batch


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
def test_study_over_the_memory_limit_is_lost_alone(tmp_path: Path) -> None:
    """A picture of 36 million pixels does not fit into the limit; its study says so, and the other one is done."""
    save_series(tmp_path / "in" / "fine", 2)
    save_picture(tmp_path / "in" / "huge" / "huge.png", np.zeros((6000, 6000), np.uint16))
    known: dict[str, Any] = {"paths": (tmp_path / "in",), "out": tmp_path / "out", "model": VIT, "threads": 1}
    report = scan(ScanSettings(**known, memory_per_worker_mb=400, faithfulness="none"), Progress())
    told = {line["source"]: (line["status"], line["code"]) for line in lines_of(tmp_path / "out")}
    assert told["fine"] == (StudyStatus.DONE, "")
    assert told["huge"] in ((StudyStatus.FAILED, code) for code in ("STUDY_MEMORY", "TOO_LARGE"))  # by where it ran out
    assert report.summary.exit_code == 4


def test_study_that_the_model_has_no_memory_for_is_a_failed_row(tmp_path: Path) -> None:
    """The reason is in the result and its page, and the worker lives on."""
    save_series(tmp_path / "in", 2)
    (tmp_path / "out").mkdir()
    settings = ScanSettings(paths=(tmp_path / "in",), out=tmp_path / "out", model=VIT, faithfulness="none")
    with collect(settings.paths, limits=settings.limits) as grouper:
        job = Job(study=next(grouper.iter_studies()), key="k")
    session = Session(read_package(VIT), threads=1)
    cramp(session, most=0)
    result = process(job, settings, WorkerModel(session=session, gate=None))
    assert (result.status, result.code) == (StudyStatus.FAILED, "STUDY_MEMORY")
    assert "memory" in (tmp_path / "out" / "studies" / result.study_id / "report.html").read_text("utf-8")


@pytest.mark.parametrize("jobs", [1, 2, 3, 64])
def test_cores_are_shared_out_and_never_oversubscribed(jobs: int) -> None:
    """Jobs times threads are at most the cores, where there are as many cores as jobs."""
    threads = threads_per_worker(ScanSettings(paths=(), out=Path(), model=VIT, jobs=jobs))
    assert threads >= 1
    assert jobs * threads <= max(jobs, usable_cores())
