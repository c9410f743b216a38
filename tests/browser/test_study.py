"""Every control of the study page, in a real browser, from the disk."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mri_batch.arrays import Uint8
from tests.browser.conftest import TURNS
from tests.browser.pilot import Pilot


@pytest.fixture(autouse=True)
def _closed(pilot: Pilot) -> Iterator[None]:
    """After each test: nothing was asked of the network, and the browser had nothing to complain about."""
    pilot.complaints()
    yield
    assert pilot.asked_of_network() == []
    assert pilot.complaints() == []


@pytest.fixture
def study(pilot: Pilot, site: Path) -> Pilot:
    """The study of two series, freshly opened."""
    pilot.open(site / "studies/st-two/report.html")
    pilot.forget()
    return pilot


def _warmth(drawn: Uint8) -> np.ndarray:
    warmth: np.ndarray = drawn[:, :, 0].astype(float) - drawn[:, :, 2]
    return warmth


def _here(pilot: Pilot) -> int:
    return int(pilot.text("#corner-tr").split()[1])


def test_keys_wheel_and_slider_step_through_the_slices(study: Pilot) -> None:
    """The key slice that speaks loudest for the series comes first; ends hold."""
    assert _here(study) == 5
    study.press("\ue015")  # down
    assert _here(study) == 6
    study.press("\ue013", "\ue013")  # up
    assert _here(study) == 4
    study.press("\ue010")  # End
    assert _here(study) == 6
    study.press("\ue011", "\ue013")  # Home, up
    assert _here(study) == 1
    study.wheel("#stage", 100)
    assert _here(study) == 2
    study.wheel("#stage", -100)
    assert _here(study) == 1
    study.slide("#slice", 3)
    assert _here(study) == 4
    assert "glioma" in study.find("#slice").get_attribute("aria-valuetext")


def test_keys_and_buttons_step_through_key_slices(study: Pilot) -> None:
    """Key slices are a step apart."""
    study.press("p")
    assert _here(study) == 3
    study.press("n")
    assert _here(study) == 5
    study.press("p")
    assert _here(study) == 3
    study.click("#next-key")
    assert _here(study) == 5
    study.click("#previous-key")
    assert _here(study) == 3
    study.click("[data-open='4']")
    assert _here(study) == 5


def test_deciding_slices_are_shaded_and_x_goes_to_the_most_suspicious(study: Pilot) -> None:
    """The strip shades what the answer rests on; x opens the slice of least background probability."""
    shaded = "return Array.from(document.querySelectorAll('#strip rect.deciding')).map(r => +r.getAttribute('x'))"
    assert study.run(shaded) == [2, 4]
    view = study.run("return JSON.parse(document.getElementById('view').textContent)")
    background = view["labels"].index(view["background"])
    least = min(view["series"][0]["slices"], key=lambda i: view["slices"][i]["p"][background])
    study.press("Home")
    study.press("End")
    study.press("x")
    assert _here(study) == least + 1


def test_series_are_chosen_by_list_and_key(study: Pilot) -> None:
    """Each series has its own slices and strip."""
    assert len(study.driver.find_elements("css selector", "#strip rect.p")) == 6
    study.press("s")
    assert _here(study) == 8
    assert len(study.driver.find_elements("css selector", "#strip rect.p")) == 3
    study.click("[data-open='2']")
    assert _here(study) == 3
    assert study.find("#series").get_attribute("value") == "0"


def test_strip_opens_the_slice_that_was_pressed_and_shows_the_chosen_class(study: Pilot) -> None:
    """Bars are probabilities of the class in the list."""
    study.click_at("#strip", 0.95)
    assert _here(study) == 6
    heights = "return Array.from(document.querySelectorAll('#strip rect.p')).map(r => +r.getAttribute('height'))"
    glioma = study.run(heights)
    study.choose("#strip-class", "no tumor")
    assert study.run(heights) != glioma
    assert "no tumor" in study.find("#strip svg").get_attribute("aria-label")


def test_window_and_level_change_by_drag_keys_and_fields_and_reset_by_double_click(study: Pilot) -> None:
    """Across is the window, down the level; the corner tells both."""
    assert study.text("#corner-bl").split() == ["W", "1400", "L", "700"]
    study.drag("#stage", 100, 0)
    assert study.text("#corner-bl").split() == ["W", "1750", "L", "700"]
    study.drag("#stage", 0, 100)
    assert study.text("#corner-bl").split()[3] == "350"
    study.double_click("#stage")
    assert study.text("#corner-bl").split() == ["W", "1400", "L", "700"]
    study.press("]", "+")
    assert study.text("#corner-bl").split() == ["W", "1540", "L", "777"]
    study.press("0")
    study.press("[", "-")
    assert float(study.text("#corner-bl").split()[1]) < 1400
    study.type("#window", "200")
    study.type("#level", "650")
    assert study.text("#corner-bl").split() == ["W", "200", "L", "650"]
    study.click("#reset")
    assert study.text("#corner-bl").split() == ["W", "1400", "L", "700"]


def test_windowing_is_at_full_depth(pilot: Pilot, site: Path) -> None:
    """Values that differ by one are told apart in a narrow window; in 8 bits of 4,096 they would be one."""
    pilot.open(site / "studies/st-depth/report.html")
    pilot.type("#window", "32")
    pilot.type("#level", "1128")
    drawn = pilot.canvas("#canvas")
    middle = drawn[drawn.shape[0] // 2, :, 0].astype(int)
    assert len(set(middle.tolist())) >= 30
    assert np.all(np.diff(middle[middle.size // 4 : -middle.size // 4]) >= 0)
    assert "full depth" in pilot.text("#corner-br")
    assert not pilot.find("#opacity").is_enabled()
    assert pilot.visible("#no-heat")


@pytest.mark.parametrize("at", range(8), ids=[f"mirrored={m},turns={t}" for m, t in TURNS])
def test_heat_lies_on_the_spot_that_it_was_made_for(pilot: Pilot, site: Path, at: int) -> None:
    """In every placement the warmest place of the overlay is the brightest place of the slice, and so is the mark."""
    pilot.open(site / "studies/st-turns/report.html")
    pilot.slide("#slice", at)
    pilot.type("#window", "200")
    pilot.type("#level", "1500")
    pilot.click("#overlay")
    plain = pilot.canvas("#canvas")[:, :-80, 0].astype(float)  # the ruler stands at the right edge
    bright = np.argwhere(plain >= plain.max() - 1).mean(axis=0)
    pilot.click("#overlay")
    pilot.slide("#threshold", 60)
    warm = _warmth(pilot.canvas("#canvas"))
    peak = np.argwhere(warm > 0.5 * warm.max()).mean(axis=0)
    assert np.hypot(*(peak - bright)) < 14


def test_overlay_contour_smooth_and_peak_change_what_is_drawn(study: Pilot) -> None:
    """Each box and key does what it says; without overlay the slice is grey."""
    colourful = study.canvas("#canvas")
    assert _warmth(colourful).max() > 60
    study.press("o")
    grey = study.canvas("#canvas")
    assert np.abs(_warmth(grey)).max() == 0
    assert not study.find("#overlay").is_selected()
    study.press("o", "c")
    lines = study.canvas("#canvas")
    assert study.find("#contour").is_selected()
    assert 0 < np.mean(np.abs(_warmth(lines)) > 30) < 0.3 * np.mean(np.abs(_warmth(colourful)) > 30)
    study.press("c")
    study.click("#smooth")
    assert not np.array_equal(study.canvas("#canvas"), colourful)
    study.click("#smooth")
    study.click("#peak")
    marked = study.canvas("#canvas")
    assert 20 < np.sum(np.any(marked != colourful, axis=2)) < 3000


def test_opacity_and_threshold_weaken_the_overlay(study: Pilot) -> None:
    """No opacity is no overlay; a higher threshold covers less."""
    base = np.sum(_warmth(study.canvas("#canvas")) > 20)
    study.slide("#threshold", 60)
    assert 0 < np.sum(_warmth(study.canvas("#canvas")) > 20) < base
    study.slide("#opacity", 0)
    assert np.abs(_warmth(study.canvas("#canvas"))).max() == 0


def test_method_class_layer_and_head_choose_the_map_and_its_caption(study: Pilot) -> None:
    """Choices appear where there is something to choose; the caption tells each map's own test."""
    assert not study.visible("#layer")
    assert "better than chance" in study.text("#caption")
    study.choose("#method", "Grad-CAM")
    assert "No better than chance on this slice" in study.text("#caption")
    assert "explains glioma" in study.text("#caption")
    assert study.text("#bar-high") == "1"
    first = study.canvas("#canvas")
    study.choose("#heat-class", "pituitary tumor")
    assert "explains pituitary tumor" in study.text("#caption")
    assert not np.array_equal(study.canvas("#canvas"), first)
    study.press("m")
    assert "Raw attention" in study.text("#caption")
    assert study.visible("#layer")
    study.choose("#head", "1")
    assert "layer 11, head 1" in study.text("#caption")
    study.press("n")
    assert "layer 11, head 1" in study.text("#caption")


