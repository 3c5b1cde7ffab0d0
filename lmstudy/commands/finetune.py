"""`lmstudy-finetune`: a model learns a task, or the record is returned if it did before."""

from typing import Any

from lmstudy.commands.command import Command


def finetune(config: dict[str, Any]) -> None:
    """Examples, pretraining run or nothing -> FineTuningModule -> best weights -> answers -> judgement -> record."""
    from lmstudy.config import TuneConfig, check

    check(TuneConfig, config)  # before the heavy imports: a slip of the pen is reported at once
    from lmstudy.runs.fine_tuning import fine_tune, headline

    record = fine_tune(config)
    print(" ".join([record.id, record.name, *headline(record)]))


COMMAND = Command(
    name="lmstudy-finetune",
    config="finetune",
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
    keys={
        "run=null": "pretraining run to start from; null: random weights",
        "examples=null": "training examples; null: all",
        "steps=300": "optimiser steps",
        "batch=32": "examples a step",
        "evaluate_every=30": "steps; the weights that do best on validation examples are kept",
        "test_examples=1000": "held-out examples that are answered; null: all",
        "head=false": "true: a head on the encoder tells the label or points at the answer",
        "keep=null": "answers: weights are kept by the score of answers to validation examples, and not by loss",
        "label_weights=null": "balanced: in a head's loss, all labels count alike, however few examples one has",
        "context=null": "tokens of a source and of an answer; null: as many as in pretraining",
        "decoding.beams=1": "sequences that a search goes on with side by side; 1 is greedy",
        "decoding.temperature=0": "above 0: words are drawn, from the decoding.top_p most probable ones",
        "seed=1": "weights that are not pretrained, and order of examples",
        "runs=runs": "folder of runs and records",
    },
)
main = COMMAND.main

if __name__ == "__main__":
    main()
