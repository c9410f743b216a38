"""The commands as a person types them: one line on error, a code that means something, nothing odd on the terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mri_batch.cli import COMMANDS
from mri_batch.report.i18n.catalogue import LANGUAGES
from tests import paths
from tests.make import save_picture

VIT = str(paths.VIT)
RUN = "import sys; from mri_batch.cli import main; main()"


def run(*words: str, cwd: Path | None = None, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command line in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", RUN, *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", **variables},
    )


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Make a folder of one picture, whose name would move a terminal's cursor."""
    save_picture(tmp_path / "in" / "a\x1b[2Jb.png")
    return tmp_path / "in"


def test_scan_prints_the_page_and_nothing_else_on_standard_output(pictures: Path, tmp_path: Path) -> None:
    """Data goes to standard output, messages to standard error, no escape sequence to either."""
    out = run("scan", str(pictures), "--out", str(tmp_path / "out"), "--model", VIT, "--faithfulness", "none", "-v")
    assert out.returncode == 0, out.stderr
    assert out.stdout.splitlines() == [str(tmp_path / "out" / "index.html")]
    assert "1 studies found" in out.stderr
    assert "\x1b" not in out.stdout + out.stderr
    assert "\r" not in out.stderr


def test_module_runs_like_the_command(pictures: Path, tmp_path: Path) -> None:
    """``python -m mri_batch`` scans too, and its workers do not start a scan of their own."""
    words = ["scan", str(pictures), "--out", str(tmp_path / "out"), "--model", VIT, "--explain", "none"]
    out = subprocess.run([sys.executable, "-m", "mri_batch", *words], capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr
    assert out.stdout.splitlines() == [str(tmp_path / "out" / "index.html")]


def test_scan_prints_run_json_when_asked(pictures: Path, tmp_path: Path) -> None:
    """``--json`` prints the content of run.json, and a variable sets an option."""
    words = ("scan", str(pictures), "--out", str(tmp_path / "out"), "--model", VIT, "--json", "-q")
    out = run(*words, MRI_BATCH_SCAN_EXPLAIN="none")
    assert json.loads(out.stdout) == json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert json.loads(out.stdout)["settings"]["explain"] == ["none"]
    assert out.stderr == ""


def test_settings_file_gives_way_to_variables_and_flags(pictures: Path, tmp_path: Path) -> None:
    """Flags, then variables, then mri-batch.toml."""
    (tmp_path / "mri-batch.toml").write_text(f'[scan]\nlang = "fr"\nmodel = {json.dumps(VIT)}\nexplain = "none"\n')
    words = ("scan", str(pictures), "--out", "out", "--json", "-q")
    assert json.loads(run(*words, cwd=tmp_path).stdout)["settings"]["lang"] == "fr"
    assert json.loads(run(*words, cwd=tmp_path, MRI_BATCH_SCAN_LANG="ru").stdout)["settings"]["lang"] == "ru"
    both = run(*words, "--lang", "en", cwd=tmp_path, MRI_BATCH_SCAN_LANG="ru")
    assert json.loads(both.stdout)["settings"]["lang"] == "en"


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["scan", "nowhere", "--out", "out"], 2, "nowhere"),
        (["scan", ".", "--out", "out", "--model", VIT, "--explain", "tealeaves"], 2, "tealeaves"),
        (["scan", ".", "--out", "out", "--jobs", "0"], 2, "--jobs"),
        (["scan", ".", "--out", "out", "--shard", "3/2"], 2, "--shard"),
        (["scan", ".", "--out", "out", "--dicom", "sr,xx"], 2, "xx"),
        (["scan", ".", "--out", "out", "--model", "no-such-package"], 6, "no-such-package"),
        (["report", "."], 7, "not a finished scan"),
        (["model", "show", "no-such-package"], 6, "no-such-package"),
    ],
    ids=lambda value: " ".join(value[:1] + value[-2:]) if isinstance(value, list) else None,
)
def test_errors_are_one_line_with_a_code(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    """What is wrong, where, and no traceback."""
    out = run(*words, cwd=tmp_path)
    assert out.returncode == code, out.stderr
    assert said in out.stderr
    assert "Traceback" not in out.stderr
    assert len(out.stderr.strip().splitlines()) == 1


def test_dry_run_and_inspect_list_and_write_nothing(pictures: Path, tmp_path: Path) -> None:
    """What would be read, and what not and why; no output folder appears."""
    (pictures / "letter.txt").write_text("dear colleague")
    for words in (("scan", str(pictures), "--out", str(tmp_path / "out"), "--dry-run"), ("inspect", str(pictures))):
        out = run(*words)
        assert out.returncode == 0, out.stderr
        assert "2 files: 1 would be read, 1 not" in out.stdout
        assert "letter.txt" in out.stdout
        assert "\x1b" not in out.stdout
    assert not (tmp_path / "out").exists()


def test_explain_shows_every_method_or_says_why_not(pictures: Path, tmp_path: Path) -> None:
    """One page, and a row for each method: heat and cost, or the reason why it is absent."""
    image = next(pictures.iterdir())
    out = run(
        "explain",
        str(image),
        "--out",
        str(tmp_path / "why"),
        "--model",
        VIT,
        "--methods",
        "rollout,gradient,guided_backprop",
    )
    assert out.returncode == 0, out.stderr
    panels = {m["method"]: m for m in json.loads((tmp_path / "why" / "explain.json").read_text("utf-8"))["methods"]}
    assert list(panels) == ["rollout", "gradient", "guided_backprop"]
    assert panels["rollout"]["label"] is None
    assert panels["gradient"]["passes"] == 3
    assert panels["guided_backprop"]["reason"]
    assert "rollout" in (tmp_path / "why" / "explain.html").read_text("utf-8")


def run_on_terminal(*words: str, **variables: str) -> str:
    """Run the command line with a terminal for standard error; return what it wrote there."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    ours, theirs = pty.openpty()
    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run(
        [sys.executable, "-c", RUN, *words],
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=False,
        env={**plain, **variables},
    )
    os.close(theirs)
    written = b""
    try:
        while part := os.read(ours, 4096):
            written += part
    except OSError:  # Linux says so where nothing more can come
        pass
    os.close(ours)
    return written.decode()


FAILING = ("model", "show", "no-such-package")


def test_errors_are_red_on_a_terminal() -> None:
    """Colour where somebody sees it."""
    assert "\x1b[31mmri-batch: " in run_on_terminal(*FAILING)


@pytest.mark.parametrize(
    "words", [("--no-color", *FAILING), (*FAILING, "--no-color"), ("model", "--no-color", *FAILING[1:])]
)
def test_no_color_turns_colour_off_on_every_command(words: tuple[str, ...]) -> None:
    """Before the command, behind it, and on a sub-command."""
    written = run_on_terminal(*words)
    assert "mri-batch: " in written
    assert "\x1b" not in written


def test_no_color_variable_is_honoured() -> None:
    """As no-color.org has it."""
    assert "\x1b" not in run_on_terminal(*FAILING, NO_COLOR="1")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_takes_no_color(name: str) -> None:
    """The option stands in each command's help, but for commands whose extra is not installed."""
    out = run(name, "--help")
    assert "--no-color" in out.stdout or "not installed" in out.stderr


def test_languages_offered_are_those_of_the_catalogues() -> None:
    """Adding a catalogue adds a language."""
    out = run("scan", ".", "--out", "out", "--lang", "xx")
    assert out.returncode == 2
    assert all(lang in out.stderr for lang in LANGUAGES)


def test_help_and_version_load_no_catalogue() -> None:
    """The light door: neither Fluent, Babel, pydantic nor numpy."""
    code = (
        "import sys\nfrom mri_batch.cli import cli\n"
        "for words in (['--help'], ['--version'], ['scan', '--help'], ['report', '--help']):\n"
        "    try:\n        cli.main(words)\n    except SystemExit:\n        pass\n"
        "heavy = {'fluent', 'babel', 'pydantic', 'numpy', 'jinja2', 'onnxruntime', 'torch', 'highdicom', 'dask'}\n"
        "assert not heavy & {name.split('.')[0] for name in sys.modules}, heavy & set(sys.modules)\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert out.returncode == 0, out.stderr


def test_doctor_has_one_line_for_each_part() -> None:
    """Runtime, telemetry, decoders, the bundled model and write access, each well or not, in a line."""
    out = run("doctor")
    lines = out.stdout.splitlines()
    assert out.returncode == 0, out.stdout
    assert all(line.startswith("ok  ") and len(line) < 160 for line in lines)
    for part in ("runtime", "telemetry: off", "decoder JPEG 2000", "model: digests", "write access"):
        assert any(part in line for line in lines), part


def test_doctor_fails_on_a_package_that_does_not_answer(tmp_path: Path) -> None:
    """A package that is not there is one failed line, and exit code 1."""
    out = run("doctor", "--model", str(tmp_path / "none"))
    assert out.returncode == 1
    assert [line for line in out.stdout.splitlines() if line.startswith("FAIL")]


def test_model_list_names_the_bundled_packages_with_their_figures() -> None:
    """One line for each, with the digest that ``model verify`` prints."""
    out = run("model", "list")
    assert out.returncode == 0, out.stderr
    kind, name, _version, _digest, figures, folder = out.stdout.splitlines()[0].split("\t")
    assert (kind, name, Path(folder).name) == ("package", "brain-vit", "brain-vit")
    assert "slice_accuracy=" in figures


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux")
def test_messages_to_a_full_disk_stop_nothing() -> None:
    """Standard error that takes nothing changes neither the course of a command nor its exit code."""
    code = "from mri_batch.cli.common import complain\nfor _ in range(3): complain('x' * 9000)\nprint('done')"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=full, check=False)
    assert (done.returncode, done.stdout) == (0, b"done\n")
