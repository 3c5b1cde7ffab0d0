"""Run records: one JSON file for each finished run, written once.

A record is what the book's numbers come from. It names the resolved configuration, seed, data, numerics
version, code commit, library versions, machine and time, and holds the metrics, curves and samples.

JSON has no NaN. A metric or a point of a curve that is not finite (a run that diverged) is stored as null and
read back as NaN; anywhere else it is an error.
"""

from __future__ import annotations

import json
import math
import numbers
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictFloat,
    StrictInt,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypedDict

import lmstudy
from lmstudy.atomic import write_text
from lmstudy.errors import StudyError
from lmstudy.runs import parts

SCHEMA = 1
NEWER = ("clock",)
"""Fields that may be missing: records without them were published."""
_CIRCUMSTANCES = {"commit", "versions", "hardware", "started", "finished", "wall_seconds", "clock", "notes"}


def _number(value: Any) -> Any:
    """Any real number, numpy's included, as a float; null as NaN; the rest is left for the type to refuse."""
    if type(value) is float:  # nearly all of them, and the checks below take long
        return value
    if value is None:
        return math.nan
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    return value


def _utc(value: str) -> str:
    if datetime.fromisoformat(value).utcoffset() != timedelta(0):
        raise ValueError("a time must be in UTC, as in 2026-01-31T12:00:00Z")
    return value


class Curve(TypedDict):
    """A metric over training: `value[i]` was logged at step `step[i]`."""

    step: list[Whole]
    value: list[Number]


def _same_length(curve: Curve) -> Curve:
    if len(curve["step"]) != len(curve["value"]):
        raise ValueError(f"{len(curve['step'])} steps and {len(curve['value'])} values: a value for each step")
    return curve


Whole = StrictInt  # no number in quotes, no 1.0
Number = Annotated[StrictFloat, BeforeValidator(_number)]
Finite = Annotated[Number, Field(allow_inf_nan=False)]
Seconds = Annotated[Number, Field(ge=0, allow_inf_nan=False)]
RunId = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Time = Annotated[str, AfterValidator(_utc)]
Steps = Annotated[Curve, AfterValidator(_same_length)]
Group = Annotated[list[Finite], Field(min_length=2, max_length=2)]  # [bits, bytes] of one document group


@dataclass(frozen=True)
class Findings:
    """The part of a record that was found out; fields as in `Record`."""

    metrics: dict[str, float] = field(default_factory=dict)
    groups: dict[str, list[list[float]]] = field(default_factory=dict)
    samples: list[Any] = field(default_factory=list)
    curves: dict[str, Any] = field(default_factory=dict)
    notes: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """What one finished run was and found.

    `groups` holds numerator and denominator of a metric, such as [bits, bytes], by group of documents (or by text):
    what intervals are computed from. `curves` are over training steps; `samples` are what a reader may want to see.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    schema: Whole = SCHEMA
    id: RunId
    kind: str  # "train", "baseline", ...
    name: str
    config: dict[str, JsonValue]
    seed: Whole | None  # None where chance has no part
    data: str  # the fingerprint of the corpus
    numerics: Whole
    commit: str | None
    versions: dict[str, str]
    hardware: dict[str, JsonValue]
    started: Time
    finished: Time
    wall_seconds: Seconds
    metrics: dict[str, Number] = field(default_factory=dict)
    curves: dict[str, Steps] = field(default_factory=dict)
    groups: dict[str, list[Group]] = field(default_factory=dict)
    samples: list[JsonValue] = field(default_factory=list)
    notes: str = ""
    clock: dict[str, Seconds] | None = None
    """Seconds by part (`lmstudy.training.clock.PARTS`), which add up to `wall_seconds`; None where that was not told"""

    def to_json(self) -> str:
        """Strict JSON, one field a line; six significant digits in curves and bits to a hundredth.

        Raises:
            StudyError: a field holds what its type does not allow, or a number that is not finite.
        """
        content = asdict(_checked(asdict(self), f"record {self.name}"))
        for curve in content["curves"].values():
            curve["value"] = [float(f"{v:.6g}") for v in curve["value"]]
        for split, pairs in content["groups"].items():
            content["groups"][split] = [[round(bits, 2), _whole(size)] for bits, size in pairs]
        content = {name: value for name, value in content.items() if not (name in NEWER and value is None)}
        content["metrics"] = _nan_as_null(content["metrics"])
        content["curves"] = _nan_as_null(content["curves"])
        try:
            lines = [f"{json.dumps(k)}: {_compact(v)}" for k, v in content.items()]
        except ValueError as error:
            raise StudyError(f"record {self.name}: a number in config, hardware or samples is not finite") from error
        return "{\n" + ",\n".join(lines) + "\n}\n"

    @classmethod
    def from_json(cls, text: str, source: str = "record") -> Record:
        """Raises StudyError, naming `source` and the field, for text that is no record of a known schema."""
        try:
            content = json.loads(text, parse_constant=_refuse_constant)
        except ValueError as error:
            raise StudyError(f"{source}: not valid JSON: {error}") from error
        if not isinstance(content, dict):
            raise StudyError(f"{source}: a record is a JSON object, not {type(content).__name__}")
        schema = content.get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise StudyError(
                f"{source}: field schema is {schema}, and lmstudy {lmstudy.__version__} reads up to "
                f"{SCHEMA}: a newer version wrote it, so update lmstudy"
            )
        absent = [f.name for f in fields(cls) if f.name not in content and f.name not in NEWER]
        if absent:
            raise StudyError(f"{source}: field {absent[0]} is missing")
        return _checked(content, source)

    def write(self, path: Path | str, *, with_parts: bool = False) -> Path:
        """Write the record, whole or not at all; a file of the same run and results is left as it is.

        Args:
            path: of the file.
            with_parts: whether large parts of the configuration stand in files of their own (`lmstudy.runs.parts`).

        Raises:
            StudyError: the file holds another record, or results that differ (it stays untouched), or it
                cannot be written.
        """
        path = Path(path)
        text = self.to_json()
        if path.exists():
            there, here = asdict(load(path)), asdict(Record.from_json(text))
            differing = [k for k in here if k not in _CIRCUMSTANCES and repr(here[k]) != repr(there[k])]
            if differing:
                raise StudyError(
                    f"{path}: holds another record (its {differing[0]} differs from that of {self.name}); "
                    "move it away or delete it first"
                )
            return path
        try:
            if with_parts:
                text = replace(self, config=parts.apart(self.config, path.parent)).to_json()
            write_text(path, text)
        except OSError as error:
            raise StudyError(f"{path}: cannot be written: {error.strerror}") from error
        return path


_RECORD = TypeAdapter(Record)


def load(path: Path | str) -> Record:
    """Read one record. Raises StudyError that names the file, and the field where it is one."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StudyError(f"{path}: cannot be read as a record: {error}") from error
    record = Record.from_json(text, source=str(path))
    return replace(record, config=parts.whole(record.config, Path(path).parent))


