"""Measurements of finished runs, each with a record of its own: idempotent, as training is."""

import hashlib
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lmstudy.config import EvaluateConfig, build, check
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.errors import StudyError
from lmstudy.measures.base import Measure, Subject
from lmstudy.measures.likelihood import Likelihood
from lmstudy.measures.source_use import SourceUse
from lmstudy.runs import provenance
from lmstudy.runs.fine_tuning import load_tuning
from lmstudy.runs.finished import Finished, find_folder, load_run
from lmstudy.runs.identity import NUMERICS
from lmstudy.runs.records import Record, load


def evaluate_split(finished: Finished, split: str, documents: int | None = None) -> dict[str, float]:
    """All metrics over the first `documents` of a split (None: all), as in training's own validation.

    Raises:
        StudyError: there is no such split; names those that exist.
    """
    found = Likelihood().measure(Subject(finished, finished.run.corpus, split, documents))
    return {name.removeprefix(f"{split}/"): value for name, value in found.metrics.items()}


@dataclass(frozen=True)
class Evaluation:
    """A measurement before it is made: what is measured on what, and the identity of its record."""

    measure: Measure | SourceUse
    settings: dict[str, Any]
    corpus: Corpus | None
    """None: the run's own"""
    content: dict[str, Any]
    data: str
    id: str


def evaluation_of(config: Mapping[str, Any], trained: Record) -> Evaluation:
    """What a resolved configuration says to measure of a training record; its `run` is not looked at.

    Raises:
        StudyError: the configuration or the data is at fault.
    """
    typed = check(EvaluateConfig, config)
    measure, settings = asked(config)
    other = None if typed.data is None else prepare(typed.data)
    data = trained.data if other is None else other.fingerprint
    content = {
        "run": {"id": trained.id, "name": trained.name, "config": trained.config},
        "measure": settings,
        "data": typed.data if data != trained.data else None,
    }
    digest = hashlib.sha256(json.dumps([trained.id, settings, data, NUMERICS], sort_keys=True).encode())
    return Evaluation(measure, settings, other, content, data, digest.hexdigest()[:16])


def asked(config: Mapping[str, Any]) -> tuple[Measure | SourceUse, dict[str, Any]]:
    """The measure of a resolved configuration, and its settings as records keep them."""
    typed = check(EvaluateConfig, config)
    measure: Measure | SourceUse = build(typed.measure, "measure")
    documents = typed.documents or measure.documents()
    own = _without_folders(asdict(measure))  # type: ignore[arg-type]
    return measure, {"name": measure.name, "split": typed.split, "documents": documents, **own}


def _without_folders(settings: Any) -> Any:
    """Settings without where runs lie: a scorer's reward model is known by its name or id."""
    if not isinstance(settings, dict):
        return settings
    return {key: _without_folders(value) for key, value in settings.items() if key != "runs"}


def evaluate(config: Mapping[str, Any]) -> Record:
    """Measure what a resolved configuration describes, unless its record exists; return the record.

    The record's config is {"run": {"id", "name", "config"}, "measure": {"name", "split", "documents", ...}, "data"},
    where data is None for the run's own corpus.

    Raises:
        StudyError: the configuration, the run or the data is at fault.
    """
    typed = check(EvaluateConfig, config)
    tuned = isinstance(build(typed.measure, "measure"), SourceUse)
    if tuned and typed.data is not None:
        raise StudyError("data: measure=source takes the examples of the fine-tuning's own task")
    folder = find_folder(typed.run, Path(typed.runs), kind="tuning" if tuned else "train")
    trained = load(folder / "record.json")
    wanted = evaluation_of(config, trained)
    name = f"{wanted.measure.name}-{trained.name}"
    path = Path(typed.runs) / f"{name}-{wanted.id}" / "record.json"
    if path.exists():
        print(f"{name}: record {wanted.id} exists, nothing to measure", file=sys.stderr)
        return load(path)
    clock = provenance.Clock()
    if isinstance(wanted.measure, SourceUse):
        found = wanted.measure.measure(load_tuning(folder), typed.split, typed.documents)
    else:
        finished = load_run(folder)
        wanted.measure.check(finished)
        corpus = wanted.corpus or finished.run.corpus
        found = wanted.measure.measure(Subject(finished, corpus, typed.split, wanted.settings["documents"]))
    record = Record(
        id=wanted.id,
        kind="evaluation",
        name=name,
        config=wanted.content,
        seed=trained.seed,
        data=wanted.data,
        numerics=NUMERICS,
        **provenance.circumstances(clock),
        metrics=found.metrics,
        groups=found.groups,
        samples=found.samples,
    )
    record.write(path)
    print(f"{name}: finished, {path}", file=sys.stderr)
    return record
