"""What a notebook may be told: the names and default values in its cell tagged `parameters`."""

import ast
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat

from lmstudy.errors import StudyError


def read_notebook(path: Path) -> nbformat.NotebookNode:
    """The notebook at `path`; StudyError where there is none or it is not one."""
    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError:
        raise StudyError(f"{path}: there is no such notebook") from None
    except (nbformat.reader.NotJSONError, nbformat.ValidationError, UnicodeDecodeError) as error:
        first_line = (str(error).splitlines() or ["unreadable"])[0]
        raise StudyError(f"{path}: this is not a Jupyter notebook ({first_line[:120]})") from None


def declared_parameters(path: Path) -> dict[str, Any]:
    """Name -> default value, from the first cell tagged `parameters`.

    The cell is parsed, never run (`papermill.inspect_notebook` misses lines with two equals signs). Each statement has
    to give one name a literal: papermill injects new values *after* the cell, so what was derived in it would stay.

    Raises StudyError: no such cell, or a statement of another kind in it.
    """
    tagged = (cell for cell in read_notebook(path).cells if "parameters" in cell.metadata.get("tags", []))
    source = next((cell.source for cell in tagged if cell.cell_type == "code"), None)
    if source is None:
        raise StudyError(f"{path}: no cell is tagged 'parameters'; tag the one that sets the notebook's parameters")
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise StudyError(f"{path}: the parameters cell is not valid Python ({error})") from None
    found: dict[str, Any] = {}
    for statement in statements:
        try:
            match statement:
                case ast.Expr(ast.Constant()):
                    continue  # a docstring
                case ast.Assign([ast.Name(name)], ast.expr() as value):
                    found[name] = ast.literal_eval(value)
                case ast.AnnAssign(ast.Name(name), value=ast.expr() as value):
                    found[name] = ast.literal_eval(value)
                case _:
                    raise ValueError
        except ValueError:
            raise StudyError(
                f"{path}: line {statement.lineno} of the parameters cell, `{ast.unparse(statement)}`, should "
                "give one name a literal value (derive other values in a later cell)"
            ) from None
    return found


def check_parameters(path: Path, parameters: Mapping[str, Any]) -> None:
    """Refuse what papermill would let pass: unknown names, and values of another type than the default's.

    A value is made of None, bool, int, float, str, list and dict with str keys (papermill writes anything else as a
    string). An int may stand for a float; a bool is not an int; a default of None accepts every value.
    """
    declared = declared_parameters(path)
    for name, value in parameters.items():
        if name not in declared:
            close = difflib.get_close_matches(name, declared, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            known = ", ".join(sorted(declared)) or "none"
            raise StudyError(f"{path}: unknown parameter '{name}' (known: {known}){hint}")
        if (odd := _not_json(value)) is not None:
            raise StudyError(
                f"{path}: parameter '{name}' holds {odd!r} of type {type(odd).__name__}; "
                "a notebook takes None, bool, int, float, str, and lists and dicts of these"
            )
        default = declared[name]
        same = type(value) is type(default) or (type(default) is float and type(value) is int)
        if default is not None and not same:
            raise StudyError(
                f"{path}: parameter '{name}' = {value!r} is {type(value).__name__}, "
                f"but the notebook's default {default!r} is {type(default).__name__}"
            )


def _not_json(value: Any) -> Any:
    """The first part of a value that a notebook cannot take, or None."""
    # `type(...) is`, not isinstance: OmegaConf containers and str enums would pass as list and str.
    if value is None or type(value) in (bool, int, float, str):
        return None
    if type(value) is dict and all(type(key) is str for key in value):
        value = list(value.values())
    if type(value) is list:
        return next((odd for item in value if (odd := _not_json(item)) is not None), None)
    return value
