"""The ladder of preferences: objectives that were trained for ever more steps, each at its best rate."""

from lmstudy.study.preferences import OBJECTIVES, REWRITING

REFERENCE, FILTERING, CONDITIONAL = "MLE", "filtering", "conditional"
COMPARED = (REFERENCE, FILTERING, CONDITIONAL)
LENGTHS = (400, 1600, 6400)
"""Steps; each length is four times the one before."""
SEEDS = (101, 102, 103)
"""None was seen when rates were chosen, with seed 1."""
BEST = {"privacy": {"MLE": "2.0e-2", "filtering": "2.0e-2", "conditional": "2.0e-2"}}
"""The rate of each objective of a task that was best on *valid*."""


def arm(task: str, name: str, steps: int = LENGTHS[0], rate: str | None = None, smoke: bool = False) -> tuple[str, ...]:
    """Overrides of `lmstudy-train` for an objective after some steps, at its best rate or another one.

    With `smoke` they are of models that learn nothing, in seconds: to see that everything runs.

    Args:
        task: of `BEST`.
        name: of `OBJECTIVES` or `REWRITING`.
        steps: of `LENGTHS`.
        rate: None: of `BEST`.
        smoke: see above.
    """
    own = (f"experiment=ladder_{task}", *(OBJECTIVES | REWRITING)[name])
    if smoke:
        return (*own, "data=file_headers", "budget=smoke", f"budget.steps={steps // 100}", "trunk=false")
    rate = rate or BEST[task][name]
    return (*own, f"budget.steps={steps}", f"optimizer.matrix_lr={rate}", f"optimizer.lr={rate}")
