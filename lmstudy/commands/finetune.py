"""`lmstudy-finetune`: a model learns a task, or the record is returned if it did before."""

from typing import TYPE_CHECKING, Any

from lmstudy.commands.command import Command

if TYPE_CHECKING:  # help need not wait for them
    from lmstudy.commands.sweep import Objective
    from lmstudy.runs.records import Record


def finetune(config: dict[str, Any]) -> "Record":
    """Examples, pretraining run or nothing -> FineTuningModule -> best weights -> answers -> judgement -> record."""
    from lmstudy.runs.fine_tuning import fine_tune, headline

    record = fine_tune(config)
    print(" ".join([record.id, record.name, *headline(record)]))
    return record


def objective(config: dict[str, Any]) -> "Objective":
    """What chooses the weights that are kept, at its best: on validation examples, never on those of the test."""
    from lmstudy.commands.sweep import Objective
    from lmstudy.config import TuneConfig, check
    from lmstudy.runs.fine_tuning import chosen_by

    name, mode = chosen_by(check(TuneConfig, config))
    if mode == "min":
        return Objective(name, "minimize", lambda record: min(record.curves[name]["value"]))
    return Objective(name, "maximize", lambda record: max(record.curves[name]["value"]))


COMMAND = Command(
    "finetune",
    purpose=(
        "Fine-tune a model for a task, from a pretraining run or from scratch, and judge its answers on held-out\n"
        "examples. What is finished is not trained again, what was stopped goes on from its last checkpoint."
    ),
    task=finetune,
    examples=(
        ("lmstudy-finetune task=sentiment", "from scratch, with all examples"),
        ("lmstudy-finetune task=sentiment run=3f2a", "from a pretraining run, by the beginning of its id"),
        ("lmstudy-finetune task=sentiment run=3f2a head=true", "with a head on the encoder"),
        ("lmstudy-finetune -m task=translation examples=300,1000,3000 seed=1,2,3", "a learning curve"),
        ("lmstudy-finetune task=translation decoding.beams=4", "answers by beam search"),
    ),
    objective=objective,
)
main = COMMAND.main

if __name__ == "__main__":
    main()
