"""A worker that dies or hangs loses one study, with its reason, and the batch goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from mri_batch.card import ModelCard
from mri_batch.errors import OutputError
from mri_batch.records import Study, StudyResult, StudyStatus
from mri_batch.run.spread import READY, spread
from mri_batch.run.study import Job
from mri_batch.settings import ScanSettings

CARD = ModelCard(name="tiny", labels=("a", "b"))


def erratic(pipe: Connection, settings: ScanSettings) -> None:
    """Be a worker whose fate is the study's source."""
    pipe.send(READY)
    while True:
        try:
            job: Job = pipe.recv()
        except EOFError:
            return
        if job.study.source == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if job.study.source == "hang":
            (settings.out / "pid").write_text(str(os.getpid()))
            time.sleep(60)
        if job.study.source == "disk full":
            pipe.send(OutputError("no space", code="OUTPUT_UNWRITABLE"))
            return
        s = job.study
        pipe.send(
            StudyResult(study_id=s.study_id, source=s.source, kind=s.kind, key=job.key, status=StudyStatus.SKIPPED)
        )


def jobs(*fates: str) -> Iterator[Job]:
    """Make a job for each fate."""
    for number, fate in enumerate(fates):
        yield Job(study=Study(study_id=f"st-{number}", source=fate, kind="dicom", series=()), key=f"k{number}")


@pytest.mark.parametrize("n_workers", [1, 3])
def test_spread_loses_only_the_study_that_kills(tmp_path: Path, n_workers: int) -> None:
    """Killed workers are replaced; the other studies come through; the lost ones have a page with the reason."""
    asked = ScanSettings(
        paths=(), out=tmp_path, model=Path("none"), jobs=n_workers, timeout_per_study_s=15.0, threads=1
    )
    fates = ("fine", "kill", "fine", "kill", "fine")
    results = {job.study.study_id: result for job, result in spread(jobs(*fates), asked, CARD, erratic)}
    assert len(results) == len(fates)
    for number, fate in enumerate(fates):
        result = results[f"st-{number}"]
        assert result.code == ("WORKER_DIED" if fate == "kill" else "")
        assert ("SIGKILL" in result.reason) == (fate == "kill")
        assert (tmp_path / "studies" / result.study_id / "report.html").exists() == (fate == "kill")


def test_spread_stops_a_study_that_hangs(tmp_path: Path) -> None:
    """Past the limit the worker is ended, and the next study gets a new one."""
    asked = ScanSettings(paths=(), out=tmp_path, model=Path("none"), timeout_per_study_s=3.0, threads=1)
    codes = [result.code for _, result in spread(jobs("hang", "fine"), asked, CARD, erratic)]
    assert codes == ["STUDY_TIMEOUT", ""]


def test_spread_gives_up_when_the_output_cannot_be_written(tmp_path: Path) -> None:
    """A full disk is no fate of one study: the scan ends with the error."""
    asked = ScanSettings(paths=(), out=tmp_path, model=Path("none"), threads=1)
    with pytest.raises(OutputError):
        list(spread(jobs("disk full", "fine"), asked, CARD, erratic))


def test_worker_ends_with_its_parent(tmp_path: Path) -> None:
    """After kill -9 of a scan no worker goes on writing into a folder that a new scan may hold."""
    code = (
        "from pathlib import Path\nfrom mri_batch.settings import ScanSettings\n"
        "from tests.run import test_spread as t\n"
        f"asked = ScanSettings(paths=(), out=Path({str(tmp_path)!r}), model=Path('none'), threads=1)\n"
        "if __name__ == '__main__': list(t.spread(t.jobs('hang'), asked, t.CARD, t.erratic))"
    )
    script = tmp_path / "scan.py"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": str(Path.cwd())})
    try:
        pid = int(wait_for(lambda: (tmp_path / "pid").read_text()))
    finally:
        parent.kill()
        parent.wait()
    assert wait_for(lambda: "gone" if not is_running(pid) else "") == "gone"


def wait_for(look: Callable[[], str]) -> str:
    """Look again and again, for a minute at most, until there is something to see."""
    for _ in range(600):
        with contextlib.suppress(FileNotFoundError):
            if seen := look():
                return seen
        time.sleep(0.1)
    raise TimeoutError


def is_running(pid: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
