"""`lmstudy-evaluate`: metrics of a finished run on a held-out split."""

from typing import Any

from lmstudy.cli import Command


def evaluate(config: dict[str, Any]) -> None:
    """Finished run -> windows over whole documents -> metrics."""
    from pathlib import Path

    from lmstudy.config import check_evaluate

    typed = check_evaluate(config)
    from lmstudy.study.evaluations import evaluate_split
    from lmstudy.study.finished import find_folder, load_run

    finished = load_run(find_folder(typed.run, Path(typed.runs)))
    for name, value in evaluate_split(finished, typed.split, typed.documents).items():
        print(f"{typed.split}/{name:<16} {value:.4f}")


COMMAND = Command(
    name="lmstudy-evaluate",
    config="evaluate",
    purpose="Measure a finished run: loss, perplexity, bits per byte, accuracy, macro recall and macro F1.",
    task=evaluate,
    examples=(
        ("lmstudy-evaluate run=3f2a", "a run by the beginning of its id"),
        ("lmstudy-evaluate run=3f2a split=valid_files documents=500", "quicker, on some documents"),
    ),
    keys={
        "run=ID": "id, its beginning, or folder; lmstudy-runs lists them",
        "split=valid": "valid, valid_files or test (look at it once, at the end)",
        "documents=null": "number of documents; null takes all",
        "runs=runs": "folder of finished runs",
    },
)
main = COMMAND.main

if __name__ == "__main__":
    main()
