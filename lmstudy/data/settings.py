"""Checks the `data` config group: the source's own keys, and the steps that every corpus goes through."""

import importlib
import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from lmstudy.data.cleaning import steps as cleaning_steps
from lmstudy.data.cleaning.deduplication import Deduplication
from lmstudy.data.documents import Source
from lmstudy.data.planting import Planting
from lmstudy.data.splits import ByHash, ByPackage
from lmstudy.data.tokenizer import TokenizerSettings
from lmstudy.errors import KEYS_WANTED, StudyError, in_yaml
from lmstudy.places import now


class Pipeline(BaseModel):
    """What is done to the documents of any source."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    cleaning: Annotated[dict[str, dict[str, Any] | None], BeforeValidator(lambda steps: _switched_on(steps))] = {}
    """Steps in order, without those that are `false`; none when the group is left out, empty or null."""
    deduplication: Deduplication | None
    """Null keeps duplicates, on whichever sides of a split they come to lie."""
    split: Annotated[ByPackage | ByHash, Field(discriminator="by")]
    tokenizer: TokenizerSettings
    planting: Planting | None = None
    """Made-up lines in the training split, or none."""


def _switched_on(steps: Any) -> Any:
    if isinstance(steps, Mapping):
        return {name: arguments for name, arguments in steps.items() if arguments is not False}
    return {} if steps is None else steps


def parse(settings: Mapping[str, Any]) -> tuple[Source, Pipeline]:
    """The source named by `_target_`, made from its keys, and the settings of the steps.

    Raises:
        StudyError: an unknown key, a missing one, or a value of the wrong type or range.
    """
    rest = dict(settings)
    steps = {key: rest.pop(key) for key in Pipeline.model_fields if key in rest}
    source = parse_source(rest, also=tuple(Pipeline.model_fields))
    pipeline = _validated(Pipeline, steps, "data")
    cleaning_steps.check(pipeline.cleaning)
    if pipeline.planting and (getattr(source, "one_segment", False) or hasattr(source, "segments")):
        raise StudyError(
            f"data.planting: lines cannot be planted in {type(source).__name__}, whose segments are no lines; "
            "set it to null"
        )
    return source, pipeline


def parse_source(settings: Mapping[str, Any], key: str = "data", also: tuple[str, ...] = ()) -> Source:
    """The source alone, made from `_target_` and its keys.

    Args:
        settings: what stands in the configuration.
        key: where it stands, for messages.
        also: keys that may stand beside the source's own, for messages.

    Raises:
        StudyError: as `parse`.
    """
    rest = dict(settings)
    source_class = _locate(rest.pop("_target_", None), key)
    unknown = sorted(set(rest) - set(source_class.model_fields))
    if unknown:
        known = sorted({*source_class.model_fields, *also})
        raise StudyError(f"{key}.{unknown[0]} is no key of {source_class.__name__}; choose from {known}")
    return _validated(source_class, rest, key)


def _locate(target: Any, key: str) -> Any:
    module, _, name = now(str(target)).rpartition(".")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        told = f"{key}._target_={target!r} names no source class ({error}); MODULE.CLASS is wanted"
        raise StudyError(told) from error
    if not (isinstance(found, type) and issubclass(found, BaseModel) and hasattr(found, "parts")):
        raise StudyError(f"{key}._target_={target!r} is no source (see lmstudy.data.documents.Source)")
    return found


def _validated(model: type[BaseModel], values: Mapping[str, Any], key: str) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        cause = first.get("ctx", {}).get("error")
        if isinstance(cause, StudyError):  # of a source inside the source: it says where by itself
            raise cause from error
        where = [part for part in first["loc"] if part not in ("package", "file", "document")]
        message = f"{key}.{'.'.join(map(str, where))}"
        if first["type"] == "extra_forbidden":
            choices = _keys(model, where[:-1])
            raise StudyError(f"{message} is no key" + (f"; choose from {choices}" if choices else "")) from error
        if first["type"] in ("model_type", "model_attributes_type", "dict_type"):
            raise StudyError(f"{message}={in_yaml(first['input'])}: {KEYS_WANTED.format(message)}") from error
        if first["type"] == "union_tag_invalid":
            tag, choices = (first["ctx"][name] for name in ("tag", "expected_tags"))
            key = first["ctx"]["discriminator"].strip("'")
            raise StudyError(f"{message}.{key}={tag}: choose from {choices.replace(chr(39), '')}") from error
        value = "" if first["type"] == "missing" else f"={in_yaml(first['input'])}"
        raise StudyError(f"{message}{value}: {first['msg'].removeprefix('Value error, ')}") from error


def _keys(annotation: Any, where: list[Any]) -> list[str]:
    """Keys allowed at a place inside nested settings; none if they are free."""
    models = _models(annotation)
    if not where:
        return sorted({key for model in models for key in model.model_fields})
    if get_origin(annotation) in (list, dict):  # the place is an index or a free key
        return _keys(get_args(annotation)[-1], where[1:])
    found: set[str] = set()
    for model in models:
        if where[0] in model.model_fields:
            found |= set(_keys(model.model_fields[where[0]].annotation, where[1:]))
    return sorted(found)


def _models(annotation: Any) -> list[type[BaseModel]]:
    """Settings classes that an annotation (a class, or a union, list or mapping of them) speaks of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, types.UnionType, Annotated, list, dict):
        return [model for part in get_args(annotation) for model in _models(part)]
    return []
