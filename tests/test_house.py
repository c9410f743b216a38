"""The docs agree with the code, the command line starts light, and every module is in a layer."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

import mri_batch
from mri_batch import card
from mri_batch.cli import COMMANDS
from mri_batch.errors import MriBatchError
from mri_batch.explain.registry import METHODS
from mri_batch.notes import NOTES
from mri_batch.report.schema import FILES_COLUMNS
from tests import conftest
from tests.paths import ROOT

HAS_EXPORT = all(find_spec(name) for name in ("torch", "optuna"))
SOURCES = sorted((ROOT / "src").rglob("*.py")) + sorted((ROOT / "export").rglob("*.py"))
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md")), ROOT / "sample_inputs" / "README.md"]
HEAVY = (
    "babel",
    "dask",
    "distributed",
    "fluent",
    "highdicom",
    "jinja2",
    "numpy",
    "onnx",
    "onnxruntime",
    "pydantic",
    "pydicom",
    "pynetdicom",
    "starlette",
    "torch",
)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"(?ms)^```.*?^```|`[^`\n]*`")


def read(name: str) -> str:
    """Read a page of the docs."""
    return (ROOT / "docs" / name).read_text("utf-8")


def run_in_docs(code: str) -> str:
    """Run code beside the docs' generators; returns what it printed."""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "docs", capture_output=True, check=True)
    return done.stdout.decode()


def to_anchor(heading: str) -> str:
    """Return the anchor that a forge gives a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def list_anchors(page: Path) -> set[str]:
    """List the anchors of a page."""
    text = re.sub(r"(?ms)^```.*?^```", "", page.read_text("utf-8"))
    return {to_anchor(heading) for heading in re.findall(r"(?m)^#+ (.*)$", text)}


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after running code."""
    whole = f"import sys\n{code}\nprint(*{{name.partition('.')[0] for name in sys.modules}})"
    out = subprocess.run([sys.executable, "-c", whole], capture_output=True, text=True, check=True).stdout
    return set(out.splitlines()[-1].split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """Files and headings that pages link to exist."""
    lost = []
    for link in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in list_anchors(target)):
            lost.append(link)
    assert lost == []


def test_every_page_is_reached_from_the_index() -> None:
    """docs/index.md, or the list of decisions, links every page."""
    listed = {
        (ROOT / "docs" / folder / link.partition("#")[0]).resolve()
        for folder, name in (("", "index.md"), ("decisions", "README.md"))
        for link in _LINK.findall(read(f"{folder}/{name}" if folder else name))
    }
    pages = set((ROOT / "docs").rglob("*.md")) - {ROOT / "docs" / "index.md"}
    assert [str(page.relative_to(ROOT)) for page in sorted(pages - listed)] == []


def test_pages_that_messages_name_exist() -> None:
    """A hint such as "docs/reference/errors.md lists every code" names a page that there is."""
    texts = [*SOURCES, *(ROOT / "src").rglob("*.ftl"), *(ROOT / "src").rglob("*.html")]
    named = {name for path in texts for name in re.findall(r"docs/[\w/.-]+\.md", path.read_text("utf-8"))}
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_help_in_docs_is_the_commands_own() -> None:
    """docs/reference/cli.md is what docs/make_cli.py writes, where every command is installed."""
    if not HAS_EXPORT:
        pytest.skip("the extra [export] is not installed")
    made = run_in_docs("import make_cli, sys; sys.stdout.buffer.write(make_cli.write_help().encode())")
    assert read("reference/cli.md") == made, "run: python docs/make_cli.py"


def test_every_error_code_is_in_docs() -> None:
    """Each code that the source can raise has its row in docs/reference/errors.md."""
    whole = "\n".join(path.read_text("utf-8") for path in SOURCES)
    codes = set(re.findall(r'\b(?:default_code(?:: ClassVar\[str\])?|code)\s*=\s*"([A-Z][A-Z_]{3,})"', whole))
    codes |= {kind.default_code for kind in iter_errors(MriBatchError)}
    documented = set(re.findall(r"`([A-Z][A-Z_]{3,})`", read("reference/errors.md")))
    assert len(codes) > 10
    assert codes <= documented, sorted(codes - documented)


