"""No network, no file where none was asked for, nothing imported from where one happens to be; every input as it was.

Each command runs as a person runs it, in a network namespace without interfaces and under ``strace``, which follows
workers too. The parts are asked of one run of each, since a traced run is slow.
"""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import paths
from tests.make import make_head, save_picture, save_series

VIT = str(paths.VIT)
OURS = str(Path(sys.executable).with_name("mri-batch"))
CALLS = (
    "socket,socketpair,connect,open,openat,creat,mkdir,mkdirat,rename,renameat,renameat2,link,linkat,symlink,symlinkat"
)
CLOSED = ("unshare", "-rn")
TRACED = ("strace", "-ff", "-qq", "-y", "-s", "4096", "-e", f"trace={CALLS}")
PLANTED = ("struct", "socket", "signal", "pickle", "numpy", "pydicom", "onnxruntime", "PIL", "dl", "sitecustomize")
_PATH = re.compile(r'(?:AT_FDCWD(?:<([^>]*)>)?|\d+<([^>]*)>)?(?:, )?"((?:[^"\\]|\\.)*)"')
_WRITES = re.compile(r"O_WRONLY|O_RDWR|O_CREAT|^(?:creat|mkdir|rename|link|symlink)")


@functools.cache
def _can_close() -> bool:
    tried = (*CLOSED, "strace", "-qq", "-o", os.devnull, "true")
    return bool(shutil.which("strace")) and subprocess.run(tried, capture_output=True, check=False).returncode == 0


pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="namespaces and strace are Linux's"),
    pytest.mark.skipif(
        not _can_close() and not os.environ.get("CI"), reason="strace or namespaces cannot be used here"
    ),
    pytest.mark.skipif(not Path(OURS).exists(), reason="the command is not installed beside this Python"),
]


