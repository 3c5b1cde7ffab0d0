"""`lmstudy-reward`: learn a reward from ratings or from pairs, or return the record if that was done before."""

from typing import TYPE_CHECKING, Any

from lmstudy.commands.command import Command

if TYPE_CHECKING:  # help need not wait for them
    from lmstudy.commands.sweep import Objective
    from lmstudy.runs.records import Record


def reward(config: dict[str, Any]) -> "Record":
    """Rated texts -> single ratings, all pairs of them -> RewardModule(encoder, loss) -> weights and record."""
    from lmstudy.runs.rewards import train_reward

    record = train_reward(config)
    shown = [f"{name} {value:.3f}" for name, value in _accuracies(record)][:1]
    print(" ".join([record.id, record.name, *shown]))
    return record


def objective(config: dict[str, Any]) -> "Objective":
    """How often two validation texts of the corpus's first domain come in the order that people give them."""
    from lmstudy.commands.sweep import Objective

    return Objective("valid/DOMAIN/pair_accuracy", "maximize", lambda record: _accuracies(record)[0][1])


def _accuracies(record: "Record") -> list[tuple[str, float]]:
    return [(name, value) for name, value in record.metrics.items() if name.endswith("pair_accuracy")]


COMMAND = Command(
    "reward",
    purpose=(
        "Learn a reward: a number for any text, from single ratings that people gave to some, or from pairs of which\n"
        "they prefer one text (comparisons=file or hub; data then gives the tokens of encoder=own, and no texts).\n"
        "A reward model that exists is not trained again, one that was stopped goes on from its last checkpoint."
    ),
    task=reward,
    examples=(
        ("lmstudy-reward", "from all ratings of the English snippets"),
        ("lmstudy-reward -m half=A,B", "two graders that share no rating and no snippet"),
        ("lmstudy-reward loss=regression", "on mean ratings instead of pairs"),
        ("lmstudy-reward -m share=0.1,0.3,1 seed=1,2,3", "a learning curve"),
        ("lmstudy-reward encoder=own run=3f2a", "from the encoder of a pretraining run, by the beginning of its id"),
        ("lmstudy-reward encoder=minilm optimizer=adamw_public epochs=3 batch=32 half=B", "the strong grader"),
        ("lmstudy-reward comparisons=file comparisons.path=pairs.jsonl", "from pairs of your own"),
        ("lmstudy-reward data=chinese_reviews encoder=own loss=logistic epochs=2", "from labels of Chinese reviews"),
    ),
    objective=objective,
)
main = COMMAND.main

if __name__ == "__main__":
    main()
