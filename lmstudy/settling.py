"""Values that were typed, in the type of their key, before anything is made of them.

`seed=1`, `seed=1.0` and `seed='1'` are one run: what stands for a run is made of its configuration as it is written, so
that every value is written in one way. A whole number is written without a point, but for one that the YAML itself has
with a point. A key that takes a text gets what was typed, though it looks like a number or a list.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError

from lmstudy.config import ROOTS, target_of, target_type
from lmstudy.errors import StudyError
from lmstudy.overrides import listed, typed_value

_ABSENT = object()

AS_PUBLISHED = {"objective.drop": 0.0, "objective.alpha": 3.0, "objective.beta": 3.0, "pretraining.denoising": 1.0}
"""Whole values that published runs wrote with a point, which is part of their ids."""


def settled(root: str, config: dict[str, Any], overrides: Sequence[str], usual: Mapping[str, Any]) -> dict[str, Any]:
    """A resolved configuration whose typed values are of the types of their keys.

    Args:
        root: the YAML file of the command, such as "train".
        config: is changed.
        overrides: what was typed.
        usual: the configuration that the same choices of groups give without the values that were typed.

    Raises:
        StudyError: true or false where a number stands.
    """
    for argument in overrides:
        if "=" not in argument or argument.startswith(("~", "hydra.")) or "@" in argument.partition("=")[0]:
            continue
        key, text, _ = typed_value(argument)
        *parents, name = key.split(".")
        node = _at(config, parents)
        before = _at(usual, [*parents, name])
        if not isinstance(node, dict) or name not in node or isinstance(before, Mapping):
            continue  # a group, or a key that is told as unknown later
        node[name] = _settled(key, node[name], before, text, partial(_type, root, config, key.split(".")))
    return config


def _settled(key: str, value: Any, usual: Any, text: str, type_of: Callable[[], Any]) -> Any:
    if isinstance(usual, bool):
        return _as_bool(value)
    if isinstance(usual, int | float):
        return _as_number(key, value, usual)
    if isinstance(usual, str) and not usual.startswith(("???", "${")) and isinstance(value, str):
        return value
    annotation = type_of()
    if annotation is None:
        return value
    admitted = _admitted(annotation)
    if str in admitted and not admitted & {bool, int, float, list, dict}:
        return value if isinstance(value, str) or (value is None and type(None) in admitted) else text
    if list in admitted and str not in admitted and isinstance(value, str):
        value = listed(value)
    if isinstance(value, bool) and bool not in admitted and admitted & {int, float}:
        raise StudyError(f"configuration: {key}={text}: input should be a number")
    try:
        found = TypeAdapter(annotation).validate_python(value)
    except ValidationError:
        return value  # told later, with all that is wrong
    same = type(found) in (int, float, str, bool) and type(value) in (int, float, str, bool)
    return (_as_number(key, found, None) if type(found) in (int, float) else found) if same else value


def _as_bool(value: Any) -> Any:
    try:
        return TypeAdapter(bool).validate_python(value)  # such as on, no or 1, too
    except ValidationError:
        return value  # told later, with all that is wrong


def _as_number(key: str, value: Any, usual: float | None) -> Any:
    """A number as it is written: as the usual one, if it is equal to that, else without a point if it is whole."""
    if isinstance(value, bool):
        raise StudyError(f"configuration: {key}={str(value).lower()}: input should be a number, such as {usual}")
    if isinstance(value, str):
        try:
            value = float(value) if not value.strip().lstrip("+-").isdigit() else int(value)
        except ValueError:
            return value
    if not isinstance(value, int | float):
        return value
    if value == usual:
        return usual
    if value == AS_PUBLISHED.get(key):
        return AS_PUBLISHED[key]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _at(node: Any, path: Sequence[str]) -> Any:
    for name in path:
        if isinstance(node, list) and name.isdigit() and int(name) < len(node):
            node = node[int(name)]
        elif isinstance(node, Mapping) and name in node:
            node = node[name]
        else:
            return _ABSENT
    return node


def _type(root: str, config: Mapping[str, Any], path: Sequence[str]) -> Any:
    """The annotation of a key, or None where nobody knows it."""
    model: type[BaseModel] | None = ROOTS.get(root)
    node: Any = config
    for depth, name in enumerate(path):
        if model is not None and name in model.model_fields:
            field = model.model_fields[name]
            annotation: Any = field.annotation
            if depth == len(path) - 1:
                return annotation if not field.metadata else _with(annotation, field.metadata)
        else:
            annotation = None
        node = node.get(name) if isinstance(node, Mapping) else None
        if isinstance(node, Mapping) and "_target_" in node:
            model = _of_target(node, name)
        else:
            nested = [one for one in (annotation, *get_args(annotation)) if isinstance(one, type)]
            model = next((one for one in nested if issubclass(one, BaseModel)), None)
    return None


def _of_target(node: Mapping[str, Any], group: str) -> type[BaseModel] | None:
    try:
        target = target_of(node, group)
        if isinstance(target, type) and issubclass(target, BaseModel):
            return target
        return target_type(target)
    except Exception:  # told later, by whoever builds it
        return None


def _with(annotation: Any, metadata: Sequence[Any]) -> Any:
    return Annotated[(annotation, *metadata)]


def _admitted(annotation: Any) -> set[type]:
    """The plain types that an annotation speaks of, inside unions, too; those of literals by their values."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _admitted(get_args(annotation)[0])
    if origin is Literal:
        return {type(value) for value in get_args(annotation)}
    if isinstance(origin, type) and issubclass(origin, (list, tuple, dict, Mapping, Sequence)):
        return {dict if issubclass(origin, (dict, Mapping)) else list}
    if args := get_args(annotation):
        return set().union(*map(_admitted, args))
    return {annotation} if isinstance(annotation, type) else set()
