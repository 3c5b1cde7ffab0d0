"""`lmstudy-evaluate`: measurements of a finished run, each ending in a record of its own."""

from typing import Any

from lmstudy.commands.command import Command


def evaluate(config: dict[str, Any]) -> Any:
    """Finished run, measure and held-out text -> metrics -> record."""
    from lmstudy.measures.evaluate import evaluate as measure

    record = measure(config)
    width = max(map(len, record.metrics))
    for name, value in record.metrics.items():
        print(f"{name:<{width}} {value:.4f}")
    return record


COMMAND = Command(
    "evaluate",
    purpose="Measure a finished run and keep the result as a record: likelihood, use of what was read, memorisation.",
    task=evaluate,
    examples=(
        ("lmstudy-evaluate run=3f2a", "likelihood of a run by the beginning of its id"),
        ("lmstudy-evaluate run=3f2a split=valid_files documents=500", "quicker, on some documents"),
        ("lmstudy-evaluate run=3f2a data=python_functions", "on the text of another corpus than its own"),
        ("lmstudy-evaluate -m run=3f2a,77b0 measure=reading", "what reading more is worth to two runs"),
        ("lmstudy-evaluate run=3f2a measure=reading measure.task=copy documents=200", "can it repeat what it reads?"),
        ("lmstudy-evaluate run=3f2a measure=memorisation", "how much training text its samples repeat"),
        ("lmstudy-evaluate run=9c1e measure=source split=test", "what a fine-tuned network's answers owe to sources"),
        ("lmstudy-runs --publish ID", "copy such a record to those that the book reads"),
    ),
)
main = COMMAND.main

if __name__ == "__main__":
    main()
