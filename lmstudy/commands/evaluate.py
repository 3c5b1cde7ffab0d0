"""`lmstudy-evaluate`: measurements of a finished run, each ending in a record of its own."""

from typing import Any

from lmstudy.commands.command import Command


def evaluate(config: dict[str, Any]) -> None:
    """Finished run, measure and held-out text -> metrics -> record."""
    from lmstudy.config import EvaluateConfig, check

    check(EvaluateConfig, config)  # before the heavy imports: a slip of the pen is reported at once
    from lmstudy.measures.evaluate import evaluate as measure

    metrics = measure(config).metrics
    width = max(map(len, metrics))
    for name, value in metrics.items():
        print(f"{name:<{width}} {value:.4f}")


COMMAND = Command(
    name="lmstudy-evaluate",
    config="evaluate",
    purpose="Measure a finished run and keep the result as a record: likelihood, use of what was read, memorisation.",
    task=evaluate,
    examples=(
        ("lmstudy-evaluate run=3f2a", "likelihood of a run by the beginning of its id"),
        ("lmstudy-evaluate run=3f2a split=valid_files documents=500", "quicker, on some documents"),
        ("lmstudy-evaluate run=3f2a data=python_functions", "on the text of another corpus than its own"),
        ("lmstudy-evaluate -m run=3f2a,77b0 measure=reading", "what reading more is worth to two runs"),
        ("lmstudy-evaluate run=3f2a measure=reading measure.task=copy documents=200", "can it repeat what it reads?"),
        ("lmstudy-evaluate run=3f2a measure=memorisation", "how much training text its samples repeat"),
        (
            "lmstudy-evaluate run=9c1e measure=source split=test",
            "what a fine-tuned network's answers owe to sources",
        ),
        ("lmstudy-runs --publish ID", "copy such a record to those that the book reads"),
    ),
    keys={
        "run=ID": "id of a training run (of a fine-tuning for measure=source), its beginning, or folder",
        "data=GROUP": "corpus whose text is taken, in the run's own tokens; left out: the run's own corpus",
        "split=valid": "valid, valid_files or test (look at it once, at the end)",
        "documents=null": "held-out documents; null: all, or 400 (reading), or as many as samples",
        "measure.task=continue": "of reading: continue writes what comes next, copy what was read",
        "measure.lengths=[0,4,8]": "of reading: tokens the encoder reads behind its start token, in turn",
        "measure.targets=64": "of reading: tokens whose bits are counted (task=continue)",
        "measure.samples=256": "of memorisation: samples drawn from nothing",
        "measure.characters=50": "of memorisation: shortest run of training text that counts",
        "runs=runs": "folder of runs; the record goes there, too",
    },
)
main = COMMAND.main

if __name__ == "__main__":
    main()
