"""Fuzz the reader in process, led by coverage: ``python -m tools.fuzz_reader FOLDER --seconds 240``.

Needs ``pip install atheris`` (Linux or macOS). FOLDER, in memory (``/dev/shm``) best, keeps the inputs that reached
something new, so that a later run goes on from them, and what failed. Looked for: any error but our own, a file of
which nothing becomes, a slice without pixels, 20 s or 4 GB over one input, the end of the process. Seeds are those of
``fuzz_scan``.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

_FUZZING = __name__ == "__main__"  # a test imports this module, and needs no atheris


def _import_atheris() -> Any:
    try:
        return importlib.import_module("atheris")
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris")


_atheris: Any = _import_atheris() if _FUZZING else None
_FOLLOWED = ["mri_batch", "pydicom.filereader", "pydicom.encaps", "pydicom.pixels", "PIL.PngImagePlugin"]
with _atheris.instrument_imports(include=_FOLLOWED) if _atheris else nullcontext():
    from mri_batch.read.decode.slices import iter_slices
    from mri_batch.read.find.walk import iter_files
    from mri_batch.read.group import Grouper
    from mri_batch.records import FoundFile, Series, Slice
    from mri_batch.settings import ReadLimits
    from tools.fuzz_scan import load_seeds, mend_png

_LIMITS = ReadLimits()
_MAX_BYTES = 1 << 16
_RULES = ("-timeout=20", "-rss_limit_mb=4096", f"-max_len={_MAX_BYTES}", "-print_final_stats=1")


def read_one(content: bytes, path: Path) -> None:
    """Read a file of this content, at ``path``, as a scan does, and its pixels even where a scan leaves them out."""
    path.write_bytes(mend_png(bytearray(content)) if content.startswith(b"\x89PNG") else content)
    with Grouper(path.parent, limits=_LIMITS) as grouper:
        (met,) = iter_files([path], limits=_LIMITS)
        if not isinstance(met, FoundFile):
            return  # refused unopened: empty, too large
        grouper.add(met)
        studies, leftovers = list(grouper.iter_studies()), list(grouper.iter_leftovers())
    n_files = [len(study.unused) + sum(len(series.files) for series in study.series) for study in studies]
    assert sum(n_files) + len(leftovers) == 1, "the file is not accounted for"
    items = list(iter_slices(Series(series_id="se-0", files=(met,)), limits=_LIMITS))
    assert items, "nothing became of the file"
    assert all(item.pixels.size and item.pixels.dtype == "float32" for item in items if isinstance(item, Slice))


def main() -> None:
    """Fuzz until the time is over or something is found; libFuzzer prints what was done, and ends the process."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=int, default=240)
    parser.add_argument("--seed", type=int, default=8)
    asked = parser.parse_args()
    corpus = asked.folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, (_, content) in enumerate(load_seeds()):
        if len(content) <= _MAX_BYTES:
            (corpus / f"seed-{number}").write_bytes(content)
    flags = (f"-max_total_time={asked.seconds}", f"-seed={asked.seed}", f"-artifact_prefix={asked.folder}/find-")
    _atheris.Setup([sys.argv[0], *_RULES, *flags, str(corpus)], lambda content: read_one(content, asked.folder / "x"))
    _atheris.Fuzz()


if _FUZZING:
    main()
