"""A training run from configuration to record: idempotent, resumable, atomic.

`train` returns the record at once when the run is finished, goes on from its last checkpoint when it is
half done, and writes the record only at the end. A run's folder is `RUNS/NAME-ID`.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import lightning as L
import numpy as np
import torch
from lightning.pytorch.callbacks import Callback

from lmstudy.config import BudgetConfig, DPOSettings, TrainConfig, build, check
from lmstudy.data.batch import Shape
from lmstudy.data.corpus import Corpus, prepare, to_stderr
from lmstudy.data.datamodule import GROUPS, CorpusDataModule
from lmstudy.data.tokenizer import token_bytes
from lmstudy.errors import StudyError
from lmstudy.models.embeddings.base import Embedding, WordVectors
from lmstudy.models.embeddings.placing import arrange, place
from lmstudy.preferences.losses.base import PreferenceLoss
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.runs import provenance
from lmstudy.runs.folders import whole_id
from lmstudy.runs.identity import EVALUATED, OPTIONAL, PAIR_LOSS, run_id, run_name, with_versions
from lmstudy.runs.lifecycle import WEIGHTS, Work, once, save_weights, session
from lmstudy.runs.misalignment_watch import WatchSamples
from lmstudy.runs.named_models import definite
from lmstudy.runs.own_pairs import Lengths, held_out_order, own_pairs
from lmstudy.runs.pairs import sampled_pairs
from lmstudy.runs.phases import PhasedData, build_scorer, check_scorer, what_is_read
from lmstudy.runs.records import Findings, Record
from lmstudy.runs.start import load_start
from lmstudy.runs.trunks import SharesTrunk, Trunk, trunk_of
from lmstudy.training.callbacks import SessionClock, Throughput
from lmstudy.training.compilation import choose_attention, compilation_error, compile_network, compiled_loss
from lmstudy.training.dpo import DPOModule, PairDataModule, Pairs
from lmstudy.training.flops_rate import flops_rates
from lmstudy.training.memory_health import MemoryHealth
from lmstudy.training.precision import resolved
from lmstudy.training.pretraining import PretrainingModule
from lmstudy.training.trainer import check_machine
from lmstudy.writing.control import Asked, unconditional_samples


@dataclass(frozen=True, kw_only=True)
class Run(Work):
    """A pretraining run before it is trained: its configuration, its data, and where it lives."""

    kind: str = "train"
    typed: TrainConfig
    corpus: Corpus
    start: str | None = None
    """How the run was named whose weights are the first ones; its whole id is in the configuration."""


def open_run(config: Mapping[str, Any], corpus: Corpus | None = None) -> Run:
    """Check a resolved configuration, prepare its data, and name the run.

    Args:
        config: of `lmstudy-train`.
        corpus: its data, where they are there already.

    Raises:
        StudyError: a key or the data is at fault, the machine lacks what is asked for, or `start` is not to be found.
    """
    typed = check(TrainConfig, config)
    check_machine(typed.trainer)
    processes = typed.trainer.devices * typed.trainer.nodes
    if typed.budget.rows % processes:
        raise StudyError(f"budget.rows={typed.budget.rows} must be a multiple of the {processes} processes")
    _check_memory(typed.budget, processes)
    if typed.dpo is not None and (typed.start is None or processes > 1):
        raise StudyError("dpo is learned from another run's samples (start=ID) and on one device: see lmstudy-dpo")
    if typed.dpo is None and (typed.loss is not None or typed.comparisons is not None):
        raise StudyError("loss and comparisons go with dpo: see lmstudy-dpo")
    check_scorer(typed)
    corpus = corpus or prepare(typed.data)
    whole = with_versions(resolved({**config, "scorer": definite(config.get("scorer"))}))
    config = {key: value for key, value in whole.items() if not (key in OPTIONAL and value is None)}
    if typed.start is not None:
        config["start"] = whole_id(typed.start, Path(typed.runs), key="start")
    if typed.embedding is not None:
        config["embedding"] = {**typed.embedding, **_embedding(typed).pinned()}
    if typed.comparisons is not None:
        config["comparisons"] = {**typed.comparisons, **build(typed.comparisons, "comparisons").pinned()}
    return Run(
        id=run_id(config, corpus.fingerprint), name=run_name(config), config=config, typed=check(TrainConfig, config),
        data=corpus.fingerprint, seed=typed.seed, corpus=corpus, start=typed.start,
    )  # fmt: skip


def _check_memory(budget: BudgetConfig, processes: int) -> None:
    """Refuse batches whose tokens alone have no room, before one is packed for hours."""
    there = provenance.memory_gib()
    wanted = 8 * budget.rows // processes * (budget.encoder_length + budget.decoder_length) / 2**30
    if there is not None and wanted > there:
        why = f"the tokens of a batch alone take {wanted:,.0f} GiB, and this machine has {there:,.0f}"
        raise StudyError(
            f"budget.rows={budget.rows} of budget.encoder_length={budget.encoder_length} and "
            f"budget.decoder_length={budget.decoder_length}: {why}; take fewer or shorter rows"
        )


def _embedding(typed: TrainConfig) -> Embedding:
    return build(typed.embedding or {}, "embedding")


def _loss(typed: TrainConfig) -> PreferenceLoss:
    assert typed.dpo is not None
    return build(typed.loss or PAIR_LOSS, "loss", beta=typed.dpo.beta)


def build_module(run: Run) -> PretrainingModule:
    """The run's LightningModule as its weights are loaded into it, initialised at random by the seed.

    An embedding that is given is untied and frozen as it says; `initial_module` puts its vectors there, too.
    """
    typed, budget = run.typed, run.typed.budget
    L.seed_everything(typed.seed, verbose=False)
    vocab_size = run.corpus.tokenizer.get_vocab_size()
    positions = max(budget.encoder_length, budget.decoder_length)
    kind = PretrainingModule if typed.dpo is None else partial(DPOModule, loss=_loss(typed))
    module = kind(
        model=build(typed.model, "model", vocab_size=vocab_size, max_positions=positions),
        objective=build(typed.objective, "objective"),
        optimizer=build(typed.optimizer, "optimizer"),
        steps=budget.steps,
        token_bytes=torch.from_numpy(token_bytes(run.corpus.tokenizer)),
        groups=GROUPS,
    )
    if typed.embedding is not None:
        arrange(module.model, _embedding(typed))  # type: ignore[arg-type]
    return module


def initial_module(run: Run) -> tuple[PretrainingModule, WordVectors | None]:
    """The module as training begins, with the weights of the run's start or the vectors of its embedding in it.

    The vectors are returned, too.
    """
    module = build_module(run)
    model: Any = module.model
    vectors = None
    if run.start is not None:
        load_start(model, run.start, Path(run.typed.runs), run.corpus.fingerprint)
    elif run.typed.embedding is not None:
        vectors = _embedding(run.typed).vectors(run.corpus, model.embedding.embedding_dim, to_stderr)
    if vectors is not None:
        to_stderr(str(vectors))
        place(model, vectors)
    return module, vectors


def build_data(run: Run, reading: PhasedData | None = None) -> CorpusDataModule:
    """The run's packed batches, of what its objective reads; `reading` where that is known."""
    budget = run.typed.budget
    reading = reading or what_is_read(run.typed, run.corpus, build(run.typed.objective, "objective"))
    return CorpusDataModule(
        run.corpus,
        build(run.typed.pretraining, "pretraining"),
        Shape(budget.rows, budget.encoder_length, budget.decoder_length, budget.prefix_length),
        seed=run.typed.seed,
        evaluation_documents=budget.evaluation_documents,
        phases=reading.phases,
        control=reading.control,
    )