def test_single_layers_and_heads_are_chosen_where_the_slice_has_them(pilot: Pilot, site: Path) -> None:
    """Every layer and head, and the mean of a layer's heads; each lies where it looked, on its layer's scale."""
    pilot.open(site / "studies/st-heads/report.html")
    pilot.forget()
    pilot.press("\ue011", "\ue015")
    assert not pilot.visible("#layer")
    pilot.choose("#method", "Raw attention")
    options = "return Array.from(document.querySelectorAll('{} option')).map(o => o.textContent)"
    assert pilot.run(options.format("#layer")) == ["10", "11"]
    assert pilot.run(options.format("#head")) == ["all", "0", "1", "2"]
    pilot.choose("#layer", "11")
    assert "layer 11, head all" in pilot.text("#caption")
    assert pilot.text("#bar-high") == "0.389"
    pilot.choose("#head", "2")
    assert "layers 10 to 11, 3 heads each" in pilot.text("#caption")
    assert "peak at row 33, column 84" in pilot.text("#caption")
    assert "largest weight on this slice" in pilot.text("#bar-text")
    pilot.slide("#threshold", 60)
    warm = _warmth(pilot.canvas("#canvas"))
    drawn = np.argwhere(warm > 0.5 * warm.max()).mean(axis=0)
    pilot.choose("#method", "Attention rollout")
    pilot.slide("#threshold", 60)
    other = _warmth(pilot.canvas("#canvas"))
    assert np.hypot(*(np.argwhere(other > 0.5 * other.max()).mean(axis=0) - drawn)) > 100
    pilot.choose("#method", "Raw attention")
    pilot.press("\ue015")
    assert "Attention rollout" in pilot.text("#caption")


