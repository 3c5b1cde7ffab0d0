"""A fine-tuning from configuration to record: idempotent, resumable, atomic, as pretraining runs are."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from safetensors.torch import load_file

from lmstudy.config import TuneConfig, build, check
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.splits import unit_hash
from lmstudy.errors import StudyError
from lmstudy.runs import provenance
from lmstudy.runs.finished import ON_CPU, load_run
from lmstudy.runs.folders import check_kind, find_folder
from lmstudy.runs.identity import NUMERICS, run_id
from lmstudy.runs.lifecycle import WEIGHTS, InFolder, once, save_weights, session
from lmstudy.runs.records import Record, load
from lmstudy.tasks.base import Example, Examples, Task
from lmstudy.tasks.tokens import in_tokens
from lmstudy.training.callbacks import AnswersScored, History, SessionClock
from lmstudy.training.fine_tuning import FineTuningData, FineTuningModule, Head, SpanHead, TokenPairs
from lmstudy.training.optimizers import AdamW
from lmstudy.training.trainer import check_machine
from lmstudy.writing.answers import Answered, answered

NEWER = {"label_weights": None, "keep": None}
"""What records do not say that are older than these keys."""
SHOWN = 24
"""Answers that a record keeps, the first of the test examples."""


@dataclass(frozen=True)
class Tuning(InFolder):
    """A fine-tuning before it is trained."""

    config: dict[str, Any]
    typed: TuneConfig
    task: Task
    corpus: Corpus
    """Whose tokens are read and written."""
    examples: Examples
    pretrained: Record | None
    id: str
    name: str


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
    content = f"{corpus.fingerprint}-{fingerprint(examples)}"
    # A pretrained model brings its sizes: what a model from scratch would have is not part of what is learned.
    learned = {key: value for key, value in decisive.items() if typed.run is None or key not in ("model", "budget")}
    return Tuning(
        decisive, typed, task, corpus, examples, pretrained, run_id(learned, content), _name(typed, task, pretrained)
    )


def fingerprint(examples: Examples) -> str:
    """16 hex digits that stand for all examples."""
    every = (text for split in examples.values() for one in split for text in (one.id, one.source, one.target))
    return f"{unit_hash(*every):016x}"


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
    """The module as training begins: with pretrained weights, or random ones by the seed."""
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


@dataclass(frozen=True)
class FinishedTuning:
    """A finished fine-tuning with its module, in evaluation mode."""

    tuning: Tuning
    record: Record
    module: FineTuningModule


def load_tuning(folder: Path) -> FinishedTuning:
    """Rebuild a fine-tuning's module from its record, and read its weights.

    Raises:
        StudyError: its weights or those of its pretraining run are missing, or do not fit.
    """
    record = load(folder / "record.json")
    check_kind(record, "tuning", str(folder))
    config: dict[str, Any] = {**NEWER, **record.config, "runs": str(folder.parent)}
    tuning = open_tuning({**config, "trainer": {**config["trainer"], **ON_CPU}})
    weights = folder / WEIGHTS
    if not weights.exists():
        raise StudyError(f"{weights} is missing: only the record is left; fine-tune again under another runs=FOLDER")
    module = first_module(tuning)
    module.load_state_dict(load_file(weights))
    return FinishedTuning(tuning, record, module.eval())


def balanced(task: Task, examples: Sequence[Example]) -> torch.Tensor:
    """[labels] weights that make all labels count alike: examples / (labels of them x examples of the label); 0 of a
    label without examples."""
    from sklearn.utils.class_weight import compute_class_weight

    targets = [one.target for one in examples]
    known = np.unique(targets)
    weights = dict(zip(known, compute_class_weight("balanced", classes=known, y=targets), strict=True))
    return torch.tensor([weights.get(label, 0.0) for label in task.labels], dtype=torch.float32)


def _fit(tuning: Tuning) -> Record:
    clock = SessionClock(provenance.now())
    typed, examples = tuning.typed, tuning.examples
    module = first_module(tuning)
    longest = module.model.max_positions
    taken = {
        "train": examples["train"][: typed.examples],
        "valid": examples["valid"][: typed.valid_examples],
        "test": examples["test"][: typed.test_examples],
    }
    if typed.examples is not None and typed.examples > len(taken["train"]):
        raise StudyError(f"examples={typed.examples}: the task has {len(taken['train'])} to learn from; null takes all")
    pairs = {split: in_tokens(own, tuning.task, tuning.corpus, longest) for split, own in taken.items()}
    learned = {example.target for example in taken["train"]}
    if unseen := [label for label in tuning.task.labels if label not in learned]:
        print(f"{tuning.name}: no training example has the label {', '.join(unseen)}", file=sys.stderr)
    for split, own in pairs.items():
        if own.cut:
            print(
                f"{tuning.name}: {own.cut} of {len(own)} {split} examples are cut at {longest} tokens", file=sys.stderr
            )

    def score(module: FineTuningModule) -> float:
        return _answers(tuning, module, "valid", taken, pairs).judgement.metrics[tuning.task.main]

    asked = [AnswersScored(score)] if typed.keep == "answers" else []
    monitor, mode = _kept_by(typed, module)
    best = ModelCheckpoint(
        tuning.folder / "checkpoints",
        "best",
        monitor=monitor,
        mode=mode,
        save_weights_only=True,
        enable_version_counter=False,
    )
    every = min(typed.evaluate_every, typed.steps)
    data = FineTuningData(pairs["train"], pairs["valid"], typed.batch, typed.seed)
    with session(tuning, clock, typed.steps, every, [*asked, best]) as training:
        training.fit(module, data)
    weights = torch.load(best.best_model_path, map_location="cpu", weights_only=True)["state_dict"]
    module.load_state_dict(weights)
    save_weights(weights, tuning.folder / WEIGHTS)
    return training.finish(_record(tuning, clock, training.history, module.eval().cpu(), taken, pairs))


def _kept_by(typed: TuneConfig, module: FineTuningModule) -> tuple[str, Literal["min", "max"]]:
    return (AnswersScored.logged, "max") if typed.keep == "answers" else module.monitored


def _answers(
    tuning: Tuning,
    module: FineTuningModule,
    split: str,
    taken: Mapping[str, Sequence[Example]],
    pairs: Mapping[str, TokenPairs],
) -> Answered:
    """To the examples of a split; none is longer than those that were learned from."""
    task, corpus, typed = tuning.task, tuning.corpus, tuning.typed
    longest = max(map(len, pairs["train"].targets)) + 1
    return answered(
        module, task, corpus, taken[split], pairs[split], typed.decoding, longest, typed.seed, taken["train"]
    )


def _record(
    tuning: Tuning,
    clock: SessionClock,
    history: History,
    module: FineTuningModule,
    taken: Mapping[str, Sequence[Example]],
    pairs: Mapping[str, TokenPairs],
) -> Record:
    typed, test = tuning.typed, taken["test"]
    found = _answers(tuning, module, "test", taken, pairs)
    metrics = {f"test/{name}": value for name, value in found.judgement.metrics.items()}
    metrics |= {f"{split}/examples": float(len(own)) for split, own in taken.items()}
    metrics |= {f"{split}/cut": float(own.cut) for split, own in pairs.items()}
    metrics["best_step"] = float(_best_step(history, *_kept_by(typed, module)))
    metrics["parameters"] = float(sum(value.numel() for value in module.parameters()))
    gpus = [torch.cuda.get_device_name(0)] if typed.trainer.accelerator == "gpu" else []
    return Record(
        id=tuning.id,
        kind="tuning",
        name=tuning.name,
        config=tuning.config,
        seed=typed.seed,
        data=tuning.corpus.fingerprint,
        numerics=NUMERICS,
        **provenance.circumstances(clock, gpus),
        metrics=metrics,
        curves=dict(history.curves),
        groups={f"test/{name}": own for name, own in found.judgement.groups(test).items()},
        samples=[
            {"id": one.id, "source": one.source, "target": one.target, "answer": answer}
            for one, answer in list(zip(test, found.answers, strict=True))[:SHOWN]
        ],
    )


def _best_step(history: History, monitor: str, mode: str) -> int:
    curve = history.curves[monitor]
    best = np.argmin(curve["value"]) if mode == "min" else np.argmax(curve["value"])
    return int(curve["step"][best])


def headline(record: Record) -> list[str]:
    """The test metrics that are not of a single label, for one line."""
    shown = {name: value for name, value in record.metrics.items() if name.startswith("test/") and name.count("/") == 1}
    return [f"{name} {value:.4g}" for name, value in shown.items() if name not in ("test/examples", "test/cut")]
