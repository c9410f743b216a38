from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mri_batch.card import ModelCard
from mri_batch.notes import Note
from mri_batch.read.header.load import load_header
from mri_batch.settings import ReadLimits
from tests import make
from tests.read.reading import CARD, read_paths

NO_TIMES: dict[str, Any] = {"RepetitionTime": None, "EchoTime": None}


@pytest.mark.parametrize(
    ("tags", "weighting"),
    [
        ({"AcquisitionContrast": "FLUID_ATTENUATED", "SeriesDescription": "t1"}, "FLAIR"),
        ({"AcquisitionContrast": "UNKNOWN"} | NO_TIMES, ""),
        ({"SeriesDescription": "t1_se_tra_KM"}, "T1"),
        ({"SeriesDescription": "t2_tirm_tra_dark-fluid"}, "FLAIR"),
        ({"SeriesDescription": "AX T2 FLAIR FS"}, "FLAIR"),
        ({"SeriesDescription": "Sag T1 FLAIR"}, "T1"),
        ({"SeriesDescription": "AX T2*GRE"}, "T2STAR"),
        ({"SeriesDescription": "Ax T2 FSE", "RepetitionTime": 400.0}, "T2"),
        ({"SeriesDescription": "+C 3D BRAVO"}, "T1"),
        ({"ProtocolName": "T1W_3D_TFE"}, "T1"),
        ({"SeriesDescription": "PD+T2 tse"} | NO_TIMES, ""),
        ({"SeriesDescription": "PDw TSE"} | NO_TIMES, "PD"),
        ({"SeriesDescription": "spine C7/T10", **NO_TIMES}, ""),
        ({"SeriesDescription": "Ivanov PTT1"} | NO_TIMES, ""),
        ({"RepetitionTime": 500.0, "EchoTime": 14.0}, "T1"),
        ({"RepetitionTime": 4000.0, "EchoTime": 100.0}, "T2"),
        ({"RepetitionTime": 4000.0, "EchoTime": 20.0}, "PD"),
        ({"RepetitionTime": 4000.0, "EchoTime": 100.0, "ScanningSequence": ["SE", "IR"]}, ""),
        ({"RepetitionTime": 9000.0, "EchoTime": 100.0, "InversionTime": 2500.0}, "FLAIR"),
        ({"RepetitionTime": 1500.0, "EchoTime": 50.0}, ""),
        ({"ScanningSequence": "GR", "RepetitionTime": 500.0, "EchoTime": 10.0}, ""),
        ({"ScanningSequence": ["GR", "IR"], "InversionTime": 900.0, "EchoTime": 3.0}, "T1"),
    ],
)
def test_weighting_is_known_from_words_or_times(tags: dict[str, Any], weighting: str, tmp_path: Path) -> None:
    """The standard's term first, then known words of free text, then a spin echo's times; else nothing."""
    path = make.save(make.make_dicom(**tags), tmp_path / "a.dcm")
    assert (load_header(path, ReadLimits()).info.weighting or "") == weighting


@pytest.mark.parametrize(
    ("tags", "agent"),
    [
        ({"ContrastBolusAgent": "Gadovist for Mr X"}, True),
        ({"ContrastBolusAgent": "NO"}, False),
        ({"ContrastBolusVolume": 7.5}, True),
        ({"ContrastBolusVolume": 0}, None),
        ({}, None),
        ({"SeriesDescription": "t1_mpr_tra_KM"}, True),
        ({"SeriesDescription": "Ax T1 +C"}, True),
        ({"SeriesDescription": "T1 POST GD"}, True),
        ({"SeriesDescription": "T1W_3D_TFE gado"}, True),
        ({"SeriesDescription": "T1 post-op"}, None),
        ({"SeriesDescription": "T2 POST"}, None),
        ({"SeriesDescription": "t1_se_tra"}, None),
        ({"SeriesDescription": "T1 ohne KM"}, False),
        ({"SeriesDescription": "T1 without contrast"}, False),
        ({"SeriesDescription": "T1 nativ"}, False),
        ({"SeriesDescription": "T1 PRE", "ContrastBolusAgent": "Gadovist"}, False),
    ],
)
def test_contrast_agent_is_known_from_attributes_and_words(
    tags: dict[str, Any], agent: bool | None, tmp_path: Path
) -> None:
    """Its name is free text, so only its presence is kept; words of a T1 series count more than copied attributes."""
    path = make.save(make.make_dicom(**tags), tmp_path / "a.dcm")
    assert load_header(path, ReadLimits()).info.contrast_agent is agent


@pytest.mark.parametrize(("contrast", "used"), [("with", "post"), ("without", "pre")])
def test_series_with_and_without_contrast_never_answer_together(contrast: str, used: str, tmp_path: Path) -> None:
    """The one that the model is for answers; the other is left out with its reason."""
    for number, name in enumerate(("pre", "post")):
        make.save_series(tmp_path / name, series=str(number + 1), SeriesDescription=f"t1 {name}")
    outcome = read_paths(tmp_path, card=CARD.model_copy(update={"contrast": contrast}))
    assert {file.relative.split("/")[-2] for series in outcome.series for file in series.files} == {used}
    assert set(outcome.codes) == {"OTHER_CONTRAST"}
    assert {record.reason for record in outcome.unused} == {Note("SERIES_OTHER_CONTRAST")}
    assert outcome.studies[0].caution_reasons == ()


def test_without_any_series_with_contrast_all_answer_with_caution(tmp_path: Path) -> None:
    """Neither is dropped, and the reader is told."""
    for number, name in enumerate(("pre", "untold")):
        make.save_series(tmp_path / name, series=str(number + 1), SeriesDescription=f"t1 {name}")
    outcome = read_paths(tmp_path, card=CARD.model_copy(update={"contrast": "with"}))
    assert len(outcome.series) == 2
    assert outcome.studies[0].caution_reasons == (Note("SERIES_NO_CONTRAST"),)


def test_card_without_wishes_takes_any_series(tmp_path: Path) -> None:
    """Empty fields ask for nothing, as in packages written before they were there."""
    make.save_series(tmp_path, BodyPartExamined="KNEE", RepetitionTime=4000.0, EchoTime=95.0)
    outcome = read_paths(tmp_path, card=ModelCard(name="any", labels=("a", "b")))
    assert [len(series.files) for series in outcome.series] == [5]


def test_used_series_says_why(tmp_path: Path) -> None:
    """The reason names what the header tells."""
    make.save_series(tmp_path)
    (series,) = read_paths(tmp_path).series
    terms = [Note("TEXT", {"text": term}) for term in ("MR", "HEAD")]
    known = (*terms, Note("PLANE", {"plane": "axial"}), Note("WEIGHTING", {"weighting": "T1"}))
    assert series.reason == Note("SERIES_FITS", {"known": known})


def test_misfitting_series_that_is_used_says_so(tmp_path: Path) -> None:
    """The reason names what the series is and what the model is for, and the study asks for caution."""
    make.save_series(tmp_path, RepetitionTime=4000.0, EchoTime=95.0)
    outcome = read_paths(tmp_path)
    t1, t2 = (Note("WEIGHTING", {"weighting": weighting}) for weighting in ("T1", "T2"))
    misfit = Note("SERIES_OTHER", {"wanted": (t1,), "found": t2})
    assert outcome.series[0].reason == Note("SERIES_NONE_FITS", {"misfit": misfit})
    assert outcome.studies[0].caution_reasons == (misfit,)
