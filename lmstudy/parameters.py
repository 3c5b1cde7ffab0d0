"""What a notebook's parameters may be: checked in the cell behind them, whoever runs the notebook.

    checked(globals(), budget=choice("budget"), seed=SEED, runs=RUNS)

A list may be given as text, as papermill's `-p` does, and a number in any way in which numbers are written.
"""

import ast
import difflib
import re
import sys
from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lmstudy
from lmstudy.compose import group_choices
from lmstudy.errors import StudyError
from lmstudy.overrides import home, listed

_MARK = "# Parameters"
"""What papermill writes above the values that it was given."""
_NUMERAL = re.compile(r"[+-]?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


class ParameterError(StudyError):
    """A parameter that a notebook does not have, or a value that it cannot be. Jupyter shows it as a line."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class Kind:
    """What values a parameter takes.

    Attributes:
        right: what would be right, in words.
        read: the value as the notebook uses it; a ValueError where it is none.
    """

    right: str
    read: Callable[[Any], Any]


def checked(names: MutableMapping[str, Any], **kinds: Kind) -> None:
    """Check the parameters of a notebook among its names, and put them there as they were meant.

    Args:
        names: `globals()` of the notebook.
        kinds: of every parameter, by its name.

    Raises:
        ParameterError: papermill was given a name that is none of them, or a value is not of its kind.
    """
    for name in _injected(names.get("In", [])):
        if name not in kinds:
            close = "".join(f"; did you mean {one}?" for one in difflib.get_close_matches(name, kinds, 1))
            raise ParameterError(f"{name}: this notebook has no such parameter{close} It has {', '.join(kinds)}")
    for name, kind in kinds.items():
        if name not in names:
            raise ParameterError(f"{name}: no value; run the cell of parameters first")
        try:
            names[name] = kind.read(names[name])
        except (ValueError, TypeError):
            raise ParameterError(f"{name} = {names[name]!r}: {kind.right}") from None


def _injected(cells: Iterable[str]) -> list[str]:
    """Names that papermill gave values to."""
    found = []
    for cell in cells:
        if cell.startswith(_MARK):
            for statement in ast.parse(cell).body:
                targets = statement.targets if isinstance(statement, ast.Assign) else []
                found += [target.id for target in targets if isinstance(target, ast.Name)]
    return found


def whole(least: int = 0, most: int | None = None) -> Kind:
    """A whole number, `least` and `most` among those that are allowed."""

    def read(value: Any) -> int:
        number = _number(value)
        if number != int(number) or number < least or (most is not None and number > most):
            raise ValueError
        return int(number)

    to = f" to {most}" if most is not None else ""
    return Kind(f"a whole number is wanted, {f'{least}{to}' if to else f'{least} or more'}", read)


def number(above: float = 0.0) -> Kind:
    """A finite number above another one."""

    def read(value: Any) -> float:
        found = float(_number(value))
        if not above < found < float("inf"):
            raise ValueError
        return found

    return Kind(f"a number above {above:g} is wanted", read)


def _number(value: Any) -> int | float:
    if isinstance(value, str) and _NUMERAL.fullmatch(value.strip()):
        value = float(value) if re.search("[.eE]", value) else int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value or abs(value) == float("inf"):
        raise ValueError
    return value


def one_of(choices: Iterable[str]) -> Kind:
    """One of some texts."""
    known = list(choices)

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise ValueError
        return value

    return Kind(f"one of {', '.join(known)} is wanted", read)


def choice(group: str) -> Kind:
    """A choice of a group of the configuration, such as "budget"."""
    return one_of(group_choices(group))


def text(what: str = "a text") -> Kind:
    """A text, which may look like a number."""

    def read(value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise ValueError
        return str(value)

    return Kind(f"{what} is wanted", read)


def listing(kind: Kind, least: int = 1) -> Kind:
    """A list of at least so many values of a kind, each once, or a text of it.

    A number alone is none, since it may be meant to say how many.
    """

    def read(value: Any) -> list[Any]:
        values = list(value) if isinstance(value, list | tuple) else _elements(value, kind)
        found = [kind.read(one) for one in values]
        if len(found) < least or len({repr(one) for one in found}) < len(found):
            raise ValueError
        return found

    count = {0: "a list, which may be empty,", 1: "a list"}.get(least, f"a list of {least} or more")
    return Kind(f"{count} in brackets is wanted, each value once; of each, {kind.right}", read)


def _elements(value: Any, kind: Kind) -> list[Any]:
    """The values of a list that was given as text."""
    if not isinstance(value, str) or _NUMERAL.fullmatch(value.strip()):
        raise ValueError
    values = listed(value)
    try:
        return [kind.read(one) for one in values]
    except ValueError:
        return [kind.read(value)]  # such as a name with a comma in it


def optional(kind: Kind, none: str) -> Kind:
    """A value of a kind, or None, which stands for what `none` says."""
    return Kind(
        f"{kind.right}, or None: {none}", lambda value: None if value is None or value == "None" else kind.read(value)
    )


def either(first: Kind, second: Kind) -> Kind:
    """A value of one of two kinds, looked for in this order."""

    def read(value: Any) -> Any:
        try:
            return first.read(value)
        except ValueError:
            return second.read(value)

    return Kind(f"{first.right}; or {second.right}", read)


def _runs(value: Any) -> str:
    folder = home(text().read(value))
    if not folder.strip() or (Path(folder).exists() and not Path(folder).is_dir()):
        raise ValueError
    checkout = Path(lmstudy.__file__).resolve().parents[1]
    if folder == "runs" and (checkout / "book" / "_config.yml").exists() and Path.cwd() != checkout:
        folder = str(checkout / folder)
        print(f"runs: those of the checkout, {folder}", file=sys.stderr)
    elif not Path(folder).is_dir():
        print(f"runs: what is made goes to {Path(folder).resolve()}", file=sys.stderr)
    return folder


RUNS = Kind("a folder of runs is wanted, such as 'runs'", _runs)
"""The folder of runs: "runs" is the checkout's, from whatever folder a notebook is run."""
SEED = whole(0, 2**32 - 1)
SEEDS = listing(SEED)


def _override(value: Any) -> str:
    if not isinstance(value, str) or not (value.startswith("~") or "=" in value.lstrip("=")):
        raise ValueError
    return value


OVERRIDES = listing(Kind("KEY=VALUE is wanted, as behind a command", _override), least=0)
DATA = choice("data")
OTHER_DATA = optional(
    either(DATA, OVERRIDES), "the corpus of the experiment (['data=files', 'data.path=FOLDER'] is one of your own)"
)
"""A corpus in the place of an experiment's."""
