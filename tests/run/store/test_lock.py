"""One writer per output folder; a holder that is dead is known to be, in a container or out of it."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from json import dumps
from pathlib import Path
from threading import Barrier

import pytest

from mri_batch.errors import OutputError
from mri_batch.run.store import lock as lock_module
from mri_batch.run.store.folder import LOCK, claim_output
from mri_batch.run.store.lock import LEASE_S, Holder

ME = Holder.me()
pytestmark = pytest.mark.skipif(not ME.boot, reason="needs Linux")


def leave_lock(out: Path, holder: Holder) -> Path:
    """Leave what a killed scan leaves."""
    (out / LOCK).write_text(dumps(asdict(holder)))
    return out / LOCK


@pytest.mark.parametrize(
    "dead",
    [ME, replace(ME, pid=1), replace(ME, pid=1, host="node-2"), replace(ME, pid=2**22 + 1)],
    ids=["own", "first", "renamed", "gone"],
)
def test_dead_holder_on_this_machine_gives_way(tmp_path: Path, dead: Holder) -> None:
    """Whether its process id or host name is used again, as in containers and requeued jobs, or not."""
    leave_lock(tmp_path, dead)
    with claim_output(tmp_path):
        assert Holder.load(tmp_path / LOCK) == ME


def test_holder_on_another_machine_gives_way_when_its_lease_has_run_out(tmp_path: Path) -> None:
    """Its process cannot be seen, so the time of the file decides; the error says how long that takes."""
    lock = leave_lock(tmp_path, replace(ME, boot="another"))
    with pytest.raises(OutputError, match=f"within {LEASE_S:.0f} s") as caught, claim_output(tmp_path):
        pass
    assert caught.value.code == "OUTPUT_IN_USE"
    os.utime(lock, (time.time() - LEASE_S - 1,) * 2)
    with claim_output(tmp_path):
        pass


def test_holder_renews_its_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan longer than the lease is not taken for dead."""
    monkeypatch.setattr(lock_module, "RENEW_S", 0.05)
    with claim_output(tmp_path):
        os.utime(tmp_path / LOCK, (0, 0))
        time.sleep(1)
        assert time.time() - (tmp_path / LOCK).stat().st_mtime < LEASE_S


def test_of_many_starts_at_once_one_holds_the_folder(tmp_path: Path) -> None:
    """On top of the lock of a dead scan, eight starts: one works, the others say that the folder is in use."""
    start = Barrier(8)
    leave_lock(tmp_path, replace(ME, pid=2**22 + 1))

    def claim(_: int) -> str:
        start.wait()
        try:
            with claim_output(tmp_path):
                time.sleep(4)
        except OutputError as error:
            return error.code
        return "held"

    with ThreadPoolExecutor(8) as pool:
        codes = sorted(pool.map(claim, range(8)))
    assert codes == ["OUTPUT_IN_USE"] * 7 + ["held"]


@pytest.mark.parametrize(("started", "dead"), [(ME.started, False), ("1", True)], ids=["alive", "dead"])
def test_without_flock_a_process_is_known_by_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: str, dead: bool
) -> None:
    """An id that was given to another process is no holder."""
    monkeypatch.setattr(lock_module, "_flock", lambda handle: None)
    leave_lock(tmp_path, replace(ME, started=started))
    if dead:
        with claim_output(tmp_path):
            pass
    else:
        with pytest.raises(OutputError), claim_output(tmp_path):
            pass
