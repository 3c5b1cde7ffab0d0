"""`lmstudy-dpo`: teach a finished run what people mind, from pairs of its own texts or of yours."""

from typing import Any

from lmstudy.commands.command import Command, with_measure


def dpo(config: dict[str, Any]) -> Any:
    """Finished run -> samples -> scores -> pairs -> DPOModule, the run itself the reference -> weights and record."""
    from lmstudy.runs.dpo import train_dpo

    record = with_measure(config, lambda: train_dpo(config))
    shown = ("valid/bits_per_byte", "dpo/held_out_accuracy")
    print(record.id, record.name, *(f"{key} {record.metrics[key]:.3f}" for key in shown if key in record.metrics))
    return record


COMMAND = Command(
    "dpo",
    purpose=(
        "Direct preference optimisation of a finished run: it writes texts, a scorer judges them, and of random pairs\n"
        "it learns to prefer the better text. With comparisons=file or hub, it learns from pairs of your own instead.\n"
        "The result is a training run like any other; one that is finished is not repeated."
    ),
    task=dpo,
    examples=(
        ("lmstudy-dpo run=3f2a", "by the scorer that the run's configuration names"),
        ("lmstudy-dpo run=3f2a scorer=sentiment_reward", "by another scorer, here a reward model"),
        ("lmstudy-dpo run=3f2a comparisons=file comparisons.path=pairs.jsonl steps=400", "from pairs of your own"),
        ("lmstudy-dpo -m run=3f2a loss=dpo,ipo,kto,orpo measure=pep8", "by four losses, one after the other"),
        ("lmstudy-dpo -m run=3f2a beta=0.03,0.1,0.3", "how far the model may go from where it was"),
        ("lmstudy-dpo run=3f2a measure=pep8", "and judge the samples of the result"),
    ),
)
main = COMMAND.main

if __name__ == "__main__":
    main()
