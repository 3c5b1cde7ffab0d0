"""The types of `lmstudy-finetune`'s configuration."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from lmstudy.config import BudgetConfig, Count, LoggerConfig, TrainerConfig, _check, _Closed, named_run
from lmstudy.errors import StudyError


class DecodingConfig(_Closed):
    """How answers are written: searched for, or drawn at a temperature above 0."""

    beams: Count
    length_penalty: Annotated[float, Field(ge=0)]
    no_repeat: Annotated[int, Field(ge=0)]
    temperature: Annotated[float, Field(ge=0)]
    top_p: Annotated[float, Field(gt=0, le=1)]


class TuneConfig(_Closed):
    """The root of `lmstudy-finetune`."""

    task: dict[str, Any]
    data: dict[str, Any]
    model: dict[str, Any]
    budget: BudgetConfig
    optimizer: dict[str, Any]
    trainer: TrainerConfig
    logger: LoggerConfig
    run: str | None
    examples: Count | None
    steps: Count
    batch: Count
    evaluate_every: Count
    valid_examples: Count
    test_examples: Count | None
    head: Literal[True, False, "decoder"]
    keep: Literal["answers"] | None
    label_weights: Literal["balanced"] | None
    context: Count | None
    decoding: DecodingConfig
    seed: Annotated[int, Field(ge=0)]
    runs: str


def check_tune(config: Mapping[str, Any]) -> TuneConfig:
    """The typed root of a resolved `lmstudy-finetune` configuration.

    Raises:
        StudyError: names the key, its value and what it may be.
    """
    typed: TuneConfig = _check(TuneConfig, {**config, "run": named_run(config, "run")}, "")
    if typed.trainer.devices * typed.trainer.nodes > 1:
        raise StudyError(
            f"trainer.devices={typed.trainer.devices} and trainer.nodes={typed.trainer.nodes}: models as small as "
            "these are fine-tuned on one device"
        )
    return typed
