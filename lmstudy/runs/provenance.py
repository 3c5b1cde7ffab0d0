"""Where a run happened: code, library versions, machine, time."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import lmstudy

LIBRARIES = (
    "lmstudy",
    "torch",
    "lightning",
    "torchmetrics",
    "numpy",
    "scipy",
    "tokenizers",
    "datasets",
    "transformers",
)
"""Those that decide results; the last, a peer, where it is installed."""

CODE = ("lmstudy", "conf", "pyproject.toml", "constraints.txt")  # what can change a result


class Timed(Protocol):
    """When something began, as `now` says it, and the seconds that it has taken so far."""

    started: str

    @property
    def seconds(self) -> float: ...

    @property
    def parts(self) -> dict[str, float] | None:
        """What the seconds went into, adding up to them; None where that is not told."""
        ...


class Clock:
    """Runs from when it is made."""

    def __init__(self) -> None:
        self.started = now()
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    @property
    def stamp(self) -> str:
        """When it began, as names of records hold it: 20260131-120000."""
        return self.started.translate(str.maketrans("T", "-", "-:Z"))

    @property
    def parts(self) -> None:
        return None


def circumstances(clock: Timed, gpus: Sequence[str] = ()) -> dict[str, Any]:
    """The fields of a record that say where and when: of what `clock` timed and has just ended."""
    return {
        "wall_seconds": clock.seconds,
        "clock": clock.parts,
        "started": clock.started,
        "finished": now(),
        "commit": commit(),
        "versions": versions(),
        "hardware": hardware(gpus),
    }


def now() -> str:
    """The time in UTC to the second, as in 2026-01-31T12:00:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def commit() -> str | None:
    """The commit of the checkout that this package runs from; None when it was installed from elsewhere.

    "+dirty" follows when the package, its configuration or its pins differ from that commit. A package inside
    somebody else's repository (a virtual environment in a checkout) does not count as a checkout.
    """
    package = Path(lmstudy.__file__).parent
    if _git(package, "ls-files", "--error-unmatch", "__init__.py") is None:
        return None
    head = _git(package, "rev-parse", "HEAD")
    if head is None:
        return None
    changed = _git(package.parent, "status", "--porcelain", "--", *CODE)
    return f"{head}+dirty" if changed else head


def versions() -> dict[str, str]:
    """Python's version and those of the installed libraries that decide results."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def hardware(gpus: Sequence[str] = ()) -> dict[str, Any]:
    """Processor, cores this process may use, memory in GiB, and the names of the GPUs used."""
    return {"cpu": _cpu_model(), "cores": _cores(), "memory_gib": memory_gib(), "gpus": list(gpus)}


def _git(folder: Path, *arguments: str) -> str | None:
    # Within a hook, or where a user has set them, such variables name another repository than the folder's.
    around = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    call = ["git", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(call, capture_output=True, text=True, errors="replace", timeout=30, env=around)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def _cpu_model() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def _cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def memory_gib() -> float | None:
    """Of this machine; None where it does not tell."""
    try:
        return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1)
    except (AttributeError, ValueError, OSError):
        return None  # not told on this platform
