"""Checks as nox sessions. ``nox`` runs the four that every change must pass; ``nox --list`` shows the others.

Sessions without an environment of their own run in the one that nox is installed in.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nox

TEST_TOOLS = ("pytest", "pytest-xdist", "hypothesis", "onnx", "packaging", "pydicom-data", "scikit-learn")
QUICK = ("-m", "not slow and not browser")
WITHOUT_TORCH = ("--ignore=tests/export", "--ignore=tests/browser")
COVERAGE_PERCENT = 85  # branch coverage of the quick tests; raise it when it has risen

nox.options.sessions = ["lint", "types", "tests", "runtime"]


def run_module(session: nox.Session, module: str, *words: str) -> None:
    """Run ``python -m module`` in the environment that nox is installed in."""
    session.run(sys.executable, "-m", module, *words)


@nox.session(venv_backend="none")
def lint(session: nox.Session) -> None:
    """Style, spelling, and the import contracts."""
    run_module(session, "ruff", "check", ".")
    run_module(session, "ruff", "format", "--check", ".")
    run_module(session, "codespell_lib")
    session.run(str(Path(sys.executable).with_name("lint-imports")))


@nox.session(venv_backend="none")
def types(session: nox.Session) -> None:
    """mypy, strict, over sources, tests, benchmarks and tools."""
    run_module(session, "mypy")


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """All tests, on all cores. Arguments after ``--`` go to pytest."""
    run_module(session, "pytest", "-n", "auto", *session.posargs)


@nox.session
def runtime(session: nox.Session) -> None:
    """The quick runtime tests, in an environment without PyTorch, from an installed wheel."""
    session.install(".[cluster]", *TEST_TOOLS)
    session.run("pytest", "-n", "auto", *QUICK, *WITHOUT_TORCH, *session.posargs)


@nox.session
def lowest(session: nox.Session) -> None:
    """All runtime tests with the oldest version of each dependency that pyproject.toml allows."""
    session.install("uv")
    session.run("uv", "pip", "install", "--resolution", "lowest-direct", ".[cluster]")
    session.run("uv", "pip", "install", *TEST_TOOLS)  # the newest of these, leaving the others as they are
    newest = "tests/security/test_supply.py::test_licences_are_those_of_what_is_installed_and_none_is_gpl"
    session.run("pytest", "-n", "auto", *WITHOUT_TORCH, f"--deselect={newest}", *session.posargs)


@nox.session(venv_backend="none")
def coverage(session: nox.Session) -> None:
    """Branch coverage of the quick tests, worker processes included; fails below the threshold."""
    options = ("--cov", "--cov-report=term", f"--cov-fail-under={COVERAGE_PERCENT}")
    run_module(session, "pytest", "-n", "auto", *QUICK, *options, *session.posargs)


@nox.session(venv_backend="none")
def faults(session: nox.Session) -> None:
    """Every system call of a scan fails in turn, in three ways; then 200 random kills."""
    run_module(session, "tools.faults", "--every", "1")
    run_module(session, "tools.faults", "--kills", "200", "--seed", "1")


@nox.session(venv_backend="none")
def mutants(session: nox.Session) -> None:
    """Break each promise of a scan, one line at a time; the tests must notice every one."""
    run_module(session, "tools.mutants", *session.posargs)


@nox.session(venv_backend="none")
def fuzz(session: nox.Session) -> None:
    """Scan 20,000 mutants of real files. Arguments after ``--`` go to the tool, for example ``--mutants 500``."""
    run_module(session, "tools.fuzz_scan", *session.posargs)