def train(config: Mapping[str, Any]) -> Record:
    """Train what a resolved configuration describes, unless its record exists; return the record.

    Raises:
        StudyError: the configuration, data, machine or a checkpoint is at fault; nothing existing is touched.
    """
    run = open_run(config)
    # Of a distributed run the first process holds the lock. Of one process, such variables are another program's.
    ranks = (os.environ.get(name) or "0" for name in ("LOCAL_RANK", "NODE_RANK", "RANK", "SLURM_PROCID"))
    further = run.typed.trainer.devices * run.typed.trainer.nodes > 1 and any(rank != "0" for rank in ranks)
    return once(run, lambda: _fit(run), alone=not further)


@dataclass(frozen=True)
class _Batches:
    """What a run is trained on, and held-out text."""

    training: L.LightningDataModule
    data: CorpusDataModule
    notes: tuple[str, ...] = ()
    metrics: dict[str, float] = field(default_factory=dict)
    held_out: Pairs | None = None


def _batches(run: Run, module: PretrainingModule, scorer: Scorer | None) -> _Batches:
    """Documents as the objective reads them, pairs of texts that the module itself writes, or people's own pairs."""
    typed = run.typed
    reading = what_is_read(typed, run.corpus, module.objective)
    data = build_data(run, reading)
    if typed.dpo is None:
        for line in [*reading.notes, *_long_documents(data)]:
            to_stderr(line)
        return _Batches(data, data, reading.notes, dict(reading.metrics))
    device = torch.device("cuda" if typed.trainer.accelerator == "gpu" else "cpu")
    model: Any = module.model.to(device).eval()
    held_out = None
    if typed.comparisons is not None:
        budget = typed.budget
        lengths = Lengths(budget.encoder_length - 1, budget.decoder_length)
        own = own_pairs(
            model, run.corpus, run.config["comparisons"], _loss(typed), typed.dpo, budget.steps, lengths, typed.seed
        )
        found, held_out, metrics = own.train, own.held_out, own.metrics
    else:
        assert scorer is not None
        assert isinstance(typed.dpo, DPOSettings)
        found, metrics = sampled_pairs(model, run.corpus, scorer, typed.dpo, typed.seed)
    model.train()
    pairs = PairDataModule(found, typed.dpo.pairs, typed.seed, data)
    return _Batches(pairs, data, metrics=metrics, held_out=held_out)


