"""This package's own training step, as `lmstudy-train` does it: the only file that follows such changes."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lmstudy.benchmark.contenders.training import (
    CLIP,
    LEARNING_RATE,
    Arrays,
    TrainingContender,
    batch_shape,
    to_batches,
)
from lmstudy.config import build
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.models.transformer import Seq2SeqTransformer
from lmstudy.preferences.objectives.base import Objective
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.training.allocator import keep_freed_memory
from lmstudy.training.chunked import Part, chunked_objective, part
from lmstudy.training.compilation import choose_attention, compile_network, compiled_loss
from lmstudy.training.optimizers import AdamW


class Training(TrainingContender):
    """`Seq2SeqTransformer`, maximum likelihood, AdamW; compiled or not."""

    def __init__(
        self,
        batches: Sequence[Arrays],
        documents: str,  # the model reads from the batch what may see what
        compiled: bool,
        half: bool = False,
        **sizes: Any,
    ) -> None:
        keep_freed_memory()
        torch.manual_seed(0)
        positions = max(batches[0][0].shape[1], batches[0][2].shape[1])
        model = Seq2SeqTransformer(max_positions=positions, **sizes)
        taken = prepared(model, compiled)
        optimizer = AdamW(lr=LEARNING_RATE, clip=CLIP).build(model)
        super().__init__(model, partial(loss, model, MLE(), taken=taken), optimizer, batches, half)


class ConfiguredTraining(Training):
    """`Training` that updates its weights as `optimizer` says: a config group's node, such as that of Muon."""

    def __init__(self, optimizer: dict[str, Any], half: bool = False, **given: Any) -> None:
        super().__init__(half=half, **given)
        products = torch.bfloat16 if half else torch.float32
        self.optimizer = build(optimizer, "optimizer").build(self.model, products)  # the first one holds no state yet


def prepared(model: nn.Module, compiled: bool) -> Callable[..., Part]:
    """Compile a network, if it is to be, and choose how it attends; returns how the loss of a chunk is taken."""
    done = compile_network(model, compiled, steps=0)
    choose_attention(model, "auto", "cpu", done)
    return compiled_loss() if done else part


def loss(model: Any, objective: Any, batch: Seq2SeqBatch, taken: Callable[..., Part] = part) -> Tensor:
    """The mean loss of a batch, as `lmstudy.training.pretraining` computes it."""
    return chunked_objective(objective, model.hidden(batch), model.output_weight, batch.labels, taken=taken).loss


class BareTraining:
    """Loss, gradients, clipping, optimiser, schedule: a step of `lmstudy.training.pretraining`, in one process.

    Args:
        model: as `PretrainingModule` takes it, compiled or not.
        objective: what is minimised.
        settings: of the optimiser.
        steps: length of the training, for the schedule.
        taken: how the loss of a chunk is taken.
    """

    def __init__(
        self,
        model: nn.Module,
        objective: Objective,
        settings: AdamW,
        steps: int,
        taken: Callable[..., Part] = part,
    ) -> None:
        self.model: Any = model
        self.taken = taken
        self.objective: Any = objective
        self.settings = settings
        self.optimizer = settings.build(model)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lambda step: settings.factor(step, steps))

    def step(self, batch: Seq2SeqBatch) -> float:
        """One step; returns the loss before it, nats a label."""
        value = loss(self.model, self.objective, batch, self.taken)
        value.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings.clip)
        self.optimizer.step()
        self.schedule.step()
        self.optimizer.zero_grad()
        return float(value.detach())


def build_model(config: Mapping[str, Any], vocab_size: int) -> nn.Module:
    """The network of a resolved configuration of `lmstudy-train`, before training; an embedding given is left out."""
    torch.manual_seed(config["seed"])
    budget = config["budget"]
    positions = max(budget["encoder_length"], budget["decoder_length"])
    return build(config["model"], "model", vocab_size=vocab_size, max_positions=positions)


def trained_parameters(model: nn.Module) -> int:
    """How many numbers training changes; a matrix with two uses counts once."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


class ExperimentTraining:
    """The training step of an experiment: its model, objective, optimiser and schedule, as `lmstudy-train` has them.

    A block is a pass over all batches, so that every block of every contender is the same work.

    Args:
        batches: the fields of each batch; units are labels, what a run's record counts as tokens.
        config: a resolved configuration of `lmstudy-train`.
        vocab_size: of the tokenizer.
        compiled: whether the network is compiled, whatever `config` says.
    """

    def __init__(self, batches: Sequence[Arrays], config: Mapping[str, Any], vocab_size: int, compiled: bool) -> None:
        keep_freed_memory()
        model = build_model(config, vocab_size).train()
        taken = prepared(model, compiled)
        objective, settings = build(config["objective"], "objective"), build(config["optimizer"], "optimizer")
        self.training = BareTraining(model, objective, settings, config["budget"]["steps"], taken)
        self.batches = to_batches(batches)
        self.units = sum(int(batch.target_tokens) for batch in self.batches)
        self.facts: dict[str, Any] = {
            "parameters": trained_parameters(model),
            "shape": batch_shape(self.batches[0]),
            "compiled": compiled,
            "model": config["model"],
            "optimizer": config["optimizer"],
            "steps": 0,
            "losses": [],  # of the first and the last step
        }

    def block(self) -> float:
        losses = [self.training.step(batch) for batch in self.batches]
        self.facts["steps"] += len(losses)
        self.facts["losses"] = [(self.facts["losses"] or losses)[0], losses[-1]]
        return self.units
