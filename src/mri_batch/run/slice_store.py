"""Decoded slices that a study's report still needs: in memory while they fit, beyond that on disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

import numpy as np

from mri_batch.errors import OutputError
from mri_batch.files import cannot_write
from mri_batch.records import Slice


@dataclass(frozen=True, slots=True, kw_only=True)
class _OnDisk:
    """A slice whose pixels are in the file: float32 of ``shape`` from the byte ``offset`` on."""

    without_pixels: Slice
    shape: tuple[int, ...]
    offset: int


class SliceStore:
    """Slices by their index in the study. A context: what it holds is let go at its end.

    ``room_bytes`` of pixels may be held in memory; those of the others go to an unnamed file in ``folder``.
    """

    def __init__(self, folder: Path, *, room_bytes: int) -> None:
        self._folder, self._room_bytes = folder, room_bytes
        self._items: dict[int, Slice | _OnDisk] = {}
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def __getitem__(self, index: int) -> Slice:
        item = self._items[index]
        return self._read(item) if isinstance(item, _OnDisk) else item

    def __iter__(self) -> Iterator[int]:
        """Yield the indices in order."""
        return iter(sorted(self._items))

    def hold(self, index: int, picture: Slice) -> None:
        """Hold a slice that is in memory anyway."""
        self._items[index] = picture

    def add(self, index: int, picture: Slice) -> None:
        """Add a slice. Raises OutputError where the disk does not take it."""
        if picture.pixels.nbytes <= self._room_bytes:
            self._room_bytes -= picture.pixels.nbytes
            self._items[index] = picture
            return
        try:
            self._items[index] = self._write(picture)
        except OSError as error:
            raise cannot_write(self._folder, error) from error

    def clear(self) -> None:
        """Let go of all slices."""
        self._items.clear()
        if self._file is not None:
            self._file.close()
            self._file = None

    def _write(self, picture: Slice) -> _OnDisk:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._file = TemporaryFile(dir=self._folder)  # noqa: SIM115 - closed by clear()
        offset = self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(picture.pixels).data)
        without = replace(picture, pixels=np.zeros((0, 0), np.float32))
        return _OnDisk(without_pixels=without, shape=picture.pixels.shape, offset=offset)

    def _read(self, item: _OnDisk) -> Slice:
        assert self._file is not None
        pixels = np.empty(item.shape, np.float32)
        self._file.seek(item.offset)
        if self._file.readinto(pixels.data.cast("B")) != pixels.nbytes:  # type: ignore[attr-defined]
            raise OutputError("the scratch file ends early", code="OUTPUT_UNWRITABLE", file=str(self._folder))
        return replace(item.without_pixels, pixels=pixels)
