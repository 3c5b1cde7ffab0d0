"""Resident memory of this process, in bytes."""

import sys
from pathlib import Path


def peak_bytes() -> float:
    """The most that was resident at any time: VmHWM on Linux, the system's maximum resident size elsewhere."""
    return _status("VmHWM") or _system_peak()


def resident_bytes() -> float:
    """What is resident now: VmRSS on Linux; elsewhere the maximum so far, which is all the system tells."""
    return _status("VmRSS") or _system_peak()


def _status(key: str) -> float | None:
    status = Path("/proc/self/status")
    if not status.is_file():
        return None
    for line in status.read_text().splitlines():
        name, _, value = line.partition(":")
        if name == key:
            return float(value.split()[0]) * 1024  # "123456 kB"
    return None


def _system_peak() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(peak) * (1 if sys.platform == "darwin" else 1024)
