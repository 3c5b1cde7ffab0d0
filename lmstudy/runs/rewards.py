"""A reward model from configuration to record: idempotent, resumable, atomic, as pretraining runs are.

Its folder, `RUNS/NAME-ID`, holds the record and what `lmstudy.preferences.scorers.reward_model` reads.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np

from lmstudy.config import RewardConfig, build, check
from lmstudy.data.batches.by_length import steps_per_epoch
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.text_rows import Reader
from lmstudy.models.reward import RewardModel, RewardSettings
from lmstudy.preferences.ratings import Ratings
from lmstudy.preferences.scorers.reward_model import WEIGHTS, Judge, Scale
from lmstudy.runs import provenance
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.folders import find_folder
from lmstudy.runs.identity import run_id
from lmstudy.runs.lifecycle import Work, once, save_weights, session
from lmstudy.runs.records import Findings, Record
from lmstudy.runs.reward_examples import Rated, fitted, learned_from, rated_texts
from lmstudy.runs.reward_metrics import measured, predictions
from lmstudy.training.callbacks import SessionClock
from lmstudy.training.precision import resolved
from lmstudy.training.reward import RewardDataModule, RewardModule, RewardTexts
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
    for group in ("encoder", "loss", "optimizer"):
        build(getattr(typed, group), group)
    corpus = prepare(typed.data)
    pretrained = None
    decisive = dict(config)
    if typed.run is not None:
        pretrained = load_run(find_folder(typed.run, Path(typed.runs), kind="train"))
        decisive["run"] = pretrained.record.id  # however few of its digits were given
    return RewardRun(
        id=run_id(decisive, corpus.fingerprint), name=reward_name(typed), config=decisive, typed=typed,
        data=corpus.fingerprint, seed=typed.seed, corpus=corpus, pretrained=pretrained,
    )  # fmt: skip


def reward_name(typed: RewardConfig) -> str:
    """Readable, such as `reward-ratedsnippets-own-bradleyterry-A-s1`; with share and ratings if not all are taken."""
    groups = [str(node["_target_"]).split(".")[-1].lower() for node in (typed.data, typed.encoder, typed.loss)]
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
    rated = rated_texts(run.corpus, typed.data)
    taken = learned_from(rated, typed.half, typed.share, typed.ratings, typed.seed)
    model, reader = _start(run, taken.texts)
    train, valid = (_in_tokens(texts, reader) for texts in (taken, rated.splits["valid"]))
    data = RewardDataModule(train, valid, typed.batch, typed.seed)
    steps = typed.epochs * steps_per_epoch(len(train), typed.batch)
    clock.enter("starting")
    loss, optimizer = build(typed.loss, "loss"), build(typed.optimizer, "optimizer")
    module = RewardModule(model, loss, optimizer, steps, rated.levels, typed.seed)
    with session(run, clock, steps, evaluate_every=steps // typed.epochs) as training:
        training.fit(module, data)
    clock.enter("evaluation")
    judge = _judge(run, model.eval().cpu(), reader, rated)
    clock.enter("saving")
    save_weights(model.state_dict(), run.folder / WEIGHTS)
    judge.save_settings(run.folder, f"{type(model).__module__}.{type(model).__qualname__}", model.arguments)
    clock.enter("evaluation")
    return training.finish(_findings(judge, rated, taken))


def _in_tokens(ratings: Ratings, reader: Reader) -> RewardTexts:
    return RewardTexts(reader.read(ratings.texts), ratings.counts.astype(np.float32))


def _judge(run: RewardRun, model: RewardModel, reader: Reader, rated: Rated) -> Judge:
    """The trained model, its rewards brought onto the scale of the ratings by the texts of "valid"."""
    raw = Judge(run.id, model, reader, Scale(rated.kind, 1.0, 0.0, rated.levels[0], rated.levels[-1]))
    unseen = rated.splits["valid"]
    slope, offset = fitted(rated, raw.rewards(unseen.texts), unseen)
    return replace(raw, scale=replace(raw.scale, slope=slope, offset=offset))


def _findings(judge: Judge, rated: Rated, taken: Ratings) -> Findings:
    metrics = {
        "train/texts": float(len(taken)),
        "train/ratings": float(taken.counts.sum()),
        "parameters": float(sum(value.numel() for value in judge.model.parameters())),
        "scale/slope": judge.scale.slope,
        "scale/offset": judge.scale.offset,
    }
    groups: dict[str, list[list[float]]] = {}
    for split in ("valid", "test"):
        found = measured(split, rated, judge)
        metrics |= found.metrics
        groups |= found.groups if split == "test" else {}
    return Findings(metrics, groups, predictions("test", rated, judge))
