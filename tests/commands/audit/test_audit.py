"""An audit finds the leaks that are planted in a data set, and keeps quiet about a sound one."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mri_batch.arrays import Float32
from mri_batch.commands.audit.audit import Audit, audit
from mri_batch.commands.audit.write import RESULT, write_audit
from mri_batch.progress import Progress

N = 48  # pictures of the sound data set: 24 patients of two
Row = dict[str, str]


def draw_head(rng: np.random.Generator, side: int = 64) -> Float32:
    """Draw a blob with smooth texture on black, unlike every other one."""
    rows, cols = np.mgrid[0:side, 0:side] / side - 0.5
    head = (rows / rng.uniform(0.3, 0.45)) ** 2 + (cols / rng.uniform(0.3, 0.45)) ** 2 < 1
    coarse = Image.fromarray(rng.uniform(40, 220, (7, 7)).astype(np.float32))
    texture = np.asarray(coarse.resize((side, side), Image.Resampling.BICUBIC))
    return np.clip(np.where(head, texture, 0), 0, 255).astype(np.float32)


def save(folder: Path, name: str, pixels: Float32) -> None:
    """Save as PNG."""
    Image.fromarray(pixels.astype(np.uint8)).save(folder / name)


def make_sound(folder: Path) -> list[Row]:
    """Make a data set without a fault: two classes and both splits, two pictures a patient."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for i in range(N):
        save(folder, f"{i}.png", draw_head(rng))
        patient = i // 2
        rows.append(
            {
                "file": f"{i}.png",
                "label": "ab"[patient % 2],
                "patient_group": f"p{patient}",
                "split": "test" if patient % 6 > 3 else "train",
                "source": "one",
            }
        )
    return rows


def run(folder: Path, rows: list[Row]) -> Audit:
    """Write the labels and audit."""
    with (folder / "labels.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return audit([folder], seed=0, progress=Progress())


def codes(found: Audit) -> set[str]:
    """The codes of the findings."""
    return {finding.code for finding in found.findings}


def test_audit_of_a_sound_data_set_finds_nothing(tmp_path: Path) -> None:
    """No finding at all, so that a finding means something."""
    found = run(tmp_path / "sound", make_sound(tmp_path / "sound"))
    assert codes(found) == set()
    assert found.n == N


def copy_to(folder: Path, rows: list[Row], change: Callable[[Float32], Float32], **facts: str) -> list[Row]:
    """Add a changed copy of the first picture under other facts."""
    pixels = np.asarray(Image.open(folder / "0.png"), np.float32)
    save(folder, "copy.png", change(pixels))
    return [*rows, {**rows[0], "file": "copy.png", **facts}]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"split": "test", "patient_group": "new"}, "ACROSS_SPLITS"),
        ({"label": "b"}, "ACROSS_CLASSES"),
        ({"patient_group": "new"}, "ACROSS_PATIENTS"),
        ({}, "WITHIN"),
    ],
)
@pytest.mark.parametrize("kind", ["EXACT", "NEAR"])
def test_audit_finds_a_copy(tmp_path: Path, kind: str, facts: dict[str, str], code: str) -> None:
    """A copy, also one that is darker and noisy, in another split, class or patient."""
    rows = make_sound(tmp_path / "set")
    rng = np.random.default_rng(1)

    def change(pixels: Float32) -> Float32:
        noise = rng.normal(0, 3, pixels.shape).astype(np.float32)
        return pixels if kind == "EXACT" else np.clip(pixels * 0.8 + noise, 0, 255)

    found = run(tmp_path / "set", copy_to(tmp_path / "set", rows, change, **facts))
    assert f"{kind}_{code}" in codes(found)
    assert len(found.exact if kind == "EXACT" else found.near) == 1
    assert not (found.near if kind == "EXACT" else found.exact)


def test_audit_finds_a_patient_in_two_splits(tmp_path: Path) -> None:
    """One of a patient's pictures moved to the other split."""
    rows = make_sound(tmp_path / "set")
    rows[0]["split"] = "test"
    found = run(tmp_path / "set", rows)
    assert found.shared_patients == ("set/p0",)
    assert "PATIENT_IN_SPLITS" in codes(found)


def test_audit_finds_that_the_size_gives_the_class_away(tmp_path: Path) -> None:
    """One class is larger; a model that resizes would not see it, one on resampling traces would."""
    rows = make_sound(tmp_path / "set")
    rng = np.random.default_rng(2)
    for row in rows:
        if row["label"] == "b":
            save(tmp_path / "set", row["file"], draw_head(rng, 72))
    found = run(tmp_path / "set", rows)
    by_look = {guess.look: guess for guess in found.guesses}
    assert by_look["size and kind of file"].balanced_accuracy == 1.0
    assert by_look["size and kind of file"].is_shortcut
    assert not by_look["histogram"].is_shortcut


def test_audit_finds_that_the_border_gives_the_class_away(tmp_path: Path) -> None:
    """One class has a grey frame."""
    rows = make_sound(tmp_path / "set")
    for row in rows:
        if row["label"] == "b":
            pixels = np.array(Image.open(tmp_path / "set" / row["file"]), np.float32)
            pixels[:2] = 60
            save(tmp_path / "set", row["file"], pixels)
    found = run(tmp_path / "set", rows)
    assert {g.look for g in found.guesses if g.is_shortcut} >= {"border"}


def test_audit_finds_that_a_class_has_a_source_of_its_own(tmp_path: Path) -> None:
    """All of class b from another place."""
    rows = make_sound(tmp_path / "set")
    for row in rows:
        row["source"] = row["label"]
    assert "SOURCE_IS_LABEL" in codes(run(tmp_path / "set", rows))


def test_audit_goes_on_after_a_corrupt_picture(tmp_path: Path) -> None:
    """It is told, and the others are audited."""
    rows = make_sound(tmp_path / "set")
    (tmp_path / "set" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    found = run(tmp_path / "set", rows)
    assert len(found.unreadable) == 1
    assert "3.png" in found.unreadable[0]


def test_audit_writes_a_page_and_the_same_facts_as_json(tmp_path: Path) -> None:
    """The page is one file; the JSON lists every pair."""
    rows = make_sound(tmp_path / "set")
    found = run(tmp_path / "set", copy_to(tmp_path / "set", rows, lambda pixels: pixels, split="test"))
    write_audit(tmp_path, found)
    told = json.loads((tmp_path / RESULT).read_text("utf-8"))
    assert [pair["splits"] for pair in told["exact"]] == [["train", "test"]]
    page = (tmp_path / "index.html").read_text("utf-8")
    assert "EXACT_ACROSS_SPLITS" in page
    assert "http" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "").replace("http-equiv", "")
