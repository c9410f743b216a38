"""Everything that is checked, by one command: ``nox``. Lint, types and tests run in the environment that nox is in."""

from __future__ import annotations

import sys
from pathlib import Path

import nox

TOOLS = ("pytest", "hypothesis", "onnx", "pydicom-data", "scikit-learn")  # with which tests make models, and compare
nox.options.sessions = ["lint", "types", "tests", "runtime"]


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Style, and imports that only go down."""
    session.run(sys.executable, "-m", "ruff", "check", ".")
    session.run(sys.executable, "-m", "ruff", "format", "--check", ".")
    session.run(str(Path(sys.executable).with_name("lint-imports")))


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """Types, strictly, tests included."""
    session.run(sys.executable, "-m", "mypy")


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """All tests, the PyTorch side among them."""
    session.run(sys.executable, "-m", "pytest", *session.posargs)


@nox.session
def runtime(session: nox.Session) -> None:
    """The runtime's tests as a hospital installs it: without PyTorch."""
    session.install(".[cluster]", *TOOLS)
    session.run("pytest", "--ignore=tests/export", "--ignore=tests/browser", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """The runtime's tests with the oldest version of each dependency that pyproject.toml allows."""
    session.install("uv")
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", ".[cluster]")
    session.run("uv", "pip", "install", *TOOLS)  # of these the newest, which leaves the others as they are
    listed = "tests/security/test_supply.py::test_licences_are_those_of_what_is_installed_and_none_is_gpl"  # the newest
    session.run("pytest", "--ignore=tests/export", "--ignore=tests/browser", f"--deselect={listed}", *session.posargs)
