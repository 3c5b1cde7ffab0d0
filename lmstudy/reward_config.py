"""The types of `lmstudy-reward`'s configuration."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from lmstudy.config import Count, LoggerConfig, TrainerConfig, _check, _Closed
from lmstudy.errors import StudyError


class RewardConfig(_Closed):
    """The root of `lmstudy-reward`."""

    data: dict[str, Any]
    encoder: dict[str, Any]
    loss: dict[str, Any]
    optimizer: dict[str, Any]
    trainer: TrainerConfig
    logger: LoggerConfig
    half: Literal["all", "A", "B"]
    share: Annotated[float, Field(gt=0, le=1)]
    ratings: Count | None
    run: str | None
    epochs: Count
    batch: Annotated[int, Field(gt=1)]
    seed: Annotated[int, Field(ge=0)]
    runs: str


def check_reward(config: Mapping[str, Any]) -> RewardConfig:
    """The typed root of a resolved `lmstudy-reward` configuration.

    Raises:
        StudyError: names the key, its value and what it may be.
    """
    run = config.get("run")
    if isinstance(run, float):
        raise StudyError(f"run={run}: this beginning of an id reads as a number; give more digits of it")
    typed: RewardConfig = _check(RewardConfig, {**config, "run": None if run is None else str(run)}, "")
    if typed.trainer.devices * typed.trainer.nodes > 1:
        raise StudyError(
            f"trainer.devices={typed.trainer.devices} and trainer.nodes={typed.trainer.nodes}: a reward model compares "
            "the texts of a batch with each other, and is trained on one device"
        )
    return typed
