"""A hand on the browser: open, press, drag, read pixels, print, and tell what was asked of the network."""

from __future__ import annotations

import base64
import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mri_batch.arrays import Uint8

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1000",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pilot:
    """One running browser. ``downloads``: where it saves files."""

    driver: Any
    downloads: Path

    @staticmethod
    @contextmanager
    def start(browser: str, driver: str, folder: Path, *, scripts: bool) -> Iterator[Pilot]:
        """Start a browser with an empty profile."""
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for flag in (*_FLAGS, f"--user-data-dir={folder / 'profile'}"):
            options.add_argument(flag)
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        started = webdriver.Chrome(options=options, service=Service(driver))
        downloads = folder / "downloads"
        behaviour = {"behavior": "allow", "downloadPath": str(downloads)}
        started.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)
        try:
            yield Pilot(driver=started, downloads=downloads)
        finally:
            started.quit()

    def open(self, path: Path, fragment: str = "") -> None:
        """Open a page of the disk, with nothing remembered."""
        self.driver.get("about:blank")
        self.driver.get(f"{path.as_uri()}{fragment}")

    def forget(self) -> None:
        """Empty the browser's storage and load the page again."""
        self.run("localStorage.clear()")
        self.driver.refresh()

    def run(self, script: str, *values: object) -> Any:
        """Run a script in the page."""
        return self.driver.execute_script(script, *values)

    def find(self, selector: str) -> Any:
        """Return the first element."""
        return self.driver.find_element("css selector", selector)

    def text(self, selector: str) -> str:
        """Return an element's visible text."""
        text: str = self.find(selector).text
        return text

    def visible(self, selector: str) -> bool:
        """Tell whether the first such element is there to be seen."""
        found = self.driver.find_elements("css selector", selector)
        return bool(found) and found[0].is_displayed()

    def press(self, *keys: str) -> None:
        """Press keys on the page itself."""
        self.run("if (document.activeElement) { document.activeElement.blur(); }")
        for key in keys:
            self.find("body").send_keys(key)

    def click(self, selector: str) -> None:
        """Click an element."""
        element = self.find(selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def type(self, selector: str, text: str) -> None:
        """Type over what stands in a field, and leave it."""
        self.find(selector).send_keys("\ue009a\ue000", text, "\ue004")

    def choose(self, selector: str, text: str) -> None:
        """Choose an option by its text."""
        from selenium.webdriver.support.ui import Select

        Select(self.find(selector)).select_by_visible_text(text)

    def slide(self, selector: str, value: int) -> None:
        """Set a slider, as a hand would."""
        self.run(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('input', {bubbles: true}))",
            self.find(selector),
            value,
        )

    def drag(self, selector: str, across: int, down: int) -> None:
        """Drag from the middle of an element."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).click_and_hold(self.find(selector)).move_by_offset(across, down).release().perform()

    def double_click(self, selector: str) -> None:
        """Double-click an element."""
        from selenium.webdriver import ActionChains

        ActionChains(self.driver).double_click(self.find(selector)).perform()

    def wheel(self, selector: str, down: int) -> None:
        """Turn the wheel over an element."""
        self.run(
            "arguments[0].dispatchEvent(new WheelEvent('wheel', {deltaY: arguments[1], cancelable: true}))",
            self.find(selector),
            down,
        )

    def click_at(self, selector: str, share: float) -> None:
        """Press at a share of an element's width."""
        self.run(
            "var box = arguments[0].getBoundingClientRect(); arguments[0].dispatchEvent(new MouseEvent('mousedown',"
            "{clientX: box.left + arguments[1] * box.width, clientY: box.top + 5, bubbles: true}))",
            self.find(selector),
            share,
        )

    def until(self, true: Callable[[], object]) -> None:
        """Wait until something is true; fail after ten seconds."""
        for _ in range(200):
            if true():
                return
            time.sleep(0.05)
        raise AssertionError("the page did not get there in ten seconds")

    def canvas(self, selector: str) -> Uint8:
        """Return what is drawn: uint8[rows, cols, 4], after the next frame."""
        self.driver.execute_async_script(
            "var done = arguments[0]; requestAnimationFrame(function () { requestAnimationFrame(done); })"
        )
        url: str = self.run("return arguments[0].toDataURL()", self.find(selector))
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGBA"))

    def print(self) -> bytes:
        """Print to PDF."""
        answer = self.driver.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
        return base64.b64decode(answer["data"])

    def emulate(self, scheme: str) -> None:
        """Say that the system is dark, or light."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    def asked_of_network(self) -> list[str]:
        """Return the addresses asked for since the last time that are not on this machine."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in asked if url.startswith(("http", "ws", "ftp", "//"))]

    def complaints(self) -> list[str]:
        """Return the console's warnings and errors since the last time."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] != "INFO"]
