"""Everything that is checked, by one command: ``nox``."""

from __future__ import annotations

import nox

nox.options.sessions = ["lint", "types", "tests", "runtime"]
nox.options.reuse_existing_virtualenvs = True


@nox.session
def lint(session: nox.Session) -> None:
    """Style, import contracts."""
    session.install("-e", ".[dev]")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("lint-imports")


@nox.session
def types(session: nox.Session) -> None:
    """Types, strictly, tests included."""
    session.install("-e", ".[dev]")
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """All tests, with the PyTorch side."""
    session.install("-e", ".[dev]")
    session.run("pytest", *session.posargs)


@nox.session
def runtime(session: nox.Session) -> None:
    """Test as a hospital installs it: no PyTorch."""
    session.install("-e", ".", "pytest", "hypothesis")
    session.run("pytest", "-m", "not export", *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """Run the runtime's tests with the oldest version of each dependency that pyproject.toml allows."""
    session.install("uv")
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", "-e", ".", "pytest", "hypothesis")
    session.run("pytest", "-m", "not export", *session.posargs)
