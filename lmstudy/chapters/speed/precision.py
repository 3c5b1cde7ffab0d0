"""Runs that differ in the precision of their products alone."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from lmstudy.runs.records import Record
from lmstudy.show.curves import curve_panels, seed_curves
from lmstudy.show.numbers import number
from lmstudy.study.estimates import common_seeds
from lmstudy.study.shelf import Shelf

ARMS = {
    name: ("experiment=encoder_decoder", "budget=brief", "model=transformer", f"trainer.precision={precision}")
    for name, precision in {"bfloat16": "bf16-mixed", "float32": "32-true"}.items()
}
"""Overrides of `lmstudy-train`, by the type of products."""


def trained(shelf: Shelf) -> dict[str, list[Record]]:
    """The published runs of each arm, of the seeds that both have."""
    arms = shelf.arms(ARMS)
    return dict(zip(arms, common_seeds(*arms.values()), strict=True))


def precision_curves(arms: dict[str, list[Record]]) -> Figure:
    """Held-out bits per byte of the runs over training, a line a seed."""
    panels = {"Held-out packages": seed_curves(arms, "valid/bits_per_byte", "step")}
    return curve_panels(panels, "step", {"Held-out packages": "bits per byte"})


def spread_words(arms: dict[str, list[Record]]) -> str:
    """How far apart seeds are, and pairs of runs of one seed."""
    own = {name: [r.metrics["valid/bits_per_byte"] for r in records] for name, records in arms.items()}
    seeds = max(_width(values) for values in own.values())
    pairs = max(abs(a - b) for a, b in zip(*own.values(), strict=True))
    return (
        f"Runs of one precision and different seeds end within {number(seeds, decimals=3)} bits per byte of each "
        f"other. Runs of one seed and different precisions end within {number(pairs, decimals=3)}."
    )


def _width(values: Sequence[float]) -> float:
    return max(values) - min(values)
