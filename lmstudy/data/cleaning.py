"""Steps that drop documents a model should not learn from, each with its reason.

A new step is one function with `@step`; its keyword arguments are the step's settings in `data.cleaning`.
Steps only ever drop whole documents, so that what is kept is byte for byte what an author wrote.
"""

import inspect
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ConfigDict, ValidationError, validate_call

from lmstudy.errors import StudyError

Drops = Callable[..., bool]
"""Whether a text is to be dropped."""

STEPS: dict[str, Drops] = {}
REASONS: dict[str, str] = {}


def step(reason: str) -> Callable[[Drops], Drops]:
    """Register a step under its function's name; the reason is shown in the report."""

    def register(function: Drops) -> Drops:
        STEPS[function.__name__] = validate_call(config=ConfigDict(strict=False))(function)
        REASONS[function.__name__] = reason
        return function

    return register


@step("holds control characters, unassigned code points or the mark of a failed decoding")
def unreadable(text: str) -> bool:
    return "\ufffd" in text or any(
        unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs") for char in set(text) - {"\n", "\t"}
    )


@step("too short to show anything")
def too_short(text: str, characters: int) -> bool:
    return len(text) < characters


@step("too long for the context of a small model")
def too_long(text: str, characters: int) -> bool:
    return len(text) > characters


@step("has a line that nobody typed: data, minified or encoded text")
def long_lines(text: str, characters: int) -> bool:
    return max(map(len, text.split("\n"))) > characters


@step("a table of numbers or symbols: few of its characters are letters")
def few_letters(text: str, share: float) -> bool:
    return len(_NO_LETTER.sub("", text)) < share * len("".join(text.split()))


@step("a list of data: most of its lines hold the same pattern of symbols once words and numbers are masked")
def repetitive(text: str, share: float, lines: int) -> bool:
    stripped = [line.strip() for line in text.split("\n") if line.strip()]
    if len(stripped) < lines:
        return False
    masked = Counter(_WORD.sub("w", line) for line in stripped)
    return max(masked.values()) > share * len(stripped)


_WORD = re.compile(r"\w+")
_NO_LETTER = re.compile(r"[\W\d_]+")


@step("says that a program wrote it")
def generated(text: str) -> bool:
    return bool(_GENERATED.search(text))


_GENERATED = re.compile(
    r"(?i)\bauto(matically|[- ])? ?generated\b.*\bdo not (edit|modify)|^\s*# .*\bdo not edit\b", re.M
)


def check(settings: Mapping[str, Mapping[str, Any] | None]) -> None:
    """Refuse what the steps would not understand.

    Raises:
        StudyError: no such step, or a step's setting is missing, unknown or of the wrong type.
    """
    for name, arguments in settings.items():
        if name not in STEPS:
            raise StudyError(f"data.cleaning.{name} is no cleaning step; choose from {sorted(STEPS)}")
        try:
            STEPS[name]("", **(arguments or {}))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(["data.cleaning", name, *(str(part) for part in first["loc"])])
            wanted = [key for key in inspect.signature(STEPS[name]).parameters if key != "text"]
            raise StudyError(f"{key}: {first['msg'].lower()}; the settings of {name} are {wanted}") from error


def first_objection(text: str, settings: Mapping[str, Mapping[str, Any] | None]) -> str | None:
    """The first step, in the order of the settings, that drops the text; none if it is clean."""
    for name, arguments in settings.items():
        if STEPS[name](text, **(arguments or {})):
            return name
    return None
