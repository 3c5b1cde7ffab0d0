"""A headless Chromium with no network, driven over its DevTools protocol."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote
from urllib.request import Request, urlopen

from lmstudy.errors import StudyError

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
]
NO_NETWORK = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--proxy-server=direct://"]
PATIENCE = 60.0
"""Seconds within which Chromium starts, a page loads, and a command is answered unless more is given."""
FORMULAS_DRAWN = "!window.MathJax?.startup?.promise || MathJax.startup.promise.then(() => true)"


def require_chromium() -> Any:
    """The module that speaks to Chromium; StudyError where it, or Chromium, is not installed."""
    if CHROMIUM is None:
        raise StudyError("no Chromium on PATH (chromium, chromium-browser, google-chrome): apt-get install chromium")
    try:
        import websocket
    except ImportError:
        raise StudyError("the package websocket-client is missing: pip install -e '.[dev]'") from None
    return websocket


class Chromium:
    """One tab, closed at the end of a `with`.

    Raises StudyError where Chromium or the package `websocket-client` is missing, does not start, or does not answer.
    """

    def __init__(self, profile: Path) -> None:
        websocket = require_chromium()
        self.loaded = False
        self._unanswered = websocket.WebSocketTimeoutException
        self._id = 0
        self._process = subprocess.Popen(
            [str(CHROMIUM), *FLAGS, *NO_NETWORK, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            request = Request(f"http://127.0.0.1:{self._port(profile)}/json/new?about:blank", method="PUT")
            with urlopen(request, timeout=PATIENCE) as reply:
                address = json.load(reply)["webSocketDebuggerUrl"]
            self._socket = websocket.create_connection(address, timeout=PATIENCE)
            for domain in ("Page", "Network", "Runtime", "Log"):
                self.call(f"{domain}.enable")
        except BaseException:
            self._stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._stop()

    def call(self, method: str, *, patience: float = PATIENCE, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result, taking note of the events that come in between.

        Args:
            method: of the DevTools protocol.
            patience: seconds that it may take.
            parameters: of the method.

        Raises:
            StudyError: Chromium refuses, or does not answer in time.
        """
        self._id += 1
        self._socket.send(json.dumps({"id": self._id, "method": method, "params": parameters}))
        deadline = time.monotonic() + patience
        while True:
            self._socket.settimeout(max(0.1, deadline - time.monotonic()))
            try:
                message = json.loads(self._socket.recv())
            except self._unanswered as error:
                raise StudyError(f"Chromium did not answer {method} within {patience:.0f} s") from error
            if message.get("id") == self._id:
                if "navigated" in str(message.get("error")) and method == "Runtime.evaluate":
                    time.sleep(0.1)  # index.html had just sent the browser on
                    return self.call(method, **parameters)
                if "error" in message:
                    raise StudyError(f"Chromium refuses {method}: {message['error']}")
                return message["result"]
            self.note(message.get("method", ""), message.get("params", {}))

    def open(self, page: Path, query: str = "") -> None:
        """Load a page from disk and wait until it is loaded."""
        self.loaded = False
        self.call("Page.navigate", url=f"{page.resolve().as_uri()}{'?' * bool(query)}{quote(query, safe='=')}")
        deadline = time.monotonic() + PATIENCE
        while not self.loaded:
            if time.monotonic() > deadline:
                raise StudyError(f"{page}: Chromium did not load it within {PATIENCE:.0f} s")
            self.call("Runtime.evaluate", expression="0")
            time.sleep(0.05)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise."""
        reply = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in reply:
            raise StudyError(f"{expression[:80]}: {reply['exceptionDetails']}")
        return reply["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 10) -> Any:
        """The value of an expression as soon as it is true, or its last value when time is up."""
        deadline = time.monotonic() + seconds
        while not (value := self.evaluate(expression)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return value

    def note(self, event: str, values: dict[str, Any]) -> None:
        """Called with every event of the page."""
        if event == "Page.loadEventFired":
            self.loaded = True

    def _port(self, profile: Path) -> str:
        file = profile / "DevToolsActivePort"
        deadline = time.monotonic() + PATIENCE
        while not (file.exists() and file.read_text().count("\n")):
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise StudyError(f"{CHROMIUM} did not start")
            time.sleep(0.1)
        return file.read_text().splitlines()[0]

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=30)
