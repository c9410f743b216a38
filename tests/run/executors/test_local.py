"""A worker that dies or hangs loses one study, with its reason, and the batch goes on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import mri_batch
from mri_batch.errors import ModelPackageError, OutputError
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.records import Study, StudyResult, StudyStatus
from mri_batch.run.executors.local import READY, Channel, Clock, run_local, serve_jobs
from mri_batch.run.results import Job
from mri_batch.settings import ScanSettings
from tests.paths import VIT

PACKAGE = read_package(VIT)


def erratic(channel: Channel, settings: ScanSettings, model_sha256: str) -> None:
    """Be a worker whose fate is the study's source."""
    channel.send(READY)
    while True:
        try:
            job: Job = channel.recv()
        except EOFError:
            return
        if job.study.source == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if job.study.source == "hang":
            (settings.out / "pid").write_text(str(os.getpid()))
            time.sleep(180)
        if job.study.source == "disk full":
            channel.send(OutputError("no space", code="OUTPUT_UNWRITABLE"))
            return
        s = job.study
        channel.send(
            StudyResult(study_id=s.study_id, source=s.source, kind=s.kind, key=job.key, status=StudyStatus.SKIPPED)
        )


def jobs(*fates: str) -> Iterator[Job]:
    """Make a job for each fate."""
    for number, fate in enumerate(fates):
        yield Job(study=Study(study_id=f"st-{number}", source=fate, kind="dicom", series=()), key=f"k{number}")


@pytest.mark.parametrize("n_workers", [1, 3])
def test_run_local_loses_only_the_study_that_kills(tmp_path: Path, n_workers: int) -> None:
    """Killed workers are replaced; the other studies come through; the lost ones have a page with the reason."""
    asked = ScanSettings(
        paths=(), out=tmp_path, model=Path("none"), jobs=n_workers, timeout_per_study_s=15.0, threads=1
    )
    fates = ("fine", "kill", "fine", "kill", "fine")
    results = {job.study.study_id: result for job, result in run_local(jobs(*fates), asked, PACKAGE, erratic)}
    assert len(results) == len(fates)
    for number, fate in enumerate(fates):
        result = results[f"st-{number}"]
        assert result.code == ("WORKER_DIED" if fate == "kill" else "")
        assert ("SIGKILL" in str(result.reason)) == (fate == "kill")
        assert (tmp_path / "studies" / result.study_id / "report.html").exists() == (fate == "kill")


@pytest.mark.parametrize("n_workers", [1, 3])
def test_run_local_asks_for_a_study_when_a_worker_is_free(tmp_path: Path, n_workers: int) -> None:
    """Of four thousand studies there are as many in memory as there are workers, and the next one."""
    asked = ScanSettings(paths=(), out=tmp_path, model=Path("none"), jobs=n_workers, threads=1)
    drawn = 0

    def counted() -> Iterator[Job]:
        nonlocal drawn
        for job in jobs(*["fine"] * 12):
            drawn += 1
            yield job

    for done, _ in enumerate(run_local(counted(), asked, PACKAGE, erratic)):
        assert drawn <= done + n_workers + 1


def test_run_local_stops_a_study_that_hangs(tmp_path: Path) -> None:
    """Past the limit the worker is ended, and the next study gets a new one."""
    asked = ScanSettings(paths=(), out=tmp_path, model=Path("none"), timeout_per_study_s=3.0, threads=1)
    codes = [result.code for _, result in run_local(jobs("hang", "fine"), asked, PACKAGE, erratic)]
    assert codes == ["STUDY_TIMEOUT", ""]


def test_clock_does_not_count_a_stop_of_the_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    """After an hour of Ctrl-Z no study is late."""
    now = 100.0
    monkeypatch.setattr("mri_batch.run.executors.local.time.monotonic", lambda: now)
    clock = Clock()
    for step, most in ((0.2, 0.2), (3600.0, 2.2), (0.2, 2.4)):
        now += step
        assert clock.read() == pytest.approx(most)


def asleep(channel: Channel, settings: ScanSettings, model_sha256: str) -> None:
    """Be a worker that never has its model loaded."""
    time.sleep(180)


