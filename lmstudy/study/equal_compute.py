"""What post-training costs, in steps of pretraining."""

from lmstudy.errors import StudyError
from lmstudy.models.flops import TRAINING
from lmstudy.runs.records import Record

FORWARD = ("compute/sampled_tokens", "compute/reference_tokens")
"""Tokens that took a forward pass alone."""


def equivalent_steps(record: Record, pretraining: Record) -> float:
    """Steps of `pretraining` that cost as much as a training run `record`, without what it started from.

        steps = (trained tokens + forward tokens / 3) / (tokens of a pretraining step)

    Tokens are those that the decoder writes. Trained ones pass forward and backward, which is worth three forward
    passes; tokens that a model samples (with its cache) or of which it gives a reference probability pass forward
    alone. So an MLE run of 320 steps and a DPO run worth 80 cost what 400 steps of pretraining do. Not counted, on
    either side: scoring, which pretraining with preferences does to its whole corpus; evaluation; and what the
    encoder reads, which is a token a text in DPO and more in pretraining, so that DPO is charged a little too much.

    Raises:
        StudyError: one of the records is of no training.
    """
    for one in (record, pretraining):
        if one.kind != "train":
            raise StudyError(f"{one.name} is a record of kind {one.kind!r}, not a training run")
    spent = record.metrics["train/tokens"] + sum(record.metrics.get(name, 0.0) for name in FORWARD) / TRAINING
    return spent / (pretraining.metrics["train/tokens"] / _steps(pretraining))


def _steps(record: Record) -> int:
    budget = record.config["budget"]
    assert isinstance(budget, dict)
    assert isinstance(budget["steps"], int)
    return budget["steps"]
