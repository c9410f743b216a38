"""Docs cannot lie, the door is light, and the words are chosen."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from mri_batch import card
from mri_batch.cli import COMMANDS
from mri_batch.explain.registry import METHODS
from mri_batch.report.schema import FILES_COLUMNS
from tests.paths import ROOT

HAS_EXPORT = all(find_spec(name) for name in ("torch", "optuna"))
SOURCES = sorted((ROOT / "src").rglob("*.py")) + sorted((ROOT / "export").rglob("*.py"))
HEAVY = ("torch", "onnx", "onnxruntime", "highdicom", "dask", "jinja2", "pydicom", "numpy", "pydantic")


def read(name: str) -> str:
    """Read a page of the docs."""
    return (ROOT / "docs" / name).read_text("utf-8")


def test_help_in_docs_is_the_commands_own() -> None:
    """docs/cli.md is what docs/make_cli.py writes, where every command is installed."""
    if not HAS_EXPORT:
        pytest.skip("the extra [export] is not installed")
    made = subprocess.run(
        [sys.executable, "-c", "import make_cli, sys; sys.stdout.buffer.write(make_cli.write_help().encode())"],
        cwd=ROOT / "docs",
        capture_output=True,
        check=True,
    )
    assert read("cli.md") == made.stdout.decode(), "run: python docs/make_cli.py"


def test_every_error_code_is_in_docs() -> None:
    """Each code that the source can raise has its row in docs/errors.md."""
    said = "\n".join(path.read_text("utf-8") for path in SOURCES)
    codes = set(re.findall(r'(?:default_code(?:: ClassVar\[str\])?|code)\s*=\s*"([A-Z][A-Z_]{3,})"', said))
    documented = set(re.findall(r"`([A-Z][A-Z_]{3,})`", read("errors.md")))
    assert len(codes) > 10
    assert codes <= documented, sorted(codes - documented)


def test_every_method_is_in_docs() -> None:
    """Each explanation method is described."""
    page = read("methods.md")
    assert [name for name in METHODS if f"`{name}`" not in page] == []


def test_every_key_of_the_card_is_in_docs() -> None:
    """Each field of model.json is described."""
    page = read("model-package.md")
    models = [
        m for m in vars(card).values() if isinstance(m, type) and issubclass(m, card._Part) and m is not card._Part
    ]
    fields = {name for model in models for name in model.model_fields}
    assert [name for name in sorted(fields) if f"`{name}`" not in page] == []


def test_every_column_of_the_outputs_is_in_docs() -> None:
    """Each column of files.csv is described."""
    page = read("outputs.md")
    assert [name for name in FILES_COLUMNS if f"`{name}`" not in page] == []


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_the_door_is_light(words: list[str]) -> None:
    """Help and version start without any heavy library."""
    code = (
        f"import sys; from mri_batch.cli import cli; cli({words!r}, standalone_mode=False); print(sorted(sys.modules))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded = out.splitlines()[-1]
    assert [name for name in HEAVY if f"'{name}'" in loaded] == []


def test_import_is_light() -> None:
    """The package itself loads nothing."""
    code = "import sys, mri_batch; print(sorted(sys.modules))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert [name for name in HEAVY if f"'{name}'" in out] == []


def test_a_scan_needs_no_torch() -> None:
    """All rooms of the runtime load without PyTorch and onnx."""
    code = (
        "import sys\n"
        "for name in ('torch', 'onnx', 'mri_batch_export'): sys.modules[name] = None\n"
        "import mri_batch.run.scan\n"
        "from mri_batch.commands import doctor, explain, rerender\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_users_never_read_the_word() -> None:
    """What the model says is an output; the word for a physician's finding stands nowhere."""
    pages = [*(ROOT / "docs").rglob("*.md"), ROOT / "README.md", *(ROOT / "src").rglob("*.html"), *SOURCES]
    word = "diagnos" + "is"
    allowed = {ROOT / "CONTRIBUTING.md"}
    guilty = [p for p in pages if p not in allowed and word in p.read_text("utf-8").lower()]
    assert [str(p.relative_to(ROOT)) for p in guilty] == []


@pytest.mark.parametrize("command", list(COMMANDS))
def test_every_command_explains_itself(command: str) -> None:
    """``--help`` of each command works and ends well, or says which extra it needs."""
    out = subprocess.run(
        [
            sys.executable,
            "-c",
            f"from mri_batch.cli import main; import sys; sys.argv = ['mri-batch', {command!r}, '--help']; main()",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if command in ("train", "tune") and not HAS_EXPORT:  # export reads its options without PyTorch
        assert (out.returncode, "mri-batch[export]" in out.stderr) == (2, True)
    else:
        assert (out.returncode, "Usage:" in out.stdout) == (0, True), out.stderr


def test_readme_is_short_and_says_what_it_must() -> None:
    """Under 150 lines, two set-up commands, research use only."""
    readme = (ROOT / "README.md").read_text("utf-8")
    assert len(readme.splitlines()) < 150
    assert "For research use only; not a medical device" in readme
    assert readme.count("python3 -m venv") == 2
