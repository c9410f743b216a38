"""An evaluation of a model with known predictions, from the data set to the files."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from PIL import Image

from mri_batch.arrays import Float32, Int64
from mri_batch.card import MethodEntry
from mri_batch.commands.evaluate.estimate import Bootstrap
from mri_batch.commands.evaluate.evaluation import EvaluateSettings, Evaluation, Missing, evaluate
from mri_batch.commands.evaluate.folder import prepare_folder
from mri_batch.commands.evaluate.heatmap_metrics import Baseline, Measure, summarise_maps
from mri_batch.commands.evaluate.heatmap_scores import MapBudget, measure_maps
from mri_batch.commands.evaluate.predictions import Predictions
from mri_batch.commands.evaluate.summary import Rows, rows_by_patient, summarise
from mri_batch.commands.evaluate.write import RESULT, write_evaluation
from mri_batch.dataset import choose_split, load_dataset
from mri_batch.errors import OutputError, UsageError
from mri_batch.explain.base import Family, Forward, Method
from mri_batch.explain.registry import ChosenMethod
from mri_batch.model.package import read_package
from mri_batch.model.session import Session
from mri_batch.progress import Progress
from mri_batch.records import Attribution, Verdict
from mri_batch.run.scan import scan
from mri_batch.settings import ScanSettings
from tests.commands.evaluate.tiny import LABELS, SIDE, make_data, make_package

DRAWS = Bootstrap(n_draws=50)
PICTURES, PATIENTS = "uulluulLUl", "aabbccddee"  # two of ten carry the wrong label


def run(model: Path, data: Path, **settings: object) -> tuple[Evaluation, Predictions]:
    """Evaluate in one thread, without heatmaps unless they are asked for."""
    base: dict[str, object] = {
        "explain": ("none",),
        "bootstrap": DRAWS,
        "threads": 1,
        "model": model,
        "datasets": (data,),
    }
    return evaluate(EvaluateSettings(**base | settings), Progress())  # type: ignore[arg-type]


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The package."""
    return make_package(tmp_path / "model")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Ten pictures of five patients."""
    return make_data(tmp_path / "data", PICTURES, PATIENTS, masks=True)


def test_evaluation_counts_what_is_right(model: Path, data: Path) -> None:
    """Eight of ten slices; each wrong label falls in its own cell, and sources are told apart."""
    found, predictions = run(model, data)
    assert found.slices.overall["accuracy"].value == 0.8
    assert found.slices.confusion == ((4, 1), (1, 4))
    assert found.slices.n_units == 5
    assert [(s.name, s.n) for s in found.sources] == [("one", 5), ("two", 5)]
    assert predictions.labels == LABELS


def test_patient_is_the_mean_of_its_slices(model: Path, data: Path) -> None:
    """By the card's rule; a patient with two labels counts once for each."""
    _, predictions = run(model, data)
    rows = rows_by_patient(predictions, read_package(model).card)
    assert len(rows.targets) == 6
    assert len(set(rows.units)) == 5
    assert np.allclose(rows.probabilities[0], predictions.probabilities[:2].mean(axis=0))


def test_evaluation_and_scan_give_the_same_probabilities(tmp_path: Path, data: Path) -> None:
    """To the last bit, so that a scan's files alone give the figures again."""
    gate = {"out_of_distribution": {"refuse_above": 0.95, "caution_above": 0.9}}
    model = make_package(tmp_path / "model", gate)
    _, predictions = run(model, data)
    settings = ScanSettings(paths=(data,), out=tmp_path / "scan", model=model, explain=("none",), threads=1)
    scan(settings, Progress())
    found, again = run(model, data, scan=tmp_path / "scan")
    assert np.array_equal(again.probabilities, predictions.probabilities)
    assert found.slices.overall["accuracy"].value == 0.8
    assert found.no_gate_scores is Missing.SCAN_WITHOUT_SCORES


def test_figures_from_a_scan_need_all_of_its_pictures(tmp_path: Path, model: Path, data: Path) -> None:
    """A picture that was not scanned is named."""
    settings = ScanSettings(paths=(data / "0.png",), out=tmp_path / "scan", model=model, explain=("none",), threads=1)
    scan(settings, Progress())
    with pytest.raises(UsageError) as refused:
        run(model, data, scan=tmp_path / "scan")
    assert refused.value.code == "SCAN_INCOMPLETE"


