"""The types of a record's fields: what each may hold, and how numbers that are not finite are kept.

JSON has no NaN. A metric or a point of a curve that is not finite (a run that diverged) is stored as null and
read back as NaN; anywhere else it is an error.
"""

from __future__ import annotations

import math
import numbers
from datetime import datetime, timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StrictFloat, StrictInt, ValidationError
from typing_extensions import TypedDict


def _number(value: Any) -> Any:
    """Any real number, numpy's included, as a float; null as NaN; the rest is left for the type to refuse."""
    if value is None:
        return math.nan
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    return value


def _utc(value: str) -> str:
    if datetime.fromisoformat(value).utcoffset() != timedelta(0):
        raise ValueError("a time must be in UTC, as in 2026-01-31T12:00:00Z")
    return value


class Curve(TypedDict):
    """A metric over training: `value[i]` was logged at step `step[i]`."""

    step: list[Whole]
    value: list[Number]


def _same_length(curve: Curve) -> Curve:
    if len(curve["step"]) != len(curve["value"]):
        raise ValueError(f"{len(curve['step'])} steps and {len(curve['value'])} values: a value for each step")
    return curve


Whole = StrictInt  # no number in quotes, no 1.0
Number = Annotated[StrictFloat, BeforeValidator(_number)]
Finite = Annotated[Number, Field(allow_inf_nan=False)]
Seconds = Annotated[Number, Field(ge=0, allow_inf_nan=False)]
RunId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Time = Annotated[str, AfterValidator(_utc)]
Steps = Annotated[Curve, AfterValidator(_same_length)]
Group = Annotated[list[Finite], Field(min_length=2, max_length=2)]  # [bits, bytes] of one document group


def first_error(error: ValidationError) -> str:
    """The first thing pydantic found wrong, as "field a.b: what (found value)"."""
    found = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in found["loc"])
    if found["type"] == "missing":
        return f"field {where} is missing"
    if found["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"field {where} is not one of a record's"
    return f"field {where}: {found['msg']} (found {str(found['input'])[:80]!r})"
