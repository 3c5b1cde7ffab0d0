"""Steps that drop documents a model should not learn from, or rewrite them, each with its reason.

A new step is one function with `@step` or `@rewriting`; its keyword arguments are the step's settings in
`data.cleaning`. A `@step` drops whole documents, so that what is kept is byte for byte what an author wrote. Only
a `@rewriting` step changes that; none is on by default.
"""

import html
import inspect
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError, validate_call

from lmstudy.data.cleaning import stop_words as stop_word_lists
from lmstudy.data.cleaning.cuts import Cuts, without
from lmstudy.errors import StudyError

Settings = Mapping[str, Mapping[str, Any] | None]
"""Arguments by name of step, in the order in which the steps are taken."""

Drops = Callable[..., bool]
"""Whether a text is to be dropped."""
Rewrites = Callable[..., Cuts]
"""What is to be taken out of a text."""

STEPS: dict[str, Drops] = {}
REWRITES: dict[str, Rewrites] = {}
IDENTITIES: dict[str, Callable[..., Mapping[str, Any]]] = {}
"""For steps that read something: what stands for their arguments in the fingerprint."""
REASONS: dict[str, str] = {}
"""Why a step drops a document; a rewriting step drops one of which it leaves nothing."""
EFFECTS: dict[str, str] = {}
"""What a rewriting step does."""


def step(reason: str) -> Callable[[Drops], Drops]:
    """Register a step under its function's name; the reason is shown in the report."""

    def register(function: Drops) -> Drops:
        STEPS[function.__name__] = validate_call(function)
        REASONS[function.__name__] = reason
        return function

    return register


def rewriting(effect: str, emptied: str, identity: Callable[..., Mapping[str, Any]]) -> Callable[[Rewrites], Rewrites]:
    """Register a rewriting step: what it does, and what it says of a document that it leaves empty."""

    def register(function: Rewrites) -> Rewrites:
        name = function.__name__
        REWRITES[name] = validate_call(function)
        IDENTITIES[name] = identity
        EFFECTS[name], REASONS[name] = effect, emptied
        return function

    return register


@step("holds control characters, unassigned code points or the mark of a failed decoding")
def unreadable(text: str) -> bool:
    """By Unicode's categories Cc (but for tabs and newlines), Cn, Co and Cs, and U+FFFD."""
    return "\ufffd" in text or any(
        unicodedata.category(char) in ("Cc", "Cn", "Co", "Cs") for char in set(text) - {"\n", "\t"}
    )


@step("too short to show anything")
def too_short(text: str, characters: int) -> bool:
    """Fewer than so many characters."""
    return len(text) < characters


@step("too long for the context of a small model")
def too_long(text: str, characters: int) -> bool:
    """More than so many characters."""
    return len(text) > characters


@step("has a line that nobody typed: data, minified or encoded text")
def long_lines(text: str, characters: int) -> bool:
    """A line of more than so many characters."""
    return max(map(len, text.split("\n"))) > characters


@step("a table of numbers or symbols: few of its characters are letters")
def few_letters(text: str, share: float) -> bool:
    """Letters are less than this share of the characters, white space apart."""
    return len(_NO_LETTER.sub("", text)) < share * len("".join(text.split()))


@step("a list of data: most of its lines hold the same pattern of symbols once words and numbers are masked")
def repetitive(text: str, share: float, lines: int) -> bool:
    """More than this share of lines are of one pattern, in texts of so many lines and more."""
    stripped = [line.strip() for line in text.split("\n") if line.strip()]
    if len(stripped) < lines:
        return False
    masked = Counter(_WORD.sub("w", line) for line in stripped)
    return max(masked.values()) > share * len(stripped)


_WORD = re.compile(r"\w+")
_NO_LETTER = re.compile(r"[\W\d_]+")


@step("says that a program wrote it")
def generated(text: str) -> bool:
    """The marks that generators leave, wherever they stand in the text."""
    return bool(_GENERATED.search(text))


_GENERATED = re.compile(
    r"(?i)\bauto(matically|[- ])? ?generated\b.*\bdo not (edit|modify)|^\s*# .*\bdo not edit\b", re.M
)


@step("holds HTML tags or entities: copied from a page's source, not typed")
def markup(text: str) -> bool:
    """Tags with a Latin name, and the entities that HTML knows."""
    return bool(_TAG.search(text)) or any(html.unescape(entity) != entity for entity in _ENTITY.findall(text))


_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_ENTITY = re.compile(r"&#?\w+;")


@rewriting("stop words are taken out", "holds nothing but stop words", stop_word_lists.identity)
def stop_words(text: str, language: str | None = None, file: str | None = None) -> Cuts:
    """By the list of a language (ISO 639-1 code), or by a file's, whose words are then found as the language's are."""
    return stop_word_lists.cut_stop_words(text, language, file)


def check(settings: Settings) -> None:
    """Refuse what the steps would not understand.

    Raises:
        StudyError: no such step, or a step's setting is missing, unknown or of the wrong type.
    """
    steps: dict[str, Callable[..., Any]] = {**STEPS, **REWRITES}
    for name, arguments in settings.items():
        if name not in steps:
            raise StudyError(f"data.cleaning.{name} is no cleaning step; choose from {sorted(steps)}")
        try:
            steps[name]("", **(arguments or {}))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(["data.cleaning", name, *(str(part) for part in first["loc"])])
            wanted = [key for key in inspect.signature(steps[name]).parameters if key != "text"]
            if first["type"] != "missing_argument":
                key = f"{key}={first['input']!r}"
            raise StudyError(f"{key}: {first['msg'].lower()}; the settings of {name} are {wanted}") from error


def identity(settings: Settings) -> list[list[Any]]:
    """The steps in order and what determines their doing, JSON-able: part of the corpus's fingerprint."""
    return [[name, IDENTITIES.get(name, dict)(**(arguments or {}))] for name, arguments in settings.items()]


class Cleaned(NamedTuple):
    """A text after the steps: the one that drops it, if any; what is left; what each rewriting step took out."""

    objection: str | None
    text: str
    cuts: dict[str, Cuts]


def clean(text: str, settings: Settings) -> Cleaned:
    """Take the steps in the order of the settings, up to the first that drops the text."""
    cuts: dict[str, Cuts] = {}
    for name, arguments in settings.items():
        if name in STEPS:
            if STEPS[name](text, **(arguments or {})):
                return Cleaned(name, text, cuts)
            continue
        cuts[name] = REWRITES[name](text, **(arguments or {}))
        text = without(text, cuts[name].spans)
        if not text.strip():
            return Cleaned(name, text, cuts)
    return Cleaned(None, text, cuts)


def rewrites(settings: Settings) -> bool:
    """Whether a step changes texts."""
    return any(name in REWRITES for name in settings)