def test_coverage_is_counted_by_class(tmp_path: Path, data: Path) -> None:
    """A threshold that always keeps one class and never the other."""
    sets = {"conformal": {"alpha": 0.1, "thresholds": {"lower": 1.0, "upper": 0.0}}}
    found, _ = run(make_package(tmp_path / "model", sets), data)
    assert [(c.label, c.coverage.value, c.nominal) for c in found.coverage] == [
        ("lower", 1.0, 0.9),
        ("upper", 0.0, 0.9),
    ]
    assert found.coverage[0].sizes == (0, 5, 0)


def test_gate_refuses_what_lies_far_off(tmp_path: Path, data: Path) -> None:
    """Features of the data lie near the class means; a white picture lies farther, and is refused with its verdict."""
    near = {"out_of_distribution": {"refuse_above": 0.95, "caution_above": 0.9}, "abstain_below": 0.0}
    model = make_package(tmp_path / "model", near)
    outside = tmp_path / "white"
    outside.mkdir()
    for i in range(3):
        Image.fromarray(np.full((SIDE, SIDE), 255, np.uint8)).save(outside / f"{i}.png")
    (outside / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    found, predictions = run(model, data, ood=(outside,))
    assert len(predictions.gate_scores) == 10
    assert found.refusals[0].refused.value == pytest.approx((predictions.gate_scores > 0.95).mean())
    assert (found.ood[0].value, found.ood[0].n, found.ood[0].refused.value) == ("white", 3, 1.0)
    assert found.ood[0].abstained.value == 1.0
    assert found.ood[0].n_unreadable == 1


def test_verdicts_share_the_slices_out(tmp_path: Path, data: Path) -> None:
    """Every slice has one verdict; the surest are reported."""
    found, _ = run(make_package(tmp_path / "model", {"caution_below": 0.99, "abstain_below": 0.95}), data)
    assert sum(v.n for v in found.verdicts) == 10
    assert {v.verdict for v in found.verdicts} == set(Verdict)


class Brightness(Method):
    """A method that shows where the picture is bright, which is where the outline lies."""

    name: ClassVar[str] = "brightness"
    family: ClassVar[Family] = "perturbation"

    def __call__(self, forward: Forward, pixels: Float32, target: Int64) -> Attribution:
        """Means of 8 x 8 px."""
        cells = pixels[:, 0].reshape(len(pixels), 8, SIDE // 8, 8, SIDE // 8)
        return Attribution(heat=cells.mean(axis=(2, 4)), method=self.name, label=None)


BRIGHTNESS = ChosenMethod(method=Brightness(), entry=MethodEntry(method="brightness"))


def test_maps_are_measured_beside_chance(model: Path, data: Path) -> None:
    """A map that lies on the outline has all of its marks; a random map has those of chance."""
    _, predictions = run(model, data)
    session = Session(read_package(model), threads=1)
    measured = measure_maps(predictions, [BRIGHTNESS], session, MapBudget(slices=8, faith_slices=1), Progress())
    on, by_chance, centre = summarise_maps(measured, DRAWS)
    assert (on.method, by_chance.method, centre.method) == ("brightness", Baseline.RANDOM, Baseline.CENTRE)
    assert (on.n, on.n_faith) == (8, 1)
    assert on.metrics[Measure.POINTING].value == 1.0
    assert on.metrics[Measure.AUPRC].value > 0.95
    assert by_chance.metrics[Measure.AUPRC].value == pytest.approx(0.5, abs=0.1)
    assert on.metrics[Measure.ENERGY].value > 1.5
    assert by_chance.metrics[Measure.ENERGY].value == pytest.approx(1.0, abs=0.1)
    assert on.metrics[Measure.CLASS_AGREEMENT].value == pytest.approx(1.0)
    assert by_chance.metrics[Measure.CLASS_AGREEMENT].value == pytest.approx(0.0, abs=0.3)
    assert centre.metrics[Measure.WEIGHT_AGREEMENT].value == 1.0
    assert {Measure.DELETION, Measure.INSERTION} <= centre.metrics.keys() & by_chance.metrics.keys() & on.metrics.keys()


def test_random_map_stands_beside_maps_alone(model: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all methods are too dear for more slices, the random map is not measured on more of them either."""
    _, predictions = run(model, data)
    monkeypatch.setattr("mri_batch.commands.evaluate.heatmap_scores.FEWEST", 3)
    session = Session(read_package(model), threads=1)
    budget = MapBudget(slices=8, faith_slices=0, passes=1)
    measured = measure_maps(predictions, [BRIGHTNESS], session, budget, Progress())
    counts = {name: len(scores) for name, scores in measured.scores.items()}
    assert counts == {"brightness": 3, Baseline.RANDOM: 3, Baseline.CENTRE: 3}


def test_evaluation_files_agree_with_one_another(tmp_path: Path, model: Path, data: Path) -> None:
    """The accuracy can be worked out again from slices.csv, and stands in figures.csv, in the JSON and on the page."""
    found, predictions = run(model, data, explain=("auto",), maps=MapBudget(slices=2, faith_slices=1))
    write_evaluation(tmp_path, found, predictions, read_package(model).card)
    with (tmp_path / "slices.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert np.mean([row["label"] == row["predicted"] for row in rows]) == 0.8
    assert [float(row["p_upper"]) for row in rows] == [float(p) for p in predictions.probabilities[:, 1]]
    whole = json.loads((tmp_path / RESULT).read_text("utf-8"))
    assert whole["schema_version"] == 2
    assert whole["slices"]["overall"]["accuracy"]["value"] == 0.8
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "80.0 %" in page
    assert page.count("data:image/jpeg") == len(found.gallery)
    assert sum(not picture.right for picture in found.gallery) == 2


def test_evaluation_twice_gives_the_same_numbers(model: Path, data: Path) -> None:
    """Intervals included, from one seed."""
    assert run(model, data)[0].slices == run(model, data)[0].slices


def test_unknown_label_is_refused_by_name(model: Path, tmp_path: Path) -> None:
    """Before the model runs."""
    data = make_data(tmp_path / "data", "ul", "ab")
    (data / "labels.csv").write_text("file,label\n0.png,upper\n1.png,sideways\n")
    with pytest.raises(UsageError) as refused:
        run(model, data)
    assert refused.value.code == "DATASET_UNKNOWN_LABEL"
    assert "sideways" in str(refused.value)


def test_unreadable_picture_is_refused_by_name(model: Path, data: Path) -> None:
    """A figure over fewer pictures than it says would be no figure."""
    (data / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(UsageError) as refused:
        run(model, data)
    assert refused.value.code == "DATASET_UNREADABLE"
    assert "3.png" in str(refused.value)


def test_test_split_is_the_default_where_there_are_splits(tmp_path: Path) -> None:
    """Else all pictures; an absent split is an error."""
    data = make_data(tmp_path / "data", "ulu", "abc")
    assert len(choose_split(load_dataset([data]), None)) == 3
    (data / "labels.csv").write_text("file,label,split\n0.png,upper,train\n1.png,lower,test\n2.png,upper,train\n")
    assert [item.name for item in choose_split(load_dataset([data]), None)] == ["1.png"]
    assert len(choose_split(load_dataset([data]), "all")) == 3
    with pytest.raises(UsageError):
        choose_split(load_dataset([data]), "val")


def test_data_set_without_the_named_columns_is_refused(tmp_path: Path) -> None:
    """A table that names no file."""
    data = make_data(tmp_path / "data", "ul", "ab")
    (data / "labels.csv").write_text("name,label\n0.png,upper\n")
    with pytest.raises(UsageError) as refused:
        load_dataset([data])
    assert refused.value.code == "DATASET_NO_COLUMN"


def test_output_folder_of_another_kind_is_refused(tmp_path: Path) -> None:
    """Nothing of anyone else's is written over; an earlier evaluation may be."""
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(OutputError):
        prepare_folder(tmp_path, RESULT)
    (tmp_path / RESULT).write_text("{}")
    prepare_folder(tmp_path, RESULT)


def test_intervals_hold_the_true_accuracy_about_as_often_as_they_say() -> None:
    """95 % intervals over patients whose slices agree: of 60 data sets drawn, at least 50 hold 0.8."""
    held = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        right = np.repeat(rng.random(60) < 0.8, 4)
        p = np.where(right, 0.9, 0.1)
        rows = Rows(
            labels=LABELS,
            probabilities=np.stack([p, 1 - p], axis=1),
            targets=np.zeros(240, np.int64),
            units=tuple(np.repeat(np.arange(60), 4).astype(str).tolist()),
        )
        figure = summarise(rows, Bootstrap(n_draws=200, seed=1)).overall["accuracy"]
        held += figure.low <= 0.8 <= figure.high
    assert held >= 50
