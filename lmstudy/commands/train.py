"""`lmstudy-train`: pretrain an encoder-decoder language model, or return the record if that was done before."""

from typing import TYPE_CHECKING, Any

from lmstudy.commands.command import Command, with_measure

if TYPE_CHECKING:  # help need not wait for them
    from lmstudy.commands.sweep import Objective
    from lmstudy.runs.records import Record


def train(config: dict[str, Any]) -> "Record":
    """Corpus -> packed batches -> LightningModule(model, objective) -> checkpoint and record."""
    from lmstudy.runs.pretraining import train as run

    record = with_measure(config, lambda: run(config))
    shown = [f"{name} {record.metrics[name]:.3f}" for name in ("valid/bits_per_byte", "valid_files/bits_per_byte")
             if name in record.metrics]  # fmt: skip
    print(" ".join([record.id, record.name, *shown]))
    return record


def objective(config: dict[str, Any]) -> "Objective":
    """Bits per byte on held-out documents: the one number that every training has, whatever its objective."""
    from lmstudy.commands.sweep import Objective

    return Objective("valid/bits_per_byte", "minimize", lambda record: record.metrics["valid/bits_per_byte"])


COMMAND = Command(
    "train",
    purpose=(
        "Pretrain an encoder-decoder language model. Fetches and prepares the data first; a run that is\n"
        "finished is not repeated, one that was stopped goes on from its last checkpoint."
    ),
    task=train,
    examples=(
        ("lmstudy-train budget=smoke", "see that everything works, in seconds"),
        ("lmstudy-train", "the book's first model, minutes on two cores"),
        ("lmstudy-train -m seed=1,2,3", "three seeds, one after the other"),
        (
            "lmstudy-train -m hydra/sweeper=optuna hydra.sweeper.n_trials=10 'optimizer.lr=interval(0.001,0.1)'",
            "search for the least valid/bits_per_byte (pip install 'lmstudy[optuna]')",
        ),
        ("lmstudy-train data=files data.path=FOLDER", "your own folder of text or code"),
        ("lmstudy-train experiment=pep8 objective=conditional", "with a preference, and judge its samples"),
        ("lmstudy-train objective=conditional start=3f2a budget.steps=80", "from the weights of a finished run"),
        ("lmstudy-train trainer=gpu logger=tensorboard", "on a GPU, with TensorBoard"),
    ),
    objective=objective,
)
main = COMMAND.main

if __name__ == "__main__":
    main()