def test_slices_without_heat_say_so(study: Pilot) -> None:
    """The controls rest, and a sentence tells why."""
    study.press("\ue015")
    assert study.visible("#no-heat")
    assert not study.find("#opacity").is_enabled()
    assert not study.visible("#bar-box")


def test_letters_and_value_follow_the_pointer_and_the_orientation(study: Pilot) -> None:
    """An axial slice has the front on top, the patient's right on the left; values are at the slice's own pixels."""
    assert [study.text(f"#letter-{side}") for side in ("top", "left", "bottom", "right")] == ["A", "R", "P", "L"]
    study.run(
        "var s = document.getElementById('stage'), b = s.getBoundingClientRect();"
        "s.dispatchEvent(new MouseEvent('mousemove', {clientX: b.left + b.width / 2, clientY: b.top + b.height / 2}))"
    )
    assert re.match(r"row 6[34], column 6[34]: \d+ · Heatmap", study.text("#slice-text"))


def test_language_switch_changes_every_word_of_its_own_and_is_remembered(study: Pilot) -> None:
    """Names of classes and methods, numbers and what scripts write too; names of files stay."""
    study.click("[data-lang='ru']")
    assert study.run("return document.documentElement.lang") == "ru"
    for words in ("Ответ модели: глиома", "Качество данных", "81 %"):
        assert words in study.text("main")
    assert "Срез 5 из 9" in study.text("#corner-tr")
    study.driver.refresh()
    assert "Ответ модели: глиома" in study.text("main")
    study.click("[data-lang='de']")
    for words in ("Ausgabe des Modells: Gliom", "1 Schicht scheint zu fehlen", "2 Klassen bleiben plausibel", "+0,34"):
        assert words in study.text("main")
    assert study.text("#bar-high") == "0,05"
    assert "kein Tumor" in study.text("#slice-text")
    assert "Model output" not in study.text("main")


