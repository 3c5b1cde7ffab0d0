"""The types of every configuration: what a key may hold, checked before anything runs.

The roots of the commands, budget, trainer and logger are declared here. A group whose YAML names a `_target_` is typed
by the signature of that class, so a new model or objective is one file and one YAML, and closed all the same.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, TypeVar, get_args, get_type_hints

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, create_model

from lmstudy.errors import KEYS_WANTED, StudyError, in_yaml
from lmstudy.places import now

Count = Annotated[int, Field(gt=0, lt=2**31)]
"""Of anything: what is more is a slip of the pen."""
Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]
"""As many as NumPy's generators tell apart."""

Threads = Annotated[int, Field(gt=0, le=1024)]
"""More than a machine has use for; far more of them end a process without a word."""
Folder = Annotated[str, Field(min_length=1)]


def _drawn_at(temperature: float) -> float:
    """What logits are divided by; by less, float32 has no room for them."""
    if 0 < temperature < 0.001:
        raise ValueError("0.001 or more is wanted, or 0 for the most probable token where that is allowed")
    return temperature


Temperature = Annotated[float, Field(ge=0), AfterValidator(_drawn_at)]


def _named(run: Any) -> Any:
    """What names a run: digits alone are text, too; the beginning of an id such as 3e7 was read as another number."""
    if isinstance(run, float):
        raise ValueError("this beginning of an id reads as a number; give more digits of it")
    if isinstance(run, str) and not run.strip():  # such as run=$ID of a shell that knows no ID
        raise ValueError(
            "a run is wanted: its id, the beginning of it, its name or its folder; lmstudy-runs lists them"
        )
    return str(run) if isinstance(run, int) else run


RunName = Annotated[str, BeforeValidator(_named)]
"""A finished run: its id, the beginning of it, its name or its folder."""
OptionalRunName = Annotated[str | None, BeforeValidator(_named)]


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=())


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

    accelerator: Literal["cpu", "gpu", "mps"] = "cpu"
    devices: Count = 1
    nodes: Count = 1
    strategy: Literal["auto", "ddp", "fsdp"] = "auto"
    precision: Literal["auto", "32-true", "bf16-mixed", "bf16-true", "16-mixed"] = "32-true"
    threads: Threads | None = None
    compile: Literal["auto"] | bool = "auto"
    attention: Literal["auto", "dense", "products", "flex"] = "auto"
    checkpoint_every: Count = 100
    log_every: Count = 10


class LoggerConfig(_Closed):
    """What is written beside the record."""

    names: list[Literal["csv", "wandb", "tensorboard"]]


class DecodingConfig(_Closed):
    """How answers are written: searched for, or drawn at a temperature above 0."""

    beams: Count
    length_penalty: Annotated[float, Field(ge=0)]
    no_repeat: Annotated[int, Field(ge=0)]
    temperature: Temperature
    top_p: Annotated[float, Field(gt=0, le=1)]


class PairSettings(_Closed):
    """How `lmstudy-dpo` learns from pairs that people have given, and how strongly; see conf/dpo.yaml."""

    beta: Annotated[float, Field(gt=0)]
    pairs: Count


class DPOSettings(PairSettings):
    """The same of pairs of texts that a run writes itself."""

    samples: Annotated[int, Field(gt=1)]
    temperature: Annotated[Temperature, Field(gt=0)]
    partners: Count


class TrainConfig(_Closed):
    """The root of `lmstudy-train`."""

    seed: Seed
    experiment: str | None
    runs: Folder
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
    start: OptionalRunName = None
    trunk: bool = False
    dpo: DPOSettings | PairSettings | None = None
    loss: dict[str, Any] | None = None
    comparisons: dict[str, Any] | None = None
    versions: dict[str, int] | None = None


class _OneDevice(_Closed):
    why: ClassVar[str]
    trainer: TrainerConfig


