"""A headless Chromium with no network, driven over its DevTools protocol."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote
from urllib.request import Request, urlopen

import websocket

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = re.findall(
    r"\S+",
    """
--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking
--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-port=0 --remote-allow-origins=*
""",
)
NO_NETWORK = ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--proxy-server=direct://"]


class Browser:
    """One tab; `faults` collects console errors, uncaught exceptions and failed or remote requests."""

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM is not None
        self.faults: list[str] = []
        self.loaded = False
        self._id = 0
        self._process = subprocess.Popen(
            [CHROMIUM, *FLAGS, *NO_NETWORK, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        port_file = profile / "DevToolsActivePort"
        deadline = time.monotonic() + 60
        while not (port_file.exists() and port_file.read_text().count("\n")):
            assert time.monotonic() < deadline, "Chromium did not start"
            time.sleep(0.1)
        port = port_file.read_text().splitlines()[0]
        request = Request(f"http://127.0.0.1:{port}/json/new?about:blank", method="PUT")
        with urlopen(request, timeout=60) as reply:
            address = json.load(reply)["webSocketDebuggerUrl"]
        self._socket = websocket.create_connection(address, timeout=60)
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=30)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one command and return its result, taking note of the events that come in between."""
        self._id += 1
        self._socket.send(json.dumps({"id": self._id, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv())
            if message.get("id") == self._id:
                if "navigated" in str(message.get("error")) and method == "Runtime.evaluate":
                    time.sleep(0.1)  # index.html had just sent the browser on
                    return self.call(method, **parameters)
                assert "error" not in message, message
                return message["result"]
            self._note(message)

    def open(self, page: Path, query: str = "") -> None:
        """Load a page from disk and wait until it is loaded."""
        self.loaded = False
        self.call("Page.navigate", url=f"{page.resolve().as_uri()}{'?' * bool(query)}{quote(query, safe='=')}")
        deadline = time.monotonic() + 60
        while not self.loaded:
            assert time.monotonic() < deadline, f"{page} did not load"
            self.call("Runtime.evaluate", expression="0")
            time.sleep(0.05)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, awaited if it is a promise."""
        reply = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in reply, reply
        return reply["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 10) -> Any:
        """The value of an expression as soon as it is true, or its last value when time is up."""
        deadline = time.monotonic() + seconds
        while not (value := self.evaluate(expression)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return value

    def _note(self, message: dict[str, Any]) -> None:
        method, values = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Runtime.exceptionThrown":
            self.faults.append(f"exception: {values['exceptionDetails']}")
        elif method == "Runtime.consoleAPICalled" and values["type"] in ("error", "assert"):
            self.faults.append(f"console: {values['args']}")
        elif method == "Log.entryAdded" and values["entry"]["level"] == "error":
            self.faults.append(f"log: {values['entry']}")
        elif method == "Network.loadingFailed" and not values.get("canceled"):
            self.faults.append(f"request failed: {values}")
        elif method == "Network.requestWillBeSent":
            url = values["request"]["url"]
            if not url.startswith(("file:", "data:", "blob:", "about:")):
                self.faults.append(f"request to the network: {url}")
