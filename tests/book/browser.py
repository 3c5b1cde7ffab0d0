"""A headless Chromium that takes note of what goes wrong on a page."""

from pathlib import Path
from typing import Any

from lmstudy.publishing.chromium import CHROMIUM, Chromium

__all__ = ["CHROMIUM", "Browser"]


class Browser(Chromium):
    """One tab; `faults` collects console errors, uncaught exceptions and failed or remote requests."""

    def __init__(self, profile: Path) -> None:
        self.faults: list[str] = []
        super().__init__(profile)

    def note(self, event: str, values: dict[str, Any]) -> None:
        super().note(event, values)
        if event == "Runtime.exceptionThrown":
            self.faults.append(f"exception: {values['exceptionDetails']}")
        elif event == "Runtime.consoleAPICalled" and values["type"] in ("error", "assert"):
            self.faults.append(f"console: {values['args']}")
        elif event == "Log.entryAdded" and values["entry"]["level"] == "error":
            self.faults.append(f"log: {values['entry']}")
        elif event == "Network.loadingFailed" and not values.get("canceled"):
            self.faults.append(f"request failed: {values}")
        elif event == "Network.requestWillBeSent":
            url = values["request"]["url"]
            if not url.startswith(("file:", "data:", "blob:", "about:")):
                self.faults.append(f"request to the network: {url}")
