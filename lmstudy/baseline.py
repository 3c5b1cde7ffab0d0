"""`lmstudy-baseline`: an n-gram model with Kneser-Ney smoothing on the study's data."""

from typing import Any

from lmstudy.cli import Command


def baseline(config: dict[str, Any]) -> None:
    """Corpus -> n-gram counts -> bits of every held-out document -> record."""
    from lmstudy.study.baselines import kneser_ney

    record = kneser_ney(config)
    print(" ".join([record.id, record.name, *(f"{k} {v:.3f}" for k, v in record.metrics.items() if "bits" in k)]))


COMMAND = Command(
    name="lmstudy-baseline",
    config="baseline",
    purpose="Fit an n-gram model with modified Kneser-Ney smoothing and record its bits per byte.",
    task=baseline,
    examples=(
        ("lmstudy-baseline", "a 5-gram model of the whole training split"),
        ("lmstudy-baseline -m order=1,2,3,4,5", "how much context n-grams can use"),
        ("lmstudy-baseline tokens=2000000", "as little text as a short training run sees"),
    ),
    keys={
        "order=5": "tokens an n-gram, at most 5",
        "tokens=all": "training tokens to count: all, or a number",
        "runs=runs": "folder of records",
    },
)
main = COMMAND.main

if __name__ == "__main__":
    main()
