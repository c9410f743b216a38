"""One writer per output folder: a lock that the system lets go of when its holder dies.

The lock is ``flock`` on a file in the folder, which no death outlives, in a container or out of it. A holder on another
machine is dead to this one only if the file system hands the lock from machine to machine, which cannot be seen; so the
holder renews the file's time, and a lock of another machine counts until its lease has run out. The same lease stands
in for ``flock`` where the file system, or Windows, has none.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Thread

from mri_batch.errors import OutputError

LEASE_S = 120.0
RENEW_S = 20.0
_PATIENCE_S = 2.0  # workers of a killed scan hold its lock until they have noticed
_SETTLE_S = 0.5
_NO_FLOCK = (errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who holds the lock. ``boot``: of the machine, the same in all its containers; ``started``: of the process."""

    pid: int
    host: str
    boot: str
    started: str

    @classmethod
    def me(cls) -> Holder:
        """Describe this process."""
        return cls(pid=os.getpid(), host=socket.gethostname(), boot=_read_boot_id(), started=_read_start(os.getpid()))

    @classmethod
    def load(cls, lock: Path) -> Holder | None:
        """Read the holder from a lock; None where it was torn by a crash. Fields that 0.1.0 did not write are empty."""
        try:
            plain = json.loads(lock.read_bytes())
            more = {name: str(plain.get(name, "")) for name in ("boot", "started")}
            return cls(pid=int(plain["pid"]), host=str(plain["host"]), **more)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None


@contextmanager
def hold_lock(lock: Path) -> Iterator[None]:
    """Hold the lock for the block. Raises OutputError with OUTPUT_IN_USE where another scan holds it, and OSError."""
    handle = _acquire(lock)
    ended = Event()
    renewal = Thread(target=_renew, args=(handle, ended), daemon=True)
    renewal.start()
    try:
        yield
    finally:
        ended.set()
        renewal.join()
        with suppress(OSError):
            if _is_at(handle, lock):
                lock.unlink()
        os.close(handle)


def _acquire(lock: Path) -> int:
    until = time.monotonic() + _PATIENCE_S
    while True:
        handle = os.open(lock, os.O_CREAT | os.O_RDWR | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            locked = _flock(handle)
            if _is_at(handle, lock):  # else its holder has just ended and taken the file with it
                holder = Holder.load(lock)
                if locked is not False and not _is_alive(holder, lock, locked=bool(locked)):
                    _sign(handle, lock, alone=bool(locked))
                    kept, handle = handle, -1
                    return kept
                if time.monotonic() > until or locked is not False:
                    raise _in_use(lock, holder)
        finally:
            if handle >= 0:
                os.close(handle)
        time.sleep(0.05)


def _sign(handle: int, lock: Path, *, alone: bool) -> None:
    """Write our name into the lock; where others may do so at the same time, the last one holds it."""
    os.ftruncate(handle, 0)
    os.write(handle, json.dumps(asdict(Holder.me())).encode())
    if not alone:
        time.sleep(_SETTLE_S)
        if (holder := Holder.load(lock)) != Holder.me():
            raise _in_use(lock, holder)


def _is_alive(holder: Holder | None, lock: Path, *, locked: bool) -> bool:
    """Whether the holder named in the file may still be at work, given that ``flock`` was ours or is not to be had."""
    if holder is None:
        return False
    if (holder.boot or holder.host) == (_read_boot_id() if holder.boot else socket.gethostname()):
        return not locked and _runs(holder)
    return time.time() - lock.stat().st_mtime < LEASE_S


def _runs(holder: Holder) -> bool:
    if os.name == "nt":
        import ctypes

        return bool(ctypes.windll.kernel32.OpenProcess(0x1000, False, holder.pid))  # type: ignore[attr-defined, unused-ignore]
    try:
        os.kill(holder.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not holder.started or _read_start(holder.pid) == holder.started


def _flock(handle: int) -> bool | None:
    """Whether the lock is ours; None where there is no such thing here."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_FLOCK:
            return None
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return False
        raise
    return True


def _in_use(lock: Path, holder: Holder | None) -> OutputError:
    who = f" (process {holder.pid} on {holder.host})" if holder else ""
    away = holder is not None and holder.boot != _read_boot_id()
    lease = f"; one that was killed on another machine gives way within {LEASE_S:.0f} s" if away else ""
    return OutputError(
        f"another scan{who} is writing here",
        code="OUTPUT_IN_USE",
        file=str(lock.parent),
        hint=f"wait for it{lease}",
    )


def _renew(handle: int, ended: Event) -> None:
    while not ended.wait(RENEW_S):
        with suppress(OSError, NotImplementedError, TypeError):
            os.utime(handle)


def _is_at(handle: int, path: Path) -> bool:
    try:
        there, here = path.stat(), os.fstat(handle)
    except FileNotFoundError:
        return False
    return (there.st_dev, there.st_ino) == (here.st_dev, here.st_ino)


def _read_boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:  # not Linux
        return ""


def _read_start(pid: int) -> str:
    """Return when a process started, in ticks since the machine did; empty where the system does not say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rsplit(")", 1)[1].split()[19]
    except (OSError, IndexError):
        return ""
