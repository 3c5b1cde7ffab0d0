"""`lmstudy-baseline`: what trained models are held against, for texts, for ratings and for tasks."""

from typing import Any

from lmstudy.commands.command import Command
from lmstudy.errors import StudyError


def baseline(config: dict[str, Any]) -> Any:
    """Corpus -> n-gram counts -> bits of every held-out document; ratings or examples -> simple predictors; record."""
    if config.get("task") is not None and config["of"] != "task":
        raise StudyError(f"of={config['of']} looks at no task: add of=task, or leave task=... out")
    if config["of"] == "task":
        from lmstudy.runs.task_baseline import task_baselines

        record = task_baselines(config)
        print("\n".join(f"{name} {value:.4g}" for name, value in record.metrics.items()))
        print(f"{record.id} {record.name}")
        return record
    if config["of"] == "ratings":
        from lmstudy.runs.rating_baseline import rating_baselines as made
    else:
        from lmstudy.runs.text_baseline import kneser_ney as made
    record = made(config)
    shown = [f"{k} {v:.3f}" for k, v in record.metrics.items() if "bits" in k or "/film/" in k]
    print(" ".join([record.id, record.name, *shown]))
    return record


COMMAND = Command(
    "baseline",
    purpose=(
        "Fit an n-gram model with modified Kneser-Ney smoothing and record its bits per byte; or, of rated texts,\n"
        "record how far people agree and how well a lexicon and ridge regression predict their ratings; or record\n"
        "what rules, retrieval and logistic regression make of a task."
    ),
    task=baseline,
    examples=(
        ("lmstudy-baseline", "a 5-gram model of the whole training split"),
        ("lmstudy-baseline -m order=1,2,3,4,5", "how much context n-grams can use"),
        ("lmstudy-baseline tokens=2000000", "as little text as a short training run sees"),
        ("lmstudy-baseline data=rated_snippets of=ratings", "what reward models are held against"),
        ("lmstudy-baseline of=task task=translation", "what fine-tuned models are held against"),
    ),
)
main = COMMAND.main

if __name__ == "__main__":
    main()
