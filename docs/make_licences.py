"""Write ``docs/licences.md`` from the metadata of what is installed: ``python docs/make_licences.py``.

The table holds what ``pip install mri-batch`` brings, on Linux and on Windows, found by following requirements.
"""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from mri_batch.commands.airgap.wheels import Target, choose_licence

HEAD = """# Licences

Made by `python docs/make_licences.py` from the metadata of what `pip install mri-batch` brings; a test holds
the names to what is required, and refuses GPL and AGPL. The extras are not in it. Models and data: see the model cards.

`mri-batch airgap build` collects the licence texts of all wheels, and lists the packages with versions and the digests
that its installation demands.

| package | licence |
|---|---|
"""
TAIL = """
Wheels of numpy, Pillow and onnxruntime carry further libraries, whose notices are in the wheels: among them GCC's
runtime libraries in numpy's, under the GPL with the exception that frees what is linked with them, and libquadmath,
under the LGPL.
"""
TARGETS = tuple(Target(system=system, python="3.12") for system in ("linux", "windows"))


def list_packages() -> list[tuple[str, str]]:
    """Return (name, licence) of every default dependency, in order of the names."""
    wanted, todo = {"mri-batch": "Apache-2.0"}, metadata.requires("mri-batch") or []
    while todo:
        requirement = Requirement(todo.pop())
        name = canonicalize_name(requirement.name)
        if name in wanted or not any(target.wants(requirement, requirement.extras) for target in TARGETS):
            continue
        try:
            about = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            wanted[name] = "not installed here"
            continue
        told = about.metadata
        wanted[name] = choose_licence(told["License-Expression"], told.get_all("Classifier") or [], told["License"])
        todo += about.requires or []
    return sorted(wanted.items())


def write_licences() -> str:
    """Return the page."""
    return HEAD + "".join(f"| {name} | {licence} |\n" for name, licence in list_packages()) + TAIL


if __name__ == "__main__":
    page = Path(__file__).parent / "licences.md"
    page.write_text(write_licences(), "utf-8", newline="\n")
    sys.stdout.write(f"{page}\n")
