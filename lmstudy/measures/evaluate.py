"""Measurements of finished runs, each with a record of its own: idempotent, as training is."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lmstudy.config import EvaluateConfig, build, check
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings, Measure, Subject
from lmstudy.runs.finished import load_run
from lmstudy.runs.folders import find_folder, whole_id
from lmstudy.runs.identity import finding_id, with_versions
from lmstudy.runs.lifecycle import Work, measured
from lmstudy.runs.named_models import definite
from lmstudy.runs.records import Record, load


@dataclass(frozen=True, kw_only=True)
class Evaluation(Work):
    """A measurement before it is made: what is measured, and on what."""

    kind: str = "evaluation"
    typed: EvaluateConfig
    measure: Measure
    corpus: Corpus | None
    """None: the run's own"""


def evaluation_of(config: Mapping[str, Any], trained: Record, beside: Path | None = None) -> Evaluation:
    """What a resolved configuration says to measure of a training record; its `run` is not looked at.

    Args:
        config: resolved.
        trained: what is measured.
        beside: the folder in which other runs are looked up; None: that of runs.

    Raises:
        StudyError: the configuration or the data is at fault.
    """
    typed = check(EvaluateConfig, config)
    runs = Path(typed.runs) if beside is None else beside
    measure, _ = asked(config)  # as it was told, since a folder that lies elsewhere is not found by its id
    known = {**config, "measure": definite(config["measure"])}
    _, settings = asked(known, lambda name: whole_id(name, runs, key="measure.teacher"))
    other = None if typed.data is None else prepare(typed.data)
    data = trained.data if other is None else other.fingerprint
    return Evaluation(
        id=finding_id(trained.id, settings, data),
        name=f"{measure.name}-{trained.name}",
        config={
            "run": {"id": trained.id, "name": trained.name, "config": trained.config},
            "measure": settings,
            "data": typed.data if data != trained.data else None,
        },
        typed=typed,
        data=data,
        seed=trained.seed,
        measure=measure,
        corpus=other,
    )


def asked(config: Mapping[str, Any], whole: Callable[[str], str] = str) -> tuple[Measure, dict[str, Any]]:
    """The measure of a resolved configuration, and its settings as records keep them.

    Args:
        config: resolved.
        whole: finds the whole id of another run that the measure names.
    """
    typed = check(EvaluateConfig, config)
    told: Measure = build(typed.measure, "measure")
    measure = told.definite(whole)
    documents = typed.documents or measure.documents()
    own = _without_folders(asdict(measure))
    return measure, with_versions({"name": measure.name, "split": typed.split, "documents": documents, **own})


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
    measure: Measure = build(typed.measure, "measure")
    if measure.kind == "tuning" and typed.data is not None:
        raise StudyError(f"data: measure={measure.name} takes the examples of the fine-tuning's own task")
    folder = find_folder(typed.run, Path(typed.runs), kind=measure.kind)
    wanted = evaluation_of(config, load(folder / "record.json"), folder.parent)
    return measured(wanted, lambda: _measure(wanted, folder))


def _measure(wanted: Evaluation, folder: Path) -> Findings:
    if wanted.measure.kind == "tuning":
        from lmstudy.runs.fine_tuning import load_tuning as opened  # torch
    else:
        opened = load_run
    finished = opened(folder)
    wanted.measure.check(finished)
    documents = wanted.config["measure"]["documents"]
    corpus = wanted.corpus or finished.run.corpus
    return wanted.measure.measure(Subject(finished, corpus, wanted.typed.split, documents))
