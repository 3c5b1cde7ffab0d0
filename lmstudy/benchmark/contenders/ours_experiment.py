"""The training step of an experiment: its model, objective, optimiser and schedule, as `lmstudy-train` has them."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from lmstudy.benchmark.bare_training import BareTraining
from lmstudy.benchmark.contenders.batches import Arrays, to_batches
from lmstudy.config import build
from lmstudy.training.compilation import compile_network
from lmstudy.training.memory import keep_freed_memory


def build_model(config: Mapping[str, Any], vocab_size: int) -> nn.Module:
    """The network of a resolved configuration of `lmstudy-train`, before training; an embedding given is left out."""
    torch.manual_seed(config["seed"])
    budget = config["budget"]
    positions = max(budget["encoder_length"], budget["decoder_length"])
    return build(config["model"], "model", vocab_size=vocab_size, max_positions=positions)


def trained_parameters(model: nn.Module) -> int:
    """How many numbers training changes; a matrix with two uses counts once."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


class Training:
    """A block is a pass over all batches, so that every block of every contender is the same work.

    Args:
        batches: the fields of each batch; units are labels, what a run's record counts as tokens.
        config: a resolved configuration of `lmstudy-train`.
        vocab_size: of the tokenizer.
        compiled: whether the network is compiled, whatever `config` says.
    """

    def __init__(self, batches: Sequence[Arrays], config: Mapping[str, Any], vocab_size: int, compiled: bool) -> None:
        keep_freed_memory()
        model = build_model(config, vocab_size).train()
        compile_network(model, compiled, steps=0)
        objective, settings = build(config["objective"], "objective"), build(config["optimizer"], "optimizer")
        self.training = BareTraining(model, objective, settings, config["budget"]["steps"])
        self.batches = to_batches(batches)
        self.units = sum(int(batch.target_tokens) for batch in self.batches)
        read, written = self.batches[0].encoder_tokens, self.batches[0].decoder_tokens
        self.facts: dict[str, Any] = {
            "parameters": trained_parameters(model),
            "shape": [len(read), read.shape[1], written.shape[1]],
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
