"""`trainer.precision=auto`: the precision in which this machine's products are faster, decided once per runs folder.

Precision is part of what decides a result, so it must not change between two runs of a sweep: the first one measures,
writes the decision down beside the runs, and the others read it. bfloat16 is that of the products alone; weights,
optimiser and loss stay float32.
"""

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from lmstudy.atomic import write_text
from lmstudy.errors import StudyError

AUTO, FULL, HALF = "auto", "32-true", "bf16-mixed"
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
    if trainer.get("accelerator") == "gpu":
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
    """The precision of all runs of a folder that ask for `auto`; measured with a product of this shape if it is new.

    Raises:
        StudyError: see `resolved`.
    """
    path = runs / "precision.json"
    try:
        runs.mkdir(parents=True, exist_ok=True)
        with FileLock(runs / ".precision.lock"):
            if not path.exists():
                _decide(path, shape)
            text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise StudyError(f"cannot write to {runs} ({error.strerror}): set runs=FOLDER to one with room") from error
    try:
        found = json.loads(text)["precision"]
    except (ValueError, KeyError, TypeError):
        found = None
    if found not in (FULL, HALF):
        raise StudyError(
            f'{path} says no precision: it should hold {{"precision": "{FULL}"}} or "{HALF}"; remove it to measure '
            f"again, or set trainer.precision"
        )
    return found


def _decide(path: Path, shape: tuple[int, int, int]) -> None:
    full, half = measured(shape)
    precision = HALF if half > WORTH * full else FULL
    rates = {"float32_gflops": round(full), "bfloat16_gflops": round(half), "product": list(shape)}
    write_text(path, json.dumps({"precision": precision, **rates}, indent=1) + "\n")
    rows, inner, outer = shape
    print(
        f"precision {precision}: products of {rows} x {inner} x {outer} run at {half:,.0f} GFLOP/s in bfloat16, "
        f"{full:,.0f} in float32; decided for all runs in {path.parent}",
        file=sys.stderr,
    )


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
    return accelerator == "cpu" and precision != FULL and not torch.ops.mkldnn._is_mkldnn_bf16_supported()
