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

    The cell is parsed, never run: `papermill.inspect_notebook` reads it with a regular expression that
    drops every line with two equals signs and hands defaults back as text. Each statement has to give
    one name a literal, since papermill injects new values *after* the cell, so that whatever was derived
    in it would keep the old ones.

    Raises StudyError: no such cell, or a statement of another kind in it.
    """
    cells = [
        cell
        for cell in read_notebook(path).cells
        if cell.cell_type == "code" and "parameters" in cell.metadata.get("tags", [])
    ]
    if not cells:
        raise StudyError(f"{path}: no cell is tagged 'parameters'; tag the one that sets the notebook's parameters")
    try:
        statements = ast.parse(cells[0].source).body
    except SyntaxError as error:
        raise StudyError(f"{path}: the parameters cell is not valid Python ({error})") from None
    found: dict[str, Any] = {}
    for statement in statements:
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            continue  # a docstring
        name, value = _assignment(statement)
        if name is None:
            raise StudyError(
                f"{path}: line {statement.lineno} of the parameters cell, `{ast.unparse(statement)}`, should "
                "give one name a literal value (derive other values in a later cell)"
            )
        found[name] = value
    return found


def _assignment(statement: ast.stmt) -> tuple[str | None, Any]:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
    else:
        return None, None
    if not isinstance(target, ast.Name):
        return None, None
    try:
        return target.id, ast.literal_eval(value)
    except ValueError:
        return None, None


def check_parameters(path: Path, parameters: Mapping[str, Any]) -> None:
    """Refuse what papermill would let pass: unknown names, and values of another type than the default's.

    A value is made of None, bool, int, float, str, list and dict with str keys (papermill writes anything
    else into the notebook as a string). An int is accepted where the default is a float; a bool is not an
    int; a default of None accepts every value.
    """
    declared = declared_parameters(path)
    for name, value in parameters.items():
        if name not in declared:
            close = difflib.get_close_matches(name, declared, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            known = ", ".join(sorted(declared)) or "none"
            raise StudyError(f"{path}: unknown parameter '{name}' (known: {known}){hint}")
        _require_json(path, name, value)
        default = declared[name]
        if default is None or type(value) is type(default):
            continue
        if type(default) is float and type(value) is int:
            continue
        raise StudyError(
            f"{path}: parameter '{name}' = {value!r} is {type(value).__name__}, "
            f"but the notebook's default {default!r} is {type(default).__name__}"
        )


def _require_json(path: Path, name: str, value: Any) -> None:
    # `type(...) is`, not isinstance: OmegaConf containers and str enums would pass as list and str.
    if value is None or type(value) in (bool, int, float, str):
        return
    if type(value) is list:
        for item in value:
            _require_json(path, name, item)
        return
    if type(value) is dict and all(type(key) is str for key in value):
        for item in value.values():
            _require_json(path, name, item)
        return
    raise StudyError(
        f"{path}: parameter '{name}' holds {value!r} of type {type(value).__name__}; "
        "a notebook takes None, bool, int, float, str, and lists and dicts of these"
    )