def iter_errors(kind: type[MriBatchError]) -> list[type[MriBatchError]]:
    """List an error class and everything below it."""
    return [kind, *(child for each in kind.__subclasses__() for child in iter_errors(each))]


def test_every_note_code_is_in_docs() -> None:
    """The table of notes is what docs/make_notes.py writes, and has words for each code."""
    made = run_in_docs("import make_notes, sys; sys.stdout.buffer.write(make_notes.write_notes().encode())")
    assert made in read("reference/errors.md"), "run: python docs/make_notes.py"
    rows = dict(re.findall(r"(?m)^\| `([A-Z_\d]+)` \| .*\| (.*) \|$", made))
    assert [code for code in NOTES if not rows.get(code)] == []


def test_every_exported_name_is_in_docs() -> None:
    """docs/reference/python.md describes what ``mri_batch`` exports, and all of it can be imported."""
    exported = getattr(mri_batch, "__all__", ("__version__",))
    page = read("reference/python.md")
    assert [name for name in exported if not re.search(rf"`(mri_batch\.)?{name}\b", page)] == []
    assert [name for name in exported if not hasattr(mri_batch, name)] == []


def test_every_method_is_in_docs() -> None:
    """Each explanation method is described."""
    page = read("reference/methods.md")
    assert [name for name in METHODS if f"`{name}`" not in page] == []


def test_every_key_of_the_card_is_in_docs() -> None:
    """Each field of model.json is described."""
    page = read("reference/model-package.md")
    models = [
        m for m in vars(card).values() if isinstance(m, type) and issubclass(m, card._Part) and m is not card._Part
    ]
    fields = {name for model in models for name in model.model_fields}
    assert [name for name in sorted(fields) if f"`{name}`" not in page] == []


def test_every_column_of_the_outputs_is_in_docs() -> None:
    """Each column of files.csv is described."""
    page = read("reference/outputs.md")
    assert [name for name in FILES_COLUMNS if f"`{name}`" not in page] == []


@pytest.mark.parametrize(
    "code",
    [
        "import mri_batch",
        "import mri_batch; mri_batch.__version__; dir(mri_batch)",
        "from mri_batch.cli import cli; cli(['--help'], standalone_mode=False)",
        "from mri_batch.cli import cli; cli(['--version'], standalone_mode=False)",
        "from mri_batch.cli import cli; cli(['scan', '--help'], standalone_mode=False)",
    ],
)
def test_the_door_is_light(code: str) -> None:
    """Importing the package, help and version load no heavy library."""
    assert loaded_by(code) & set(HEAVY) == set()


def test_every_module_is_in_a_layer() -> None:
    """The contract on layers is exhaustive and names each module of the runtime but the entry point."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    layers = next(each for each in contracts if each["type"] == "layers" and "mri_batch" in each["containers"])
    assert layers["exhaustive"]
    named = {name.strip(" ()") for line in layers["layers"] for name in re.split(r"[|:]", line)}
    found = {
        path.stem if path.is_file() else path.name
        for path in (ROOT / "src" / "mri_batch").iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    }
    assert found - named == {"__init__", *layers["exhaustive_ignores"]}


def test_slow_tests_are_where_the_list_says() -> None:
    """Each place in tests/conftest.py exists, so that no slow test loses its marker by moving."""
    assert [place for place in (*conftest.SLOW, conftest.BROWSER) if not (ROOT / "tests" / place).exists()] == []


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
    pages = [*PAGES, *(ROOT / "src").rglob("*.html"), *(ROOT / "src").rglob("*.ftl"), *SOURCES]
    word = "diagnos" + "is"
    guilty = [p for p in pages if word in p.read_text("utf-8").lower()]
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
    """Under 100 lines, two set-up commands, research use only."""
    readme = (ROOT / "README.md").read_text("utf-8")
    assert len(readme.splitlines()) < 100
    assert "For research use only; not a medical device" in readme
    assert readme.count("python3 -m venv") == readme.count("```sh") == 2