def test_theme_follows_the_system_until_it_is_chosen(study: Pilot) -> None:
    """Dark where the system is; the button and its key turn it round."""
    colour = "return getComputedStyle(document.body.parentNode).backgroundColor"
    light = study.run(colour)
    study.emulate("dark")
    dark = study.run(colour)
    assert dark != light
    study.click("#theme")
    assert study.run(colour) == light
    study.press("t")
    assert study.run(colour) == dark
    study.emulate("light")


def test_help_opens_holds_the_focus_and_closes(study: Pilot) -> None:
    """By key or button; Escape closes; the focus goes back to where it was."""
    study.find("#help-open").send_keys("\ue007")
    assert study.visible("#help")
    study.find("#help-close").send_keys("\ue004")
    assert study.run("return document.getElementById('help').contains(document.activeElement)")
    study.find("#help-close").send_keys("\ue00c")
    assert not study.visible("#help")
    assert study.run("return document.activeElement.id") == "help-open"
    study.press("?")
    assert study.visible("#help")


def test_single_keys_can_be_turned_off(study: Pilot) -> None:
    """Speech input and screen readers need the letters for themselves."""
    study.press("?")
    study.click("#single-keys")
    study.click("#help-close")
    study.press("o")
    assert study.find("#overlay").is_selected()


def test_result_json_saved_from_the_page_is_the_file(study: Pilot, site: Path) -> None:
    """Byte for byte."""
    study.click("#download")
    saved = study.downloads / "st-two-result.json"
    study.until(saved.exists)
    assert saved.read_bytes() == (site / "studies/st-two/result.json").read_bytes()
    assert json.loads(saved.read_bytes())["label"] == "glioma"


def test_reading_is_kept_in_the_browser(study: Pilot) -> None:
    """An answer and a note survive a reload, and can be cleared."""
    study.click("input[name=answer][value=disagree]")
    study.type("#note", "motion")
    study.driver.refresh()
    assert study.find("input[value=disagree]").is_selected()
    assert study.find("#note").get_attribute("value") == "motion"
    study.click("#clear")
    study.driver.refresh()
    assert not study.find("input[value=disagree]").is_selected()


def test_keyboard_alone_reaches_every_control(study: Pilot) -> None:
    """Tab meets every control that can be used, in the order of the page."""
    wanted = study.run(
        "return Array.from(document.querySelectorAll('button, select, input, a, textarea, summary, [tabindex]'))"
        ".filter(e => e.offsetParent && !e.disabled && e.tabIndex >= 0"
        " && !(e.closest('fieldset') && e.closest('fieldset').disabled)).length"
    )
    study.run(
        "document.activeElement.blur(); window.met = [];"
        "document.addEventListener('focusin', e => { if (met.indexOf(e.target) < 0) { met.push(e.target); } })"
    )
    study.find("body").send_keys("\ue004" * (wanted + 5))
    assert study.run("return met.length") >= wanted - 2  # of three radio buttons, Tab meets one


@pytest.mark.parametrize("name", ["st-0009", "st-0008"])
def test_page_without_pictures_works(pilot: Pilot, site: Path, name: str) -> None:
    """Failed and skipped studies: language and download work, nothing is missing."""
    pilot.open(site / f"studies/{name}/report.html")
    pilot.forget()
    assert "there is no model output" in pilot.text("main")
    pilot.click("[data-lang='fr']")
    assert "aucune sortie du modèle" in pilot.text("main")
    pilot.forget()