class TuneConfig(_OneDevice):
    """The root of `lmstudy-finetune`."""

    why = "models as small as these are fine-tuned on one device"
    task: dict[str, Any]
    data: dict[str, Any]
    model: dict[str, Any]
    budget: BudgetConfig
    optimizer: dict[str, Any]
    logger: LoggerConfig
    run: OptionalRunName
    examples: Count | None
    steps: Count
    batch: Count
    evaluate_every: Count
    valid_examples: Count
    test_examples: Count | None
    head: Literal[True, False, "decoder"]
    keep: Literal["answers"] | None
    label_weights: Literal["balanced"] | None
    context: Count | None
    decoding: DecodingConfig
    seed: Seed
    runs: Folder


class RewardConfig(_OneDevice):
    """The root of `lmstudy-reward`."""

    why = "a reward model compares the texts of a batch with each other, and is trained on one device"
    data: dict[str, Any]
    encoder: dict[str, Any]
    loss: dict[str, Any]
    optimizer: dict[str, Any]
    logger: LoggerConfig
    half: Literal["all", "A", "B"]
    share: Annotated[float, Field(gt=0, le=1)]
    ratings: Count | None
    comparisons: dict[str, Any] | None = None
    run: OptionalRunName
    epochs: Count
    batch: Annotated[int, Field(gt=1)]
    seed: Seed
    runs: Folder


class DPOConfig(DPOSettings, _OneDevice):
    """The root of `lmstudy-dpo`."""

    why = "pairs are learned from on one device"
    run: RunName
    steps: Count
    seed: Seed | None
    loss: dict[str, Any]
    comparisons: dict[str, Any] | None = None
    scorer: dict[str, Any] | None = None
    measure: dict[str, Any] | None = None
    optimizer: dict[str, Any]
    logger: LoggerConfig
    runs: Folder


class GenerateConfig(_Closed):
    """The root of `lmstudy-generate`."""

    run: RunName
    scorer: dict[str, Any] | None
    control: Literal["auto", "none", "good", "bad"]
    guidance: Annotated[float, Field(allow_inf_nan=False)]
    look_ahead: Annotated[int, Field(ge=1, le=64)]
    prompt: str | None
    n: Count
    temperature: Temperature
    top_p: Annotated[float, Field(gt=0, le=1)]
    max_tokens: Count | None
    seed: Seed
    format: Literal["text", "json"]
    colour: Literal["auto", "always", "never"]
    runs: Folder


def _export_folder(folder: Any) -> str | None:
    if folder is not None and not str(folder).strip():
        raise ValueError("a folder is wanted, or null for the usual one")
    return None if folder is None else str(folder)


class ExportConfig(_Closed):
    """The root of `lmstudy-export`."""

    run: RunName
    folder: Annotated[str | None, BeforeValidator(_export_folder)]
    overwrite: bool
    runs: Folder


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
    runs: Folder


class EvaluateConfig(_Closed):
    """The root of `lmstudy-evaluate`."""

    run: RunName
    measure: dict[str, Any]
    data: dict[str, Any] | None
    split: Literal["valid", "valid_files", "test"]
    documents: Count | None
    runs: Folder


class BenchmarkConfig(_Closed):
    """The root of `lmstudy-benchmark`."""

    workload: dict[str, Any]
    peer: dict[str, Any]
    data: dict[str, Any]
    rounds: Count
    threads: Threads | None
    seconds: Annotated[float, Field(ge=0)]
    format: Literal["table", "json"]
    runs: Folder


ROOTS: dict[str, type[_Closed]] = {
    "train": TrainConfig,
    "finetune": TuneConfig,
    "reward": RewardConfig,
    "dpo": DPOConfig,
    "generate": GenerateConfig,
    "export": ExportConfig,
    "baseline": BaselineConfig,
    "evaluate": EvaluateConfig,
    "benchmark": BenchmarkConfig,
}
"""By the names of their YAML files."""
Root = TypeVar("Root", bound=_Closed)


