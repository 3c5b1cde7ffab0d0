"""The types of every configuration: what a key may hold, checked before anything runs.

Root, budget, trainer and logger are declared here. A group whose YAML names a `_target_` is typed by the
signature of that class, so a new model or objective is one file and one YAML, and closed all the same.
"""

import inspect
import os
import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated, Any, Literal, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from lmstudy.errors import StudyError

Count = Annotated[int, Field(gt=0)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class BudgetConfig(_Closed):
    """How much compute a run may spend; every size that follows from it."""

    name: str
    steps: Count
    rows: Count
    encoder_length: Annotated[int, Field(gt=1)]
    decoder_length: Annotated[int, Field(gt=1)]
    prefix_length: Annotated[int, Field(gt=1)]
    evaluate_every: Count
    evaluation_documents: Count
    final_documents: Count | None
    d_model: Count
    heads: Count
    d_ff: Count
    encoder_layers: Count
    decoder_layers: Count
    samples: Annotated[int, Field(ge=0)]


class TrainerConfig(_Closed):
    """Where a run computes."""

    accelerator: Literal["cpu", "gpu"] = "cpu"
    devices: Count = 1
    nodes: Count = 1
    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    precision: Literal["32-true", "bf16-mixed", "bf16-true"] = "32-true"
    threads: Count | None = None
    compile: Literal["auto"] | bool = "auto"
    attention: Literal["auto", "dense", "flex"] = "auto"
    checkpoint_every: Count = 100
    log_every: Count = 10


class LoggerConfig(_Closed):
    """What is written beside the record."""

    names: list[Literal["csv", "wandb", "tensorboard"]]


class DPOSettings(_Closed):
    """What `lmstudy-dpo` learns from, and how strongly; see conf/dpo.yaml."""

    beta: Annotated[float, Field(gt=0)]
    samples: Annotated[int, Field(gt=1)]
    temperature: Annotated[float, Field(gt=0)]
    partners: Count
    pairs: Count


class TrainConfig(_Closed):
    """The root of `lmstudy-train`."""

    seed: Annotated[int, Field(ge=0)]
    experiment: str | None
    runs: str
    data: dict[str, Any]
    pretraining: dict[str, Any]
    model: dict[str, Any]
    objective: dict[str, Any]
    optimizer: dict[str, Any]
    trainer: TrainerConfig
    logger: LoggerConfig
    budget: BudgetConfig
    embedding: dict[str, Any] | None = None
    scorer: dict[str, Any] | None = None
    measure: dict[str, Any] | None = None
    start: str | None = None
    dpo: DPOSettings | None = None


class BaselineConfig(_Closed):
    """The root of `lmstudy-baseline`."""

    data: dict[str, Any]
    of: Literal["text", "ratings", "task"] = "text"
    order: Annotated[int, Field(ge=1, le=5)]
    tokens: Count | Literal["all"]
    task: dict[str, Any] | None = None
    examples: Count | None = None
    valid_examples: Count = 1000
    test_examples: Count | None = 1000
    runs: str


class EvaluateConfig(_Closed):
    """The root of `lmstudy-evaluate`."""

    run: str
    measure: dict[str, Any]
    data: dict[str, Any] | None
    split: Literal["valid", "valid_files", "test"]
    documents: Count | None
    runs: str


class BenchmarkConfig(_Closed):
    """The root of `lmstudy-benchmark`."""

    workload: dict[str, Any]
    peer: dict[str, Any]
    data: dict[str, Any]
    rounds: Count
    threads: Count | None
    seconds: Annotated[float, Field(ge=0)]
    format: Literal["table", "json"]
    runs: str


def _check(model: type[BaseModel], values: Mapping[str, Any], prefix: str) -> Any:
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            key = ".".join([*([prefix] if prefix else []), *map(str, problem["loc"])])
            if problem["type"] == "extra_forbidden":
                choices = ", ".join(sorted(model.model_fields))
                lines.append(f"{key}: unknown key; choose from {choices}")
            elif problem["type"] == "missing":
                lines.append(f"{key}: missing")
            else:
                lines.append(f"{key}={problem['input']!r}: {problem['msg'][0].lower()}{problem['msg'][1:]}")
        raise StudyError("configuration: " + "; ".join(lines)) from None


def target_type(target: Any, given: tuple[str, ...] = ()) -> type[BaseModel]:
    """A closed model of a class's constructor arguments, without those the program gives itself."""
    fields: dict[str, Any] = {}
    if target.__init__ is object.__init__:
        return create_model(target.__name__, __config__=ConfigDict(extra="forbid"))
    hints = get_type_hints(target.__init__)
    for name, parameter in list(inspect.signature(target.__init__).parameters.items())[1:]:
        if name not in given:
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            fields[name] = (hints.get(name, Any), default)
    return create_model(target.__name__, __config__=ConfigDict(extra="forbid", protected_namespaces=()), **fields)


def build(node: Mapping[str, Any], group: str, **given: Any) -> Any:
    """Instantiate a group's `_target_` after checking keys and types; `given` are arguments not in the YAML.

    Raises:
        StudyError: names the key, its value and what it may be.
    """
    from hydra.utils import get_object

    settings = dict(node)
    path = settings.pop("_target_", None)
    if path is None:
        raise StudyError(f"{group}._target_ is missing: name the class, such as lmstudy.models.transformer.…")
    try:
        target = get_object(path)
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise StudyError(f"{group}._target_={path}: cannot be imported ({reason})") from error
    checked = _check(target_type(target, tuple(given)), settings, group)
    return target(**{name: getattr(checked, name) for name in type(checked).model_fields}, **given)


def check_root(config: Mapping[str, Any]) -> TrainConfig:
    """The typed root of a resolved configuration."""
    return _check(TrainConfig, {**config, "start": named_run(config, "start")}, "")


def named_run(config: Mapping[str, Any], key: str) -> str | None:
    """What a key names a run by: digits alone are text, too.

    Raises:
        StudyError: the beginning of an id such as 3e7, which was read as another number.
    """
    run = config.get(key)
    if isinstance(run, float):
        raise StudyError(f"{key}={run}: this beginning of an id reads as a number; give more digits of it")
    return None if run is None else str(run)


def check_baseline(config: Mapping[str, Any]) -> BaselineConfig:
    """The typed root of a resolved `lmstudy-baseline` configuration."""
    return _check(BaselineConfig, config, "")


def check_evaluate(config: Mapping[str, Any]) -> EvaluateConfig:
    """The typed root of a resolved `lmstudy-evaluate` configuration."""
    return _check(EvaluateConfig, {**config, "run": named_run(config, "run")}, "")


def check_benchmark(config: Mapping[str, Any]) -> BenchmarkConfig:
    """The typed root of a resolved `lmstudy-benchmark` configuration."""
    return _check(BenchmarkConfig, config, "")


def search_path(arguments: list[str]) -> list[str]:
    """The folder of a user's own YAML files, from `--config-dir FOLDER`, as an override that Hydra composes with."""
    for position, argument in enumerate(arguments):
        option, equals, folder = argument.partition("=")
        if option == "hydra.searchpath":
            return [argument]
        if option in ("--config-dir", "-cd"):
            folder = folder if equals else arguments[position + 1]
            return [f"hydra.searchpath=[file://{os.path.realpath(folder)}]"]
    return []


def group_defaults(config: str) -> dict[str, str | None]:
    """Groups of a root configuration and their default choices, read without a YAML library."""
    text = (files("lmstudy.conf") / f"{config}.yaml").read_text(encoding="utf-8")
    block = text.split("defaults:")[1].split("\n\n")[0]
    pairs = re.findall(r"^\s+- (\w+): (\w+)", block, flags=re.MULTILINE)
    return {group: None if choice == "null" else choice for group, choice in pairs}


def group_choices(group: str) -> dict[str, str]:
    """Choices of a group and the sentence that each file opens with."""
    found = {}
    for path in sorted((files("lmstudy.conf") / group).iterdir(), key=lambda p: p.name):
        if path.name.endswith(".yaml"):
            comments = [line for line in path.read_text(encoding="utf-8").splitlines()[:3] if line.startswith("# ")]
            texts = [line[2:].strip() for line in comments if not line.startswith("# @package")]
            found[path.name.removesuffix(".yaml")] = texts[0] if texts else ""
    return found
