"""The pictures of a study's report in one file beside the page, so that pages can be made again without the scans.

``pieces.zip`` holds a manifest and, per slice, its values upright, as whole numbers with a slope and an intercept;
for key slices also the heat on its own grid, what the model saw, and ready-made pictures. What was given up to keep
a page's budget (:mod:`mri_batch.report.study.budget`) is in the manifest and on the page.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile

from mri_batch.placement import Placement
from mri_batch.prefetch import map_prefetched
from mri_batch.records import ReportSlice
from mri_batch.report.schema import from_heatmap, to_heatmap
from mri_batch.report.schema.notes import from_notes, to_notes
from mri_batch.report.study.budget import fit_pieces
from mri_batch.report.study.draft import Draft, first_share, make_draft, upright_aspect
from mri_batch.report.study.piece import Piece, PieceHeads, PieceHeat
from mri_batch.report.study.thumbnails import make_thumbnail, to_upright, unturned
from mri_batch.text import JsonObject, to_json

SCHEMA_VERSION = 2  # 1 had notes as English sentences; it can still be read
_STAMP = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def write_pieces(path: Path, slices: Iterable[ReportSlice], *, threads: int = 1) -> None:
    """Write ``pieces.zip``, and ``thumb.jpg`` beside it where a slice has heat; the same slices give the same bytes."""
    drafts: list[Draft] = []
    best, loudest = (False, -1.0), None
    with TemporaryFile(dir=path.parent) as numbers:  # 100 MB of a full report would swell every worker
        for (draft, own), each in map_prefetched(lambda each: (make_draft(each), each), slices, threads):
            drafts.append(draft)
            numbers.write(own.tobytes())
            rank = _rank(each)
            if rank > best:
                best, loudest = rank, each
        numbers.seek(0)
        _write_zip(path, fit_pieces(drafts, numbers, threads))
    if loudest is not None:
        path.with_name("thumb.jpg").write_bytes(_thumbnail(loudest))


def load_pieces(path: Path) -> tuple[Piece, ...]:
    """Load the pieces of a study, in order; values stay coded until they are asked for."""
    with zipfile.ZipFile(path) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        return tuple(_load_piece(archive, entry) for entry in manifest["slices"])


def _rank(report_slice: ReportSlice) -> tuple[bool, float]:
    """Rank a slice as the study's small picture: the one whose heat is tested, then the hottest."""
    share = first_share(report_slice)
    tested = any(heat.about.faithfulness is not None for heat in report_slice.heats)
    return tested, float(share.max()) if share is not None else -1.0


def _thumbnail(report_slice: ReportSlice) -> bytes:
    upright = to_upright(report_slice.picture.pixels, report_slice.placement)
    grown = unturned(report_slice.placement)
    return make_thumbnail(
        upright, report_slice.picture.window, grown, upright_aspect(report_slice), first_share(report_slice)
    )


def _write_zip(path: Path, pieces: Sequence[Piece]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for piece in pieces:
            for name, content in _contents(piece):
                archive.writestr(zipfile.ZipInfo(name, _STAMP), content)
        manifest = {"schema_version": SCHEMA_VERSION, "slices": [_describe(piece) for piece in pieces]}
        archive.writestr(zipfile.ZipInfo("manifest.json", _STAMP), to_json(manifest, indent=1))


def _contents(piece: Piece) -> list[tuple[str, bytes]]:
    named = [(f"{piece.index}/plane{i}", plane) for i, plane in enumerate(piece.planes)]
    named += [(f"{piece.index}/heat{i}", heat.coded) for i, heat in enumerate(piece.heats)]
    named += [(f"{piece.index}/heads", piece.heads.coded if piece.heads else b"")]
    named += [(f"{piece.index}/prepared.jpg", piece.prepared), (f"{piece.index}/still.jpg", piece.still)]
    return [(name, content) for name, content in named if content]


def _describe(piece: Piece) -> JsonObject:
    return {
        "index": piece.index,
        "rows": piece.rows,
        "cols": piece.cols,
        "n_planes": len(piece.planes),
        "slope": piece.slope,
        "intercept": piece.intercept,
        "error": piece.error,
        "window": piece.window,
        "spacing_mm": piece.spacing_mm,
        "orientation": piece.orientation,
        "placement": asdict(piece.placement),
        "notes": from_notes(piece.notes),
        "heats": [{"about": from_heatmap(h.about), "low": h.low, "step": h.step} for h in piece.heats],
        "prepared": bool(piece.prepared),
        "still": bool(piece.still),
        "heads": _describe_heads(piece.heads) if piece.heads else None,
    }


def _describe_heads(heads: PieceHeads) -> JsonObject:
    return {"first_layer": heads.first_layer, "heads": heads.heads, "grid": heads.grid, "steps": heads.steps}


def _load_heads(archive: zipfile.ZipFile, entry: JsonObject) -> PieceHeads | None:
    about = entry.get("heads")  # absent where an earlier version wrote the pieces
    if not about:
        return None
    return PieceHeads(
        first_layer=about["first_layer"],
        heads=about["heads"],
        grid=(about["grid"][0], about["grid"][1]),
        steps=tuple(about["steps"]),
        coded=archive.read(f"{entry['index']}/heads"),
    )


def _load_piece(archive: zipfile.ZipFile, entry: JsonObject) -> Piece:
    at = entry["index"]
    heats = [
        PieceHeat(
            about=to_heatmap(heat["about"]),
            low=heat["low"],
            step=heat["step"],
            coded=archive.read(f"{at}/heat{i}"),
        )
        for i, heat in enumerate(entry["heats"])
    ]
    spacing, orientation = entry["spacing_mm"], entry["orientation"]
    return Piece(
        index=at,
        rows=entry["rows"],
        cols=entry["cols"],
        planes=tuple(archive.read(f"{at}/plane{i}") for i in range(entry["n_planes"])),
        slope=entry["slope"],
        intercept=entry["intercept"],
        error=entry["error"],
        window=(entry["window"][0], entry["window"][1]),
        spacing_mm=(spacing[0], spacing[1]) if spacing else None,
        orientation=tuple(orientation) if orientation else None,
        placement=Placement(**entry["placement"]),
        notes=to_notes(entry["notes"]),
        heats=tuple(heats),
        prepared=archive.read(f"{at}/prepared.jpg") if entry["prepared"] else b"",
        still=archive.read(f"{at}/still.jpg") if entry["still"] else b"",
        heads=_load_heads(archive, entry),
    )