class Place:
    """A home, a temporary folder, a working directory full of planted modules, an input and an output."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("home", "tmp", "here", "out"):
            (folder / name).mkdir()
        for name in PLANTED:
            (folder / "here" / f"{name}.py").write_text(f"open({str(folder / 'sprung')!r}, 'w')")
        save_series(folder / "in" / "a", 2)
        for label in ("a", "b", "c"):
            for number in (1, 2):
                head = make_head(seed=number)
                save_picture(folder / "in" / label / f"{number}.png", (head // 16).astype("uint8"))

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command of ours, closed in and traced."""
        kept = {key: os.environ[key] for key in ("PATH", "LD_LIBRARY_PATH") if key in os.environ}
        env = {**kept, "HOME": str(self.folder / "home"), "TMPDIR": str(self.folder / "tmp"), "OMP_NUM_THREADS": "1"}
        env["PYTHONDONTWRITEBYTECODE"] = "1"  # Python's own cache is written by an installation
        traced = (*CLOSED, *TRACED, "-o", str(self.folder / "trace"))
        done = subprocess.run(
            (*traced, OURS, *words), cwd=self.folder / "here", env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done

    def calls(self) -> Iterator[str]:
        """Yield every traced call of every process that came about, without those that failed."""
        for path in sorted(self.folder.glob("trace.*")):
            for line in path.read_text("utf-8", "replace").splitlines():
                if re.match(r"\w+\(", line) and " = -1 " not in line:
                    yield line

    def written(self) -> set[str]:
        """Return every path that was opened to be written, or made."""
        return {
            os.path.normpath(Path(m[1] or m[2] or self.folder / "here") / m[3])
            for call in self.calls()
            if _WRITES.search(call)
            for m in _PATH.finditer(call)
        }


def state_of(folder: Path) -> dict[str, tuple[str, int, int]]:
    """Digest, time of change and mode of every file."""
    return {
        str(path.relative_to(folder)): (
            sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
            path.stat().st_mtime_ns,
            path.stat().st_mode,
        )
        for path in sorted(folder.rglob("*"))
    }


QUICK = ("--model", VIT, "--explain", "none")
COMMANDS: dict[str, tuple[str, ...]] = {
    "scan": ("scan", "../in", "--out", "../out/it", "--model", VIT, "--jobs", "2", "--dicom", "sr,sc,pm"),
    "explain": ("explain", "../in/a/1.png", "--out", "../out/it", "--model", VIT, "--methods", "rollout,gradient,lime"),
    "evaluate": ("evaluate", "../in/set", "--out", "../out/it", *QUICK, "--draws", "20", "--threads", "1"),
    "inspect": ("inspect", "../in"),
    "doctor": ("doctor", "--model", VIT, "--out", "../out"),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_command_keeps_to_itself(command: str, tmp_path: Path) -> None:
    """No socket call in any process; files are written below --out and an owned temporary folder, gone at the end."""
    place = Place(tmp_path)
    if command == "evaluate":
        shutil.move(tmp_path / "in", tmp_path / "set")
        (tmp_path / "set" / "a" / "im-000.dcm").unlink()
        (tmp_path / "set" / "a" / "im-001.dcm").unlink()
        shutil.copytree(tmp_path / "set", tmp_path / "in" / "set")
    before = state_of(tmp_path / "in")
    place.run(*COMMANDS[command])
    check(place)
    assert state_of(tmp_path / "in") == before


def check(place: Place, also: str = "") -> None:
    """Check what every command must keep to; ``also``: a pattern of paths that may be written besides."""
    calls = list(place.calls())
    assert len(list(place.folder.glob("trace.*"))) >= 1
    assert any("openat(" in call for call in calls)
    assert [call for call in calls if call.startswith(("socket", "connect"))] == []
    temporary = rf"{re.escape(str(place.folder))}/tmp/(mri-batch-.*|[a-z0-9_]{{8}})"  # the latter: tempfile's own trial
    ours = re.compile(rf"{re.escape(str(place.folder))}/out(/.*)?|{os.devnull}|{temporary}|{also}")
    assert [path for path in place.written() if not ours.fullmatch(path)] == []
    assert list((place.folder / "tmp").iterdir()) == []
    assert list((place.folder / "home").rglob("*")) == []
    assert not (place.folder / "sprung").exists()


def test_report_and_verify_keep_to_themselves(tmp_path: Path) -> None:
    """Pages are made again, and checked, as closed in as the scan."""
    place = Place(tmp_path)
    place.run("scan", "../in", "--out", "../out/it", *QUICK)
    for words in (("report", "../out/it", "--lang", "fr"), ("verify", "../out/it")):
        for trace in tmp_path.glob("trace.*"):
            trace.unlink()
        place.run(*words)
        check(place)


@pytest.mark.skipif(not find_spec("torch"), reason="the extra [export] is not installed")
def test_export_keeps_to_itself(tmp_path: Path) -> None:
    """PyTorch's side reaches no network either."""
    from safetensors.torch import save_model

    from mri_batch_export.architectures.table import Shape, build_architecture

    place = Place(tmp_path)
    sizes = {"patch": 8, "dim": 32, "depth": 2, "heads": 2}
    network = build_architecture("vit", Shape(n_labels=3, rows=32, cols=32, channels=1), sizes)
    save_model(network, str(tmp_path / "in" / "c.safetensors"))
    (tmp_path / "in" / "p.toml").write_text("rows = 32\ncols = 32\nchannels = 1\nmean = [0.5]\nstd = [0.25]\n")
    options = [word for key, value in sizes.items() for word in ("--option", f"{key}={value}")]
    words = ("--labels", "a,b,c", "--out", "../out/pkg", "--preprocess", "../in/p.toml", "--no-gradients")
    place.run("export", "../in/c.safetensors", "--arch", "vit", *words, *options)
    check(place, also="/dev/shm/sem.*")  # PyTorch's locks, gone as soon as they are made


def test_input_that_cannot_be_written_is_read(tmp_path: Path) -> None:
    """On a read-only mount a scan does its work; not even a time changes."""
    place = Place(tmp_path)
    before = state_of(tmp_path / "in")
    mount = "mount --bind in in && mount -o remount,ro,bind in && ! touch in/a/x 2>/dev/null"
    scan = f"exec {OURS} scan in --out out/it --model {VIT} --explain none -q"
    words = ("unshare", "-rnm", "sh", "-c", f"{mount} && {scan}")
    done = subprocess.run(words, cwd=place.folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert state_of(tmp_path / "in") == before
