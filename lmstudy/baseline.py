"""`lmstudy-baseline`: what trained models are held against, n-grams for texts and simple predictors for ratings."""

from typing import Any

from lmstudy.cli import Command


def baseline(config: dict[str, Any]) -> None:
    """Corpus -> n-gram counts -> bits of every held-out document; or ratings -> simple predictors -> pairs; record."""
    from lmstudy.config import check_baseline

    if check_baseline(config).of == "ratings":
        from lmstudy.study.rating_records import rating_baselines

        record = rating_baselines(config)
    else:
        from lmstudy.study.baselines import kneser_ney

        record = kneser_ney(config)
    shown = {k: v for k, v in record.metrics.items() if "bits" in k or "/film/" in k}
    print(" ".join([record.id, record.name, *(f"{k} {v:.3f}" for k, v in shown.items())]))


COMMAND = Command(
    name="lmstudy-baseline",
    config="baseline",
    purpose=(
        "Fit an n-gram model with modified Kneser-Ney smoothing and record its bits per byte; or, of rated texts,\n"
        "record how far people agree and how well a lexicon and ridge regression predict their ratings."
    ),
    task=baseline,
    examples=(
        ("lmstudy-baseline", "a 5-gram model of the whole training split"),
        ("lmstudy-baseline -m order=1,2,3,4,5", "how much context n-grams can use"),
        ("lmstudy-baseline tokens=2000000", "as little text as a short training run sees"),
        ("lmstudy-baseline data=rated_snippets of=ratings", "what reward models are held against"),
    ),
    keys={
        "of=text": "what is predicted: text, or the ratings of rated texts (without order and tokens)",
        "order=5": "tokens an n-gram, at most 5",
        "tokens=all": "training tokens to count: all, or a number",
        "runs=runs": "folder of records",
    },
)
main = COMMAND.main

if __name__ == "__main__":
    main()
