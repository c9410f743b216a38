"""A series goes through the model once."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mri_batch.arrays import Float32
from mri_batch.card import ModelCard, Wiring
from mri_batch.explain.ops.grid import to_patches
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.read.collect import collect
from mri_batch.read.decode.slices import iter_slices
from mri_batch.records import SeriesInfo, Slice
from mri_batch.run import inference as inference_module
from mri_batch.run.inference import infer_series, place_slices
from mri_batch.run.results import Job
from mri_batch.run.study import WorkerModel, process
from mri_batch.settings import ScanSettings
from tests.make import save_series
from tests.paths import VIT


class Counting(Session):
    """A session whose graph has its own rollout, here the last attention; counts what is asked for."""

    def __init__(self, batch_size: int = 4) -> None:
        super().__init__(read_package(VIT), threads=1, batch_size=batch_size)
        self.calls: list[tuple[int, tuple[str, ...]]] = []

    @property
    def card(self) -> ModelCard:
        """The card, with a rollout output."""
        card = super().card
        return card.model_copy(update={"wiring": card.wiring.model_copy(update={"rollout": "rollout"})})

    @property
    def wiring(self) -> Wiring:
        """Of that card."""
        return self.card.wiring

    def outputs(self, pixels: Float32, names: Sequence[str]) -> Mapping[str, Float32]:
        """Count and run."""
        self.calls.append((len(pixels), tuple(names)))
        last = self.wiring.attention[-1]
        known = dict(super().outputs(pixels, [last if name == "rollout" else name for name in names]))
        return {
            name: to_patches(known[last][:, 0, 0], self.wiring) if name == "rollout" else known[name] for name in names
        }

    def _check_outputs(self) -> None:
        """The graph has no rollout."""


def read_job(tmp_path: Path, settings: ScanSettings) -> Job:
    """Group one series of nine slices."""
    save_series(tmp_path / "in", 9)
    with collect(settings.paths, limits=settings.limits) as grouper:
        return Job(study=next(grouper.iter_studies()), key="k")


@pytest.fixture
def settings(tmp_path: Path) -> ScanSettings:
    """Ask for the default heatmap, untested."""
    (tmp_path / "out").mkdir()
    known: dict[str, Any] = {"paths": (tmp_path / "in",), "out": tmp_path / "out", "faithfulness": "none"}
    return ScanSettings(model=VIT, **known)


def test_default_heatmap_comes_from_inference(tmp_path: Path, settings: ScanSettings) -> None:
    """Nine slices are nine passes for logits and rollout together; only the look at single heads takes one more."""
    session = Counting()
    result = process(read_job(tmp_path, settings), settings, WorkerModel(session=session, gate=None))
    rollout = session.wiring.rollout
    assert len(result.key_slices) > 1
    assert all(key.heatmaps[0].method == "rollout" for key in result.key_slices)
    assert sum(n for n, names in session.calls if names == (session.wiring.logits, rollout)) == 9
    assert [(n, names) for n, names in session.calls if rollout not in names] == [(1, session.wiring.attention)]


def test_outputs_do_not_depend_on_batches(tmp_path: Path, settings: ScanSettings) -> None:
    """Kept outputs stand in the order of the slices, as one run over all of them gives them."""
    job = read_job(tmp_path, settings)
    session = Counting()
    once = infer_series(job.study.series[0], session, None, settings.limits, keep=("rollout",))
    again = infer_series(job.study.series[0], Counting(batch_size=9), None, settings.limits, keep=("rollout",))
    assert len(once.placements) == len(once.origins) == len(once.outputs["rollout"]) == 9
    np.testing.assert_allclose(once.outputs["rollout"], again.outputs["rollout"], atol=1e-6)
    np.testing.assert_allclose(once.probabilities, again.probabilities, atol=1e-6)


def test_positions_are_those_of_the_headers_or_of_the_spacing() -> None:
    """Along the normal; with a position missing, by the spacing that is known; unknown without any."""
    info = SeriesInfo(slice_spacing_mm=4.0, slice_thickness_mm=3.0)
    assert place_slices([0.0, -5.0, -10.5], info).tolist() == [0.0, -5.0, -10.5]  # type: ignore[union-attr]
    assert place_slices([0.0, None, 9.0], info).tolist() == [0.0, 4.0, 8.0]  # type: ignore[union-attr]
    assert place_slices([None], SeriesInfo()) is None


def test_next_slices_are_read_while_the_model_runs(
    tmp_path: Path, settings: ScanSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model holds the first batch of four until the eighth slice has been read."""
    second_batch = threading.Event()

    def watched(*args: Any, **more: Any) -> Iterator[Any]:
        for number, item in enumerate(iter_slices(*args, **more)):
            yield item
            if number == 6:  # asked for the one after the seventh
                second_batch.set()

    class Waiting(Counting):
        def outputs(self, pixels: Float32, names: Sequence[str]) -> Mapping[str, Float32]:
            assert second_batch.wait(30)
            return super().outputs(pixels, names)

    monkeypatch.setattr(inference_module, "iter_slices", watched)
    series = read_job(tmp_path, settings).study.series[0]
    assert len(infer_series(series, Waiting(), None, settings.limits).origins) == 9