def load_folder(folder: Path | str) -> list[Record]:
    """All records (*.json) of a folder, by file name.

    Raises:
        StudyError: no such folder, a file that is no record, or two files with one id.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise StudyError(f"{folder}: no such folder of records")
    seen: dict[str, Path] = {}
    records = []
    for path in sorted(folder.glob("*.json")):
        record = load(path)
        if record.id in seen:
            raise StudyError(f"{path}: has the id {record.id} of {seen[record.id].name}; keep one of them")
        seen[record.id] = path
        records.append(record)
    return records


def note_read(records: Iterable[Record]) -> None:
    """Append the records' ids, one a line, to the file that $LMSTUDY_READ names, if it is set.

    So whoever runs a notebook learns which records it was given, and when it has to be run again.
    """
    if place := os.environ.get("LMSTUDY_READ"):
        with Path(place).open("a", encoding="utf-8") as stream:
            stream.write("".join(f"{record.id}\n" for record in records))


def published_folder() -> Path:
    """The folder of published records: $LMSTUDY_RECORDS, or book/records here or in the package's checkout.

    Raises:
        StudyError: the variable names no folder, or there is none of these folders.
    """
    named = os.environ.get("LMSTUDY_RECORDS")
    if named:
        if not Path(named).is_dir():
            raise StudyError(f"LMSTUDY_RECORDS={named}: no such folder")
        return Path(named)
    candidates = [Path.cwd() / "book" / "records", Path(lmstudy.__file__).parents[1] / "book" / "records"]
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise StudyError(
        f"no folder of published records: neither {candidates[0]} nor {candidates[1]} exists; "
        "run from the checkout or set LMSTUDY_RECORDS"
    )


def check_same_numerics(records: Iterable[Record]) -> None:
    """Raises StudyError, naming one record of each, when numerics versions differ: such results never mix."""
    by_version: dict[int, str] = {}
    for record in records:
        by_version.setdefault(record.numerics, record.name)
    if len(by_version) > 1:
        listed = ", ".join(f"{name} (numerics {version})" for version, name in sorted(by_version.items()))
        raise StudyError(f"records of different numerics versions cannot be compared: {listed}; run the older again")


def _first_error(error: ValidationError) -> str:
    """The first thing pydantic found wrong, as "field a.b: what (found value)"."""
    found = error.errors(include_url=False)[0]
    where = ".".join(str(part) for part in found["loc"])
    if found["type"] == "missing":
        return f"field {where} is missing"
    if found["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f"field {where} is not one of a record's"
    return f"field {where}: {found['msg']} (found {str(found['input'])[:80]!r})"


def _checked(content: dict[str, Any], source: str) -> Record:
    try:
        return _RECORD.validate_python(content)
    except ValidationError as error:
        raise StudyError(f"{source}: {_first_error(error)}") from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _nan_as_null(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _nan_as_null(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_nan_as_null(v) for v in value]
    return None if isinstance(value, float) and value - value != 0 else value


def _whole(size: float) -> float:
    return int(size) if size == int(size) else size


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