def test_run_local_blames_a_model_that_is_not_loaded_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock of loading runs without any option."""
    monkeypatch.setattr("mri_batch.run.executors.local.START_LIMIT_S", 1.0)
    asked = ScanSettings(paths=(), out=tmp_path, model=Path("none"), threads=1)
    with pytest.raises(ModelPackageError) as caught:
        list(run_local(jobs("fine"), asked, PACKAGE, asleep))
    assert caught.value.code == "MODEL_UNLOADABLE"


def stillborn(channel: Channel, settings: ScanSettings, model_sha256: str) -> None:
    """Be a worker that dies over the model, from the second one on if the first shall live."""
    seen = settings.out / "seen"
    if settings.timeout_per_study_s and not seen.exists():
        seen.touch()
        erratic(channel, settings, model_sha256)
    os._exit(9)


def test_run_local_blames_the_model_when_no_worker_can_load_it(tmp_path: Path) -> None:
    """Thousands of studies are not lost one by one over a model that kills its process."""
    asked = ScanSettings(paths=(), out=tmp_path, model=Path("none"), threads=1)
    with pytest.raises(ModelPackageError) as caught:
        list(run_local(jobs("fine", "fine"), asked, PACKAGE, stillborn))
    assert (caught.value.code, caught.value.exit_code) == ("MODEL_UNLOADABLE", 6)


def test_run_local_does_not_blame_a_model_that_was_loaded_before(tmp_path: Path) -> None:
    """A later worker that cannot start, for want of memory say, loses its study alone."""
    asked = ScanSettings(paths=(), out=tmp_path, model=Path("none"), threads=1, timeout_per_study_s=60)
    codes = [result.code for _, result in run_local(jobs("fine", "kill", "fine"), asked, PACKAGE, stillborn)]
    assert codes == ["", "WORKER_DIED", "WORKER_DIED"]


def test_worker_imports_nothing_from_the_working_directory(tmp_path: Path) -> None:
    """A planted module of the standard library's name, which a starting worker imports first of all, is not run."""
    for name in ("struct", "socket", "signal", "pickle", "numpy", "pydicom", "onnxruntime", "dl"):
        (tmp_path / f"{name}.py").write_text(f"open('sprung-{name}', 'w')")
    ours = Path(mri_batch.__file__).parents[1]
    code = (
        f"import sys; sys.path[0] = {str(ours)!r}; sys.path.append({str(Path.cwd())!r})\n"
        "from pathlib import Path; from mri_batch.settings import ScanSettings\n"
        "from tests.run.executors import test_local as t\n"
        "asked = ScanSettings(paths=(), out=Path(), model=Path('none'), threads=1)\n"
        "print([r.code for _, r in t.run_local(t.jobs('fine'), asked, t.PACKAGE, t.erratic)])\n"
        "print('PYTHONSAFEPATH' in t.os.environ)"  # nor is our own process changed by it
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "['']\nFalse\n", done.stderr
    assert list(tmp_path.glob("sprung-*")) == []


def test_worker_opens_its_model_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two studies, one session."""
    opened = []

    class Counted(Session):
        def __init__(self, *args: Any, **more: Any) -> None:
            opened.append(self)
            super().__init__(*args, **more)

    class Talk(Channel):
        def recv(self) -> Job:
            if not waiting:
                raise EOFError
            return waiting.pop(0)

        def send(self, message: object) -> None:
            received.append(message)

    waiting, received = list(jobs("one", "two")), list[object]()
    monkeypatch.setattr("mri_batch.run.executors.worker.Session", Counted)
    asked = ScanSettings(paths=(), out=tmp_path, model=VIT, threads=1)
    serve_jobs(Talk(None, None), asked, PACKAGE.sha256)  # type: ignore[arg-type]
    assert received[0] == READY
    assert [type(message) for message in received[1:]] == [StudyResult] * 2
    assert len(opened) == 1


def test_worker_refuses_another_model_than_the_scans(tmp_path: Path) -> None:
    """A package that was exchanged after the scan began is not used."""

    class Closed(Channel):
        def send(self, message: object) -> None:
            received.append(message)

    received = list[object]()
    asked = ScanSettings(paths=(), out=tmp_path, model=VIT, threads=1)
    serve_jobs(Closed(None, None), asked, "0" * 64)  # type: ignore[arg-type]
    (error,) = received
    assert isinstance(error, ModelPackageError)
    assert error.code == "MODEL_DIGEST"


def test_run_local_gives_up_when_the_output_cannot_be_written(tmp_path: Path) -> None:
    """A full disk is no fate of one study: the scan ends with the error."""
    asked = ScanSettings(paths=(), out=tmp_path, model=Path("none"), threads=1)
    with pytest.raises(OutputError):
        list(run_local(jobs("disk full", "fine"), asked, PACKAGE, erratic))


def test_worker_ends_with_its_parent(tmp_path: Path) -> None:
    """After kill -9 of a scan no worker goes on writing into a folder that a new scan may hold."""
    code = (
        "from pathlib import Path\nfrom mri_batch.settings import ScanSettings\n"
        "from tests.run.executors import test_local as t\n"
        f"asked = ScanSettings(paths=(), out=Path({str(tmp_path)!r}), model=Path('none'), threads=1)\n"
        "if __name__ == '__main__': list(t.run_local(t.jobs('hang'), asked, t.PACKAGE, t.erratic))"
    )
    script = tmp_path / "scan.py"
    script.write_text(code)
    path = os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen([sys.executable, str(script)], env={**os.environ, "PYTHONPATH": path})
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
