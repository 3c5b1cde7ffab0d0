"""`lmstudy-check-gpu`: everything that is meant for a CUDA GPU, tried on this one and compared with the processor."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from lmstudy.commands.language import purpose
from lmstudy.errors import StudyError
from lmstudy.terminal import guarded, path_typed

LIMIT = 600
"""Seconds that a check may take, most of which compiling may need."""


def main(argv: Sequence[str] | None = None) -> int:
    """The exit status is 1 where a check failed, or where there is no GPU."""
    parser = argparse.ArgumentParser(
        prog="lmstudy-check-gpu",
        description=purpose(
            "lmstudy-check-gpu",
            "Try everything that is meant for a CUDA GPU on the first one here, and compare it with the "
            "processor: each precision, compilation, flex attention, DDP, FSDP, sampling. A few minutes. "
            "Exit status: 1 where a check failed.",
        ),
    )
    add = parser.add_argument
    add("--device", choices=("gpu", "cpu"), default="gpu", help="cpu: what of it a processor can do (default: gpu)")
    add("--only", metavar="CHECK", help="one check, in this process, with its whole traceback")
    add("--runs", type=path_typed, metavar="FOLDER", help="where the runs are left (default: nowhere)")
    given = parser.parse_args(argv)
    return guarded("lmstudy-check-gpu", lambda: _act(given))


def _act(given: argparse.Namespace) -> int:
    if given.device == "gpu":
        _check_gpu()
    with tempfile.TemporaryDirectory() as folder:
        if given.only is not None:
            print(_one(given.only, given.device, given.runs or Path(folder)))
            return 0
        return _all(given.device, given.runs or Path(folder))


def _check_gpu() -> None:
    import torch

    if not torch.cuda.is_available():
        raise StudyError("PyTorch sees no CUDA GPU here; --device cpu tries what a processor can do")


def _one(name: str, device: str, runs: Path) -> str:
    from lmstudy.benchmark.device_checks import CHECKS, find

    if name not in CHECKS:
        raise StudyError(f"--only {name}: no such check; choose from {', '.join(CHECKS)}")
    return find(name, device, runs)  # type: ignore[arg-type]


def _all(device: str, runs: Path) -> int:
    """Each check in a process of its own, since an error of a GPU is one of all that its process does later."""
    import torch

    from lmstudy.benchmark.device_checks import CHECKS

    there = torch.cuda.get_device_name(0) if device == "gpu" else "processor"
    print(f"{there}, PyTorch {torch.__version__}")
    lacking = device == "gpu" and not torch.cuda.is_bf16_supported(including_emulation=False)
    failed = 0
    for name, check in CHECKS.items():
        if device not in check.where or (lacking and check.of is not None and "bf16" in "".join(check.of)):
            result, told, seconds = "left out", f"not on {there}", 0.0
        else:
            began = time.monotonic()
            result, told = _apart(name, device, runs)
            seconds = time.monotonic() - began
        failed += result == "fails"
        print(f"{name:<20} {result:<9} {seconds:4.0f} s  {told}", flush=True)
    print(f"{len(CHECKS)} checks, {failed} failed")
    return 1 if failed else 0


def _apart(name: str, device: str, runs: Path) -> tuple[str, str]:
    """("works" or "fails", what came of it) in a process of its own."""
    call = [sys.executable, "-m", "lmstudy.commands.check_gpu", "--device", device, "--only", name, "--runs", str(runs)]
    try:
        done = subprocess.run(call, capture_output=True, text=True, errors="replace", timeout=LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return "fails", f"took longer than {LIMIT} s"
    lines = (done.stderr if done.returncode else done.stdout).strip().splitlines()
    last = lines[-1].removeprefix("lmstudy-check-gpu: ") if lines else f"ended with status {done.returncode}"
    return ("fails" if done.returncode else "works"), last


if __name__ == "__main__":
    sys.exit(main())
