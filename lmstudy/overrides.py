"""Overrides of a configuration, KEY=VALUE, as people type them and as code makes them, in the words of Hydra's grammar.

The grammar gives meaning to commas, brackets, quotes, `=` and more, and knows no letters but those of English. What it
cannot read is text here, just as it was typed: a folder may have any name.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lmstudy.errors import StudyError

_KEY = re.compile(r"[+~]{0,2}[\w./@$:{}-]+", re.ASCII)
_PLAIN = re.compile(r"[\w./+-]*", re.ASCII)
"""Values that have one reading: most are, and Hydra takes long to load."""
NONE = "_none"
"""The choice of a group that stands for null, which Hydra does not take for one."""


def as_typed(argument: str, sweep: bool = False) -> str:
    """An argument of a command line so that Hydra reads what was typed: quoted where its grammar has no other reading.

    Args:
        argument: such as "data.path=it's"; what is no KEY=VALUE is given back.
        sweep: whether values between commas are several (`-m`), of which each is looked at by itself.

    Raises:
        StudyError: there is no such key, since keys are made of other characters.
    """
    key, equals, value = argument.partition("=")
    if key.startswith("~") and key.rpartition(".")[2].isdigit():
        what = key[1:].rpartition(".")[0]
        raise StudyError(f"{key}: an element of a list cannot be left out; give the whole list, as in {what}=[A,B]")
    if not equals or argument.startswith(("-", "hydra.", "~")):
        return argument
    if not _KEY.fullmatch(key):
        raise StudyError(
            f"{key}: unknown key; a key is made of a to z, digits, points and underscores, as in data.path"
        )
    if _PLAIN.fullmatch(value):
        return argument
    if value != value.strip():
        return f"{key}={quoted(value)}"
    read = _read(value)
    if sweep and getattr(read, "step", None) == 0:
        raise StudyError(f"{argument}: a step other than 0 is wanted, as in {key}=range(1,10,2)")
    text = value if read is _UNREADABLE else _text(read)
    if key == "runs" and text is not None and text.startswith("~"):
        return f"{key}={quoted(home(text))}"
    if read is _UNREADABLE and sweep and len(parts := list(split(value))) > 1:
        return f"{key}={','.join(part if _read(part) is not _UNREADABLE else quoted(part) for part in parts)}"
    if read is _UNREADABLE or (_is_sweep(read) and not sweep):
        return f"{key}={quoted(value)}"
    return argument


def override(key: str, value: Any) -> str:
    """The override that gives a key exactly this value, whatever characters a text of it has.

    Args:
        key: such as "runs", or a group, whose value is the name of a choice.
        value: None, a bool, a number, a text, or a list of these.
    """
    return f"{key}={_written(value)}"


def typed_value(argument: str) -> tuple[str, str, Any]:
    """Key, text and value of an override; a sweep's value is its text."""
    key, _, text = argument.partition("=")
    read = _read(text)
    value = text if read is _UNREADABLE or _is_sweep(read) else read
    return key.lstrip("+"), text, value if (found := _text(read)) is None else found


def quoted(text: str) -> str:
    """A text as Hydra's grammar reads it whole."""
    from hydra.core.override_parser.types import Quote, QuotedString

    return QuotedString(text, Quote.single).with_quotes()


def without_interpolation(text: str) -> str:
    """A text in which `${` stands for itself."""
    return text.replace("${", r"\${")


def split(text: str) -> Iterator[str]:
    """Parts between the commas that stand outside brackets and pairs of quotes, without space around them."""
    depth, quote, part = 0, "", ""
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote and not part.endswith("\\") else quote
        elif character in "'\"" and not part.strip() and character in text[position + 1 :]:
            quote = character
        elif character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        if character == "," and depth <= 0 and not quote:
            yield part.strip()
            part = ""
        else:
            part += character
    yield part.strip()


def listed(text: str) -> list[Any]:
    """The values of a list that was given as text: "[1, 2]", "1,2" or "语料"; an empty text is an empty list."""
    inner = text.strip()
    if inner.startswith("[") and inner.endswith("]"):
        inner = inner[1:-1].strip().removesuffix(",")
    return [typed_value(f"a={part}")[2] for part in split(inner)] if inner else []


def home(path: str, key: str = "") -> str:
    """A path with `~` and `~NAME` at its beginning replaced; StudyError where that folder is not known.

    `key` is the key of the configuration that holds the path, for the message.
    """
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        where = f"{key}={path}" if key else path
        raise StudyError(
            f"{where}: the home folder is not known; write the path in full, or ./~ for the name"
        ) from None


_UNREADABLE = object()


def _read(value: str) -> Any:
    """What Hydra's grammar makes of a value, or `_UNREADABLE`."""
    from hydra.core.override_parser.overrides_parser import OverridesParser
    from hydra.errors import HydraException

    try:
        return OverridesParser.create().parse_override(f"a={value}")._value
    except HydraException:
        return _UNREADABLE


def _text(read: Any) -> str | None:
    from hydra.core.override_parser.types import QuotedString

    if isinstance(read, QuotedString):
        return read.text
    return read if isinstance(read, str) else None


def _is_sweep(read: Any) -> bool:
    from hydra.core.override_parser.types import Sweep

    return isinstance(read, Sweep)


def _written(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{','.join(map(_written, value))}]"
    if not isinstance(value, str):
        return repr(value)
    if re.fullmatch(r"[a-z][a-z0-9_/]*", value, re.ASCII) and value not in ("true", "false", "null", "nan", "inf"):
        return value  # a word, such as the name of a choice
    return quoted(without_interpolation(value))
