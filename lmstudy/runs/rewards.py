"""A reward model from configuration to record: idempotent, resumable, atomic, as pretraining runs are.

Its folder, `RUNS/NAME-ID`, holds the record and what `lmstudy.preferences.scorers.reward_model` reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning as L

from lmstudy.config import RewardConfig, build, check, target_of
from lmstudy.data.batches.by_length import steps_per_epoch
from lmstudy.data.comparisons import ComparisonSource
from lmstudy.data.corpus import Corpus, prepare, to_stderr
from lmstudy.data.text_rows import Reader
from lmstudy.errors import StudyError
from lmstudy.models.reward import RewardModel, RewardSettings
from lmstudy.preferences.losses.base import PreferenceLoss
from lmstudy.preferences.scorers.reward_model import WEIGHTS, Judge, Scale
from lmstudy.runs import provenance
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.folders import find_folder
from lmstudy.runs.identity import OPTIONAL, run_id
from lmstudy.runs.lifecycle import Work, once, save_weights, session
from lmstudy.runs.records import Findings, Record
from lmstudy.runs.reward_comparisons import ComparedLesson
from lmstudy.runs.reward_examples import learned_from, rated_texts
from lmstudy.runs.reward_lessons import Lesson, RatedLesson
from lmstudy.training.callbacks import SessionClock
from lmstudy.training.precision import resolved
from lmstudy.training.reward_losses import BradleyTerry
from lmstudy.training.trainer import check_machine


@dataclass(frozen=True, kw_only=True)
class RewardRun(Work):
    """A reward model before it is trained."""

    kind: str = "reward"
    typed: RewardConfig
    corpus: Corpus
    pretrained: Finished | None


def open_reward(config: Mapping[str, Any]) -> RewardRun:
    """Check a resolved configuration, prepare its data, find what it starts from, and name the reward model.

    Raises:
        StudyError: a key, the data or the pretraining run is at fault.
    """
    typed = check(RewardConfig, config)
    check_machine(typed.trainer)
    config = resolved(config)
    typed = check(RewardConfig, config)
    _check_loss(typed)
    for group in ("encoder", "loss", "optimizer"):
        build(getattr(typed, group), group)
    pretrained = None
    decisive = {key: value for key, value in config.items() if not (key in OPTIONAL and value is None)}
    if typed.run is not None:
        folder = find_folder(typed.run, Path(typed.runs), kind="train")
        pretrained = load_run(folder, writes_only=typed.comparisons is not None)  # its tokens are enough for pairs
        decisive["run"] = pretrained.record.id  # however few of its digits were given
    if typed.comparisons is not None:
        decisive["comparisons"] = {**typed.comparisons, **build(typed.comparisons, "comparisons").pinned()}
        if pretrained is not None:  # whose tokens are read; there is nothing else to do with a corpus
            decisive["data"] = pretrained.record.config["data"]
    typed = check(RewardConfig, decisive)
    corpus = pretrained.run.corpus if pretrained and typed.comparisons else prepare(typed.data)
    return RewardRun(
        id=run_id(decisive, corpus.fingerprint), name=reward_name(typed), config=decisive, typed=typed,
        data=corpus.fingerprint, seed=typed.seed, corpus=corpus, pretrained=pretrained,
    )  # fmt: skip


def _check_loss(typed: RewardConfig) -> None:
    target = target_of(typed.loss, "loss")
    if isinstance(target, type) and issubclass(target, PreferenceLoss):
        raise StudyError(
            f"loss={target.name} teaches language models (lmstudy-dpo); a reward is learned by loss=bradley_terry, "
            "regression or logistic"
        )
    if typed.comparisons is None:
        return
    if target is not BradleyTerry:
        raise StudyError(f"loss={target.name} needs ratings; comparisons are learned from by loss=bradley_terry")
    taken = {"half": "all", "share": 1.0, "ratings": None}
    for key, whole in taken.items():
        if getattr(typed, key) != whole:
            raise StudyError(f"{key}={getattr(typed, key)} is of ratings; leave it out with comparisons")


def reward_name(typed: RewardConfig) -> str:
    """Readable, such as `reward-ratedsnippets-own-bradleyterry-A-s1`; with share and ratings if not all are taken.

    One that learned from pairs has "pairs" in the place of what was rated.
    """
    groups = [str(node["_target_"]).split(".")[-1].lower() for node in (typed.data, typed.encoder, typed.loss)]
    groups[0] = groups[0] if typed.comparisons is None else "pairs"
    fewer = [] if typed.share == 1 else [f"share{typed.share:g}"]
    fewer += [] if typed.ratings is None else [f"ratings{typed.ratings}"]
    return "-".join(["reward", *groups, *(["pretrained"] if typed.run else []), typed.half, *fewer, f"s{typed.seed}"])


def train_reward(config: Mapping[str, Any]) -> Record:
    """Train the reward model that a resolved configuration describes, unless its record exists; return the record.

    Raises:
        StudyError: the configuration, data, machine or a checkpoint is at fault; nothing existing is touched.
    """
    run = open_reward(config)
    return once(run, lambda: _fit(run))


def _start(run: RewardRun, texts: Sequence[str]) -> tuple[RewardModel, Reader]:
    """The model as training begins, random by the seed where nothing was pretrained."""
    settings: RewardSettings = build(run.typed.encoder, "encoder")
    L.seed_everything(run.typed.seed, verbose=False)
    if run.pretrained is None:
        return settings.start(texts, run.corpus, None)
    model: Any = run.pretrained.module.model
    return settings.start(texts, run.pretrained.run.corpus, model)


def _fit(run: RewardRun) -> Record:
    clock = SessionClock(provenance.now())
    typed = run.typed
    clock.enter("data")
    lesson = _lesson(run)
    model, reader = _start(run, lesson.texts)
    data = lesson.batches(reader, typed.batch, typed.seed)
    steps = typed.epochs * steps_per_epoch(len(data.train), typed.batch)
    clock.enter("starting")
    loss, optimizer = build(typed.loss, "loss"), build(typed.optimizer, "optimizer")
    module = lesson.module(model, loss, optimizer, steps, typed.seed)
    with session(run, clock, steps, evaluate_every=steps // typed.epochs) as training:
        training.fit(module, data)
    clock.enter("evaluation")
    judge = _judge(run, model.eval().cpu(), reader, lesson)
    clock.enter("saving")
    save_weights(model.state_dict(), run.folder / WEIGHTS)
    judge.save_settings(run.folder, f"{type(model).__module__}.{type(model).__qualname__}", model.arguments)
    clock.enter("evaluation")
    return training.finish(_findings(judge, lesson))


def _lesson(run: RewardRun) -> Lesson:
    typed = run.typed
    if typed.comparisons is None:
        rated = rated_texts(run.corpus, typed.data)
        return RatedLesson(rated, learned_from(rated, typed.half, typed.share, typed.ratings, typed.seed))
    source: ComparisonSource = build(typed.comparisons, "comparisons")
    return ComparedLesson(source.place, source.read(to_stderr))


def _judge(run: RewardRun, model: RewardModel, reader: Reader, lesson: Lesson) -> Judge:
    """The trained model, its rewards brought onto the scale of what people said by texts that it has not seen."""
    return lesson.scaled(Judge(run.id, model, reader, Scale("rating", 1.0, 0.0, 0.0, 1.0)))


def _findings(judge: Judge, lesson: Lesson) -> Findings:
    found = lesson.findings(judge)
    found.metrics.update(
        {
            "parameters": float(sum(value.numel() for value in judge.model.parameters())),
            "scale/slope": judge.scale.slope,
            "scale/offset": judge.scale.offset,
        }
    )
    return found
