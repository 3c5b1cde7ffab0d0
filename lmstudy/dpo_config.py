"""The types of `lmstudy-dpo`'s configuration."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from lmstudy.config import Count, DPOSettings, LoggerConfig, TrainerConfig, _check, named_run
from lmstudy.errors import StudyError


class DPOConfig(DPOSettings):
    """The root of `lmstudy-dpo`."""

    run: str
    steps: Count
    seed: Annotated[int, Field(ge=0)] | None
    scorer: dict[str, Any] | None = None
    measure: dict[str, Any] | None = None
    optimizer: dict[str, Any]
    trainer: TrainerConfig
    logger: LoggerConfig
    runs: str


def check_dpo(config: Mapping[str, Any]) -> DPOConfig:
    """The typed root of a resolved `lmstudy-dpo` configuration.

    Raises:
        StudyError: names the key, its value and what it may be.
    """
    typed: DPOConfig = _check(DPOConfig, {**config, "run": named_run(config, "run")}, "")
    if typed.trainer.devices * typed.trainer.nodes > 1:
        raise StudyError(
            f"trainer.devices={typed.trainer.devices} and trainer.nodes={typed.trainer.nodes}: pairs are learned from "
            "on one device"
        )
    return typed