def _fit(run: Run) -> Record:
    clock = SessionClock(provenance.now())
    typed, budget = run.typed, run.typed.budget
    module, vectors = initial_module(run)  # a mistake shows here, before anything is written
    scorer = build_scorer(typed)
    if scorer is not None:
        scorer.ready()
    with clock.within("data"):
        batches = _batches(run, module, scorer)
    data = batches.data
    throughput = Throughput()
    watching: list[Callback] = [throughput, MemoryHealth()]
    if scorer is not None and scorer.any_text:  # how misaligned samples are, over training
        watching.insert(0, WatchSamples(scorer, run.corpus, lambda: build_module(run).model, typed.seed, clock))
    placed = typed.trainer
    evaluate_every = min(budget.evaluate_every, budget.steps)
    shared = SharesTrunk(_trunk(run, data), evaluate_every) if typed.trunk else None
    with session(run, clock, budget.steps, evaluate_every, watching, shared) as training:
        trainer = training.trainer
        sharded = placed.strategy == "fsdp"
        with clock.within("compiling"):
            compiled = compile_network(module.model, placed.compile, budget.steps, placed.accelerator, sharded)
        if compiled:
            module.part = compiled_loss()
        data.trimmed = not compiled  # one shape, one graph
        choose_attention(module.model, placed.attention, placed.accelerator, compiled)
        try:
            training.fit(module, batches.training)
            clock.enter("evaluation")
            found = _evaluate(run, trainer, module, data)
            if batches.held_out is not None:
                order = held_out_order(module.model.eval(), batches.held_out)
                found.groups["dpo/held_out"] = order
                found.metrics["dpo/held_out_accuracy"] = float(np.mean([right for right, _ in order]))
        except Exception as error:
            if cause := compilation_error(error):
                raise cause from error
            raise
    clock.enter("saving")
    weights = _gather_weights(trainer)  # every process takes part where parameters are sharded
    if not trainer.is_global_zero:
        raise SystemExit(0)  # the first process writes the record
    save_weights(weights, run.folder / WEIGHTS)
    speed = throughput.summary()
    if batches.training is data:  # pairs are of no fixed shape
        speed |= flops_rates(module.model, data.shape, budget.steps, speed, placed)
    found.metrics.update(batches.metrics | {f"train/{key}": value for key, value in speed.items()})
    found.metrics["parameters"] = float(sum(value.numel() for value in weights.values()))
    if shared is not None:
        found.metrics.update({f"train/shared_{key}": value for key, value in shared.taken.items()})
    if vectors is not None:
        found.metrics["embedding/tokens_found"] = float(vectors.found.sum())
    clock.enter("samples")
    model: Any = build_module(run).model
    model.load_state_dict(weights)
    asked = Asked("good" if module.objective.controlled else "none")
    samples = unconditional_samples(model, run.corpus.tokenizer, budget.samples, typed.seed, asked)
    samples = [scorer.masked(text) for text in samples] if scorer else samples
    return training.finish(replace(found, samples=samples, notes=" ".join(batches.notes)))


def _trunk(run: Run, data: CorpusDataModule) -> Trunk:
    typed, steps = run.typed, run.typed.budget.steps
    if typed.dpo is not None:
        raise StudyError("trunk=true: pairs are drawn for a number of steps, nothing is shared: set trunk=false")
    later = [phase.first_step for phase in data.phases[1:]]
    schedule = build(typed.optimizer, "optimizer")
    return trunk_of(run.config, run.data, Path(typed.runs), schedule, min(later, default=steps))


def _long_documents(data: CorpusDataModule) -> list[str]:
    store, row = data.stores["train"], data.shape.decoder_length
    share = float(np.mean(store.lengths(np.arange(len(store))) >= row))
    if not share:
        return []
    return [
        f"{share:.0%} of the training documents are longer than a decoder row of {row} tokens: an example holds a "
        "part of them, evaluation reads them whole in windows (budget.decoder_length sets the row)"
    ]


def _evaluate(run: Run, trainer: L.Trainer, module: PretrainingModule, data: CorpusDataModule) -> Findings:
    """Metrics and document groups of every held-out split that holds a document."""
    found = Findings()
    for split in EVALUATED:
        if split in data.stores and len(data.stores[split]):
            module.split = split
            batches = data.batches(split, run.typed.budget.final_documents)
            values = trainer.validate(module, dataloaders=batches, verbose=False)[0]
            found.metrics.update({key: float(value) for key, value in values.items()})
            found.groups[split] = module.totals[split]
    return found


def _gather_weights(trainer: L.Trainer) -> dict[str, torch.Tensor]:
    """The model's parameters on the CPU, whatever the strategy made of them."""
    state = trainer.strategy.lightning_module_state_dict()
    parts = ((name.removeprefix("model."), value) for name, value in state.items() if name.startswith("model."))
    return {name: value.detach().cpu().contiguous() for name, value in parts}