def check(root: type[Root], config: Mapping[str, Any]) -> Root:
    """A resolved configuration as its type, such as `TrainConfig`.

    Raises:
        StudyError: names the key, its value and what it may be.
    """
    typed: Root = _check(root, config, "")
    if isinstance(typed, _OneDevice) and typed.trainer.devices * typed.trainer.nodes > 1:
        trainer = typed.trainer
        raise StudyError(f"trainer.devices={trainer.devices} and trainer.nodes={trainer.nodes}: {typed.why}")
    return typed


def _check(model: type[BaseModel], values: Mapping[str, Any], prefix: str) -> Any:
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        lines: list[str] = []
        wrong: dict[str, list[str]] = {}
        for problem in error.errors():
            key = ".".join(
                [*([prefix] if prefix else []), *_path(values, problem["loc"], problem["type"] == "missing")]
            )
            if problem["type"] == "extra_forbidden":
                choices = ", ".join(sorted(_fields(model, problem["loc"][:-1])))
                lines.append(f"{key}: unknown key; choose from {choices}")
            elif problem["type"] == "missing":
                lines.append(f"{key}: missing")
            else:
                message = problem["msg"].removeprefix("Value error, ")
                message = KEYS_WANTED.format(key) if problem["type"] in ("model_type", "dict_type") else message
                wrong.setdefault(f"{key}={in_yaml(problem['input'])}", []).append(f"{message[0].lower()}{message[1:]}")
        lines += [f"{value}: {', or '.join(dict.fromkeys(why))}" for value, why in wrong.items()]
        raise StudyError("configuration: " + "; ".join(lines)) from None


def _fields(model: type[BaseModel], loc: Sequence[int | str]) -> set[str]:
    """Keys that there are at a place in a configuration; pydantic puts members of a union among what leads to it."""
    models = [model]
    for part in map(str, loc):
        found = [each.model_fields[part].annotation for each in models if part in each.model_fields]
        inner = [one for each in found for one in (each, *get_args(each))]
        models = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)] or models
    return {name for each in models for name in each.model_fields}


def _path(values: Any, loc: Sequence[int | str], missing: bool) -> list[str]:
    """The keys to what pydantic names, without the members of a union that it tried on the way."""
    found = []
    for part in loc:
        known = dict(enumerate(values)) if isinstance(values, list) else values
        if isinstance(known, Mapping) and part in known:
            values = known[part]
            found.append(str(part))
    return [*found, str(loc[-1])] if missing else found


def target_type(target: Any, given: tuple[str, ...] = ()) -> type[BaseModel]:
    """A closed model of a class's constructor arguments, without those the program gives itself."""
    fields: dict[str, Any] = {}
    closed = ConfigDict(extra="forbid", allow_inf_nan=False, protected_namespaces=())
    if target.__init__ is object.__init__:
        return create_model(target.__name__, __config__=closed)
    hints = get_type_hints(target.__init__, include_extras=True)
    for name, parameter in list(inspect.signature(target.__init__).parameters.items())[1:]:
        if name not in given:
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            fields[name] = (hints.get(name, Any), default)
    return create_model(target.__name__, __config__=closed, **fields)


def target_of(node: Mapping[str, Any], group: str) -> Any:
    """The class that a group's `_target_` names.

    Raises:
        StudyError: none is named, or it cannot be imported.
    """
    from hydra.utils import get_object

    path = node.get("_target_")
    if path is None:
        raise StudyError(f"{group}._target_ is missing: name the class, such as lmstudy.models.transformer.…")
    try:
        return get_object(now(path))
    except Exception as error:
        reason = str(error).splitlines()[0]
        raise StudyError(f"{group}._target_={path}: cannot be imported ({reason})") from error


def build(node: Mapping[str, Any], group: str, **given: Any) -> Any:
    """Instantiate a group's `_target_` after checking keys and types; `given` are arguments not in the YAML.

    Raises:
        StudyError: names the key, its value and what it may be.
    """
    settings = {key: value for key, value in node.items() if key != "_target_"}
    target = target_of(node, group)
    checked = _check(target_type(target, tuple(given)), settings, group)
    return target(**{name: getattr(checked, name) for name in type(checked).model_fields}, **given)
