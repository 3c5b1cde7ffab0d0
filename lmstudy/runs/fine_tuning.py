"""A fine-tuning from configuration to record: idempotent, resumable, atomic, as pretraining runs are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from lmstudy.config import BaselineConfig, TuneConfig, build, check
from lmstudy.data.corpus import Corpus, prepare, to_stderr
from lmstudy.data.splits import unit_hash
from lmstudy.errors import StudyError
from lmstudy.runs import provenance
from lmstudy.runs.finished import Finished, load_run, loaded
from lmstudy.runs.folders import find_folder
from lmstudy.runs.identity import tuning_id
from lmstudy.runs.lifecycle import WEIGHTS, Work, once, save_weights, session
from lmstudy.runs.records import Findings, Record, load
from lmstudy.tasks.base import Answered, Example, Examples, Task
from lmstudy.tasks.tokens import in_tokens
from lmstudy.training.batches import ExampleData
from lmstudy.training.callbacks import AnswersScored, SessionClock
from lmstudy.training.fine_tuning import EVALUATED, MONITORED, FineTuningModule, Head, SpanHead, TokenPairs
from lmstudy.training.optimizers import AdamW
from lmstudy.training.precision import resolved
from lmstudy.training.trainer import check_machine
from lmstudy.writing.answers import answered

SHOWN = 24
"""Answers that a record keeps, the first of the test examples."""


NEWER = {"label_weights": None, "keep": None}
"""What records of fine-tunings do not say that are older than these keys."""


@dataclass(frozen=True, kw_only=True)
class Tuning(Work):
    """A fine-tuning before it is trained."""

    kind: str = "tuning"
    typed: TuneConfig
    task: Task
    corpus: Corpus
    """Whose tokens are read and written."""
    examples: Examples
    pretrained: Record | None


def open_tuning(config: Mapping[str, Any], pretrained: Record | None = None) -> Tuning:
    """Check a resolved configuration, prepare its data, find what it starts from, and name it.

    Args:
        config: as `lmstudy-finetune` composes it.
        pretrained: the record of `run`, where it is known: its weights are looked for when they are needed. None: it
            is in the runs folder.

    Raises:
        StudyError: a key, the data or the pretraining run is at fault; the run's tokens are not those of `data`; a
            head for a task whose answers are neither labels nor spans.
    """
    typed = check(TuneConfig, config)
    check_machine(typed.trainer)
    config = resolved(config)
    typed = check(TuneConfig, config)
    task: Task = build(typed.task, "task")
    if typed.head and not task.labels and not task.extractive:
        head = str(typed.head).lower()
        raise StudyError(f"head={head}: the answers of task {task.name} are free text, a head tells labels or spans")
    if typed.head == "decoder" and not task.labels:
        raise StudyError(f"head=decoder: task {task.name} points at what the encoder reads; head=true")
    if typed.label_weights and not (typed.head and task.labels):
        raise StudyError(f"label_weights={typed.label_weights}: there is no head that tells labels; head=true")
    corpus = prepare(typed.data)
    decisive = dict(config)
    if typed.run is not None:
        if pretrained is None:
            pretrained = load(find_folder(typed.run, Path(typed.runs), kind="train") / "record.json")
        decisive["run"] = pretrained.id  # however few of its digits were given
        if pretrained.data != corpus.fingerprint:
            raise StudyError(
                f"run={typed.run}: {pretrained.name} learned the tokens of data {pretrained.data}, and task "
                f"{task.name} is read in those of {corpus.fingerprint}; choose another run, or give its data=NAME"
            )
    examples = task.examples()
    own = tuning_id(decisive, corpus.fingerprint, fingerprint(examples))
    return Tuning(
        id=own, name=_name(typed, task, pretrained), config=decisive, typed=typed, data=corpus.fingerprint,
        seed=typed.seed, task=task, corpus=corpus, examples=examples, pretrained=pretrained,
    )  # fmt: skip


def fingerprint(examples: Examples) -> str:
    """16 hex digits that stand for all examples."""
    every = (text for split in examples.values() for one in split for text in (one.id, one.source, one.target))
    return f"{unit_hash(*every):016x}"


def taken(examples: Examples, typed: TuneConfig | BaselineConfig) -> Examples:
    """The first examples of each split, as many as are asked for."""
    return {
        "train": examples["train"][: typed.examples],
        "valid": examples["valid"][: typed.valid_examples],
        "test": examples["test"][: typed.test_examples],
    }


def _name(typed: TuneConfig, task: Task, pretrained: Record | None) -> str:
    """Readable, such as `tuned-sentiment-scratch-1000-s1`."""
    objective: Any = {} if pretrained is None else pretrained.config["objective"]
    network = str(typed.model["_target_"]).split(".")[-2]
    scratch = "scratch" if network == "transformer" else f"{network}-scratch"
    start = scratch if pretrained is None else str(objective["_target_"]).split(".")[-2]
    head = {True: ["head"], False: [], "decoder": ["decoder", "head"]}[typed.head]
    parts = ["tuned", task.name, start, *head, str(typed.examples or "all")]
    return "-".join([*parts, f"s{typed.seed}"])


def fine_tune(config: Mapping[str, Any]) -> Record:
    """Fine-tune as a resolved configuration says, unless the record exists; return the record.

    Raises:
        StudyError: the configuration, data, machine or a checkpoint is at fault; nothing existing is touched.
    """
    tuning = open_tuning(config)
    return once(tuning, lambda: _fit(tuning))


def first_module(tuning: Tuning) -> FineTuningModule:
    """The module as training begins: with pretrained weights, or random ones by the seed.

    Raises:
        StudyError: the weights of the pretraining run are missing, or do not fit its record.
    """
    typed = tuning.typed
    L.seed_everything(typed.seed, verbose=False)
    if tuning.pretrained is not None:
        model: Any = load_run(find_folder(tuning.pretrained.id, Path(typed.runs), kind="train")).module.model
        L.seed_everything(typed.seed, verbose=False)  # what it was built with has drawn numbers
    else:
        budget = typed.budget
        positions = max(budget.encoder_length, budget.decoder_length)
        vocab_size = tuning.corpus.tokenizer.get_vocab_size()
        model = build(typed.model, "model", vocab_size=vocab_size, max_positions=positions)
    optimizer: AdamW = build(typed.optimizer, "optimizer")
    if typed.context is not None:
        model.extend(typed.context)
    head: Head | SpanHead | None = None
    if typed.head:
        labels = len(tuning.task.labels)
        head = Head(model.d_model, labels, typed.head == "decoder") if labels else SpanHead(model.d_model)
    weights = balanced(tuning.task, tuning.examples["train"][: typed.examples]) if typed.label_weights else None
    return FineTuningModule(model.train(), optimizer, typed.steps, head, weights)


def balanced(task: Task, examples: Sequence[Example]) -> torch.Tensor:
    """[labels] weights that make all labels count alike: examples / (labels of them x examples of the label); 0 of a
    label without examples."""
    from sklearn.utils.class_weight import compute_class_weight

    targets = [one.target for one in examples]
    known = np.unique(targets)
    weights = dict(zip(known, compute_class_weight("balanced", classes=known, y=targets), strict=True))
    return torch.tensor([weights.get(label, 0.0) for label in task.labels], dtype=torch.float32)


def _read(tuning: Tuning, examples: Examples, longest: int) -> dict[str, TokenPairs]:
    """The examples in tokens; tells of those that are cut and of labels that none of them has."""
    asked, known = tuning.typed.examples, len(examples["train"])
    if asked is not None and asked > known:
        raise StudyError(f"examples={asked}: the task has {known} to learn from; null takes all")
    learned = {example.target for example in examples["train"]}
    if unseen := [label for label in tuning.task.labels if label not in learned]:
        to_stderr(f"{tuning.name}: no training example has the label {', '.join(unseen)}")
    pairs = {split: in_tokens(own, tuning.task, tuning.corpus, longest) for split, own in examples.items()}
    for split, own in pairs.items():
        if own.cut:
            to_stderr(f"{tuning.name}: {own.cut} of {len(own)} {split} examples are cut at {longest} tokens")
    return pairs


def chosen_by(typed: TuneConfig) -> tuple[str, Literal["min", "max"]]:
    """The curve of validation examples that chooses the weights which are kept, and whether less of it is better."""
    if typed.keep == "answers":
        return AnswersScored.logged, "max"
    of_labels = typed.head and build(typed.task, "task").labels
    return MONITORED["labels" if of_labels else "text"]


def _fit(tuning: Tuning) -> Record:
    clock = SessionClock(provenance.now())
    typed, examples = tuning.typed, taken(tuning.examples, tuning.typed)
    module = first_module(tuning)
    with clock.within("data"):
        pairs = _read(tuning, examples, module.model.max_positions)
    longest_answer = max(map(len, pairs["train"].targets)) + 1  # none is longer than those that were learned from

    def answer(module: FineTuningModule, split: str = "valid") -> Answered:
        asked, own = examples[split], pairs[split]
        task, known = tuning.task, examples["train"]
        return answered(module, task, tuning.corpus, asked, own, typed.decoding, longest_answer, typed.seed, known)

    by_answers = typed.keep == "answers"
    asked = [AnswersScored(lambda module: answer(module).judgement.metrics[tuning.task.main])] if by_answers else []
    monitor, mode = chosen_by(typed)
    kept = {"monitor": monitor, "mode": mode, "save_weights_only": True, "enable_version_counter": False}
    best = ModelCheckpoint(tuning.folder / "checkpoints", "best", **kept)  # type: ignore[arg-type]
    every = min(typed.evaluate_every, typed.steps)
    data = ExampleData(pairs["train"], pairs["valid"], typed.batch, typed.seed, EVALUATED)
    with session(tuning, clock, typed.steps, every, [*asked, best]) as training:
        training.fit(module, data)
    clock.enter("evaluation")
    weights = torch.load(best.best_model_path, map_location="cpu", weights_only=True)["state_dict"]
    module.load_state_dict(weights)
    with clock.within("saving"):
        save_weights(weights, tuning.folder / WEIGHTS)
    test, found = examples["test"], answer(module.eval().cpu(), "test")
    metrics = {f"test/{name}": value for name, value in found.judgement.metrics.items()}
    metrics |= {f"{split}/examples": float(len(own)) for split, own in examples.items()}
    metrics |= {f"{split}/cut": float(own.cut) for split, own in pairs.items()}
    curve = training.history.curves[monitor]
    metrics["best_step"] = float(curve["step"][int(getattr(np, f"arg{mode}")(curve["value"]))])
    metrics["parameters"] = float(sum(value.numel() for value in module.parameters()))
    groups = {f"test/{name}": own for name, own in found.judgement.groups(test).items()}
    samples = [
        {"id": one.id, "source": one.source, "target": one.target, "answer": text}
        for one, text in list(zip(test, found.answers, strict=True))[:SHOWN]
    ]
    return training.finish(Findings(metrics, groups, samples))


def headline(record: Record) -> list[str]:
    """The test metrics that are not of a single label, for one line."""
    shown = {name: value for name, value in record.metrics.items() if name.startswith("test/") and name.count("/") == 1}
    return [f"{name} {value:.4g}" for name, value in shown.items() if name not in ("test/examples", "test/cut")]


def load_tuning(folder: Path) -> Finished:
    """Rebuild a finished fine-tuning's module from its record, and read its weights, those of its head among them.

    Raises:
        StudyError: as `lmstudy.runs.finished.loaded`; or the weights of what it started from are missing.
    """

    def open_work(config: dict[str, Any]) -> Tuning:
        return open_tuning({**NEWER, **config})

    return loaded(folder, "tuning", open_work, first_module, lambda module: module, "fine-tune again")
