"""The types of `lmstudy-generate`'s configuration."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from lmstudy.config import Count, _check, _Closed, named_run


class GenerateConfig(_Closed):
    """The root of `lmstudy-generate`."""

    run: str
    scorer: dict[str, Any] | None
    control: Literal["auto", "none", "good", "bad"]
    guidance: Annotated[float, Field(allow_inf_nan=False)]
    prompt: str | None
    n: Count
    temperature: Annotated[float, Field(ge=0)]
    top_p: Annotated[float, Field(gt=0, le=1)]
    max_tokens: Count | None
    seed: Annotated[int, Field(ge=0)]
    format: Literal["text", "json"]
    colour: Literal["auto", "always", "never"]
    runs: str


def check_generate(config: Mapping[str, Any]) -> GenerateConfig:
    """The typed root of a resolved `lmstudy-generate` configuration.

    Raises:
        StudyError: names the key, its value and what it may be.
    """
    return _check(GenerateConfig, {**config, "run": named_run(config, "run")}, "")