def test_slices_beyond_the_room_are_decoded_again(tmp_path: Path, settings: ScanSettings) -> None:
    """Without room nothing is kept, a second pass yields the same slices, and with room all are."""
    series = read_job(tmp_path, settings).study.series[0]
    tight = infer_series(series, Counting(), None, settings.limits, room_bytes=3 * 40 * 32 * 4)
    roomy = infer_series(series, Counting(), None, settings.limits)
    assert (tight.kept_bytes, roomy.kept_bytes) == (0, 9 * 40 * 32 * 4)
    for again, kept in zip(tight.iter_pictures(), roomy.iter_pictures(), strict=True):
        np.testing.assert_array_equal(again.pixels, kept.pixels)


def test_slices_are_not_held_once_the_room_is_exceeded(tmp_path: Path, settings: ScanSettings) -> None:
    """The first of nine is let go when the fourth does not fit beside it."""
    series = read_job(tmp_path, settings).study.series[0]
    slices = iter(inference_module._Decoder(series, settings.limits, room_bytes=3 * 40 * 32 * 4))
    first = weakref.ref(next(slices).pixels)
    next(slices)
    assert first() is not None
    next(slices)
    next(slices)
    assert first() is None


@pytest.mark.parametrize(("room_bytes", "n_times"), [(64 << 20, 1), (0, 2)])
def test_slices_are_decoded_once_or_twice(
    tmp_path: Path, settings: ScanSettings, monkeypatch: pytest.MonkeyPatch, room_bytes: int, n_times: int
) -> None:
    """Once where they fit in memory, once more where they do not; the pieces of the report are the same."""
    decoded: list[str] = []

    def counted(*args: Any, **more: Any) -> Iterator[Any]:
        for item in iter_slices(*args, **more):
            assert isinstance(item, Slice)
            decoded.append(item.file.relative)
            yield item

    def write(out: Path, job: Job) -> bytes:
        out.mkdir(exist_ok=True)
        result = process(job, replace(settings, out=out), WorkerModel(session=Counting(), gate=None))
        return (out / "studies" / result.study_id / "pieces.zip").read_bytes()

    job = read_job(tmp_path, settings)
    expected = write(tmp_path / "usual", job)
    monkeypatch.setattr(inference_module, "iter_slices", counted)
    monkeypatch.setattr("mri_batch.run.study.KEPT_BYTES", room_bytes)
    assert write(tmp_path / "out", job) == expected
    assert sorted(decoded) == sorted([file.relative for file in job.study.series[0].files] * n_times)


def test_series_of_one_study_share_the_room(
    tmp_path: Path, settings: ScanSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the first series keeps is no longer there for the second, so that memory is bounded for a study."""
    one = 3 * 40 * 32 * 4
    monkeypatch.setattr("mri_batch.run.study.KEPT_BYTES", one + 100)
    rooms: list[int] = []

    def note(*words: Any, room_bytes: int, **named: Any) -> Any:
        rooms.append(room_bytes)
        return infer_series(*words, room_bytes=room_bytes, **named)

    monkeypatch.setattr("mri_batch.run.study.infer_series", note)
    for number in ("1", "2", "3"):
        save_series(tmp_path / "in" / number, 3, study="1", series=number)
    with collect(settings.paths, limits=settings.limits) as grouper:
        process(Job(study=next(grouper.iter_studies()), key="k"), settings, WorkerModel(session=Counting(), gate=None))
    assert rooms == [one + 100, 100, 100]
