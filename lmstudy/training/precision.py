"""`trainer.precision=auto`: the precision in which a run's products are faster, decided once a runs folder and shape.

Precision is part of what decides a result, so it must not change between two runs of a sweep: the first one measures,
writes the decision down beside the runs, and the others read it. bfloat16 is that of the products alone; weights,
optimiser and loss stay float32.
"""

import json
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError

AUTO, FULL, HALF, FLOAT16 = "auto", "32-true", "bf16-mixed", "16-mixed"
WORTH = 1.5
"""Times that a product must be faster in bfloat16: turning numbers into bfloat16 and back takes time, too."""
REPEATS = 15
"""Of each product, in turns. The fastest counts: what others do on the machine can only slow one down."""


def resolved(config: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved configuration of a training with `trainer.precision=auto` replaced by what its runs folder holds.

    Raises:
        StudyError: the folder cannot be written to, or holds a decision that cannot be read.
    """
    trainer = config.get("trainer")
    if not isinstance(trainer, Mapping) or trainer.get("precision") != AUTO:
        return dict(config)
    if trainer.get("accelerator") == "mps":
        found = FULL
    elif trainer.get("accelerator") == "gpu":
        there = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
        found = HALF if there else FULL
    else:
        found = decided(Path(config["runs"]), product_of(config))
    return {**config, "trainer": {**trainer, "precision": found}}


def product_of(config: Mapping[str, Any]) -> tuple[int, int, int]:
    """Rows, inner and outer width of the largest product of a layer of this configuration's network."""
    budget = config.get("budget")
    if budget is None:  # a reward model on public vectors, for example, has no shapes of this package
        return 2048, 128, 704
    return budget["rows"] * budget["decoder_length"], budget["d_model"], 2 * budget["d_ff"]


def decided(runs: Path, shape: tuple[int, int, int]) -> str:
    """The precision of all runs of a folder that ask for `auto` and have a product of this shape; measured if new.

    Raises:
        StudyError: see `resolved`.
    """
    path, name = runs / "precision.json", " x ".join(map(str, shape))
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with FileLock(runs / ".precision.lock"):
            known = _known(path)
            if name not in known:
                known[name] = _decision(name, shape, runs)
                write_text(path, json.dumps(known, indent=1) + "\n")
    except OSError as error:
        raise StudyError(f"cannot write to {runs} ({error.strerror}): set runs=FOLDER to one with room") from error
    return str(known[name]["precision"])


def _known(path: Path) -> dict[str, dict[str, Any]]:
    """Decisions by product. Raises StudyError for a file that holds something else."""
    with suppress(ValueError, KeyError, TypeError, AttributeError):
        known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        if all(one["precision"] in (FULL, HALF) for one in known.values()):
            return dict(known)
    raise StudyError(
        f'{path} says no precision: for each product it should hold {{"precision": "{FULL}"}} or "{HALF}"; remove it '
        "to measure again, or set trainer.precision"
    )


def _decision(name: str, shape: tuple[int, int, int], runs: Path) -> dict[str, Any]:
    full, half = measured(shape)
    precision = HALF if half > WORTH * full else FULL
    print(
        f"precision {precision}: products of {name} run at {half:,.0f} GFLOP/s in bfloat16, {full:,.0f} in float32; "
        f"decided for all such runs in {runs}",
        file=sys.stderr,
    )
    return {"precision": precision, "float32_gflops": round(full), "bfloat16_gflops": round(half)}


def measured(shape: tuple[int, int, int]) -> tuple[float, float]:
    """GFLOP/s of products of a shape in float32 and in bfloat16, on all threads of this process."""
    rows, inner, outer = shape
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(size, generator=generator) for size in ((rows, inner), (outer, inner)))
    pairs = [(left.to(dtype), right.to(dtype)) for dtype in (torch.float32, torch.bfloat16)]
    best = [float("inf")] * len(pairs)
    with torch.no_grad():
        for repeat in range(REPEATS + 1):  # the first one warms up
            for which, (a, b) in enumerate(pairs):
                began = time.perf_counter()
                torch.nn.functional.linear(a, b)
                if repeat:
                    best[which] = min(best[which], time.perf_counter() - began)
    full, half = (2e-9 * rows * inner * outer / seconds for seconds in best)
    return full, half


def emulated(precision: str, accelerator: str) -> bool:
    """Whether a precision with bfloat16 is asked of a processor without such products."""
    return accelerator == "cpu" and precision not in (FULL, AUTO) and not torch.ops.mkldnn._is_mkldnn_bf16_supported()
