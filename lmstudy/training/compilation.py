"""`torch.compile` where it can be had, for the fixed shapes of packed batches."""

import os
import shutil
import sys
from typing import Any, Literal

import torch
from torch import nn

from lmstudy.errors import StudyError

Wish = Literal["auto", True, False]

PAYS_FROM = 500
"""Steps from which a run gains what compiling costs at its start: half a minute on two cores, seconds when cached."""


def compilation_problem() -> str | None:
    """Why nothing can be compiled here, in a few words, or None. PyTorch compiles C++ on a CPU, Triton on a GPU."""
    named = os.environ.get("CXX")
    if named and not shutil.which(named):
        return f"CXX={named} is no C++ compiler that can be found"
    if not named and not any(shutil.which(name) for name in ("g++", "clang++", "c++", "cl")):
        return "there is no C++ compiler (g++ or clang++)"
    return None


WHOLE_UP_TO = 16
"""Layers up to which the network is compiled as one graph: a little faster, and its time grows with the depth."""


def compile_network(model: nn.Module, wish: Wish, steps: int) -> bool:
    """Compile what turns a batch into hidden states, if that is wished and pays; returns whether it was done.

    Shallow models become one graph. In deep ones the layers are compiled: those of one kind share their code, so
    two graphs do for all. Decoding with the cache stays as it is. Results are equal up to rounding.

    Raises:
        StudyError: `wish` is True, and there is no compiler or the model has no layers to compile.
    """
    if wish is False or (wish == "auto" and steps < PAYS_FROM):
        return False
    layers: list[nn.Module] | None = getattr(model, "layers", None)
    problem = compilation_problem() if layers else f"model {type(model).__name__} names no layers to compile"
    if problem and wish is True:
        raise StudyError(f"trainer.compile=true: {problem}; trainer.compile=false trains without")
    if problem or not layers:
        print(f"trains without compilation: {problem}", file=sys.stderr)
        return False
    if len(layers) <= WHOLE_UP_TO:
        network: Any = model
        network.hidden = torch.compile(network.hidden, dynamic=False)
    else:
        for layer in layers:
            layer.compile(dynamic=False)
    return True


def compilation_error(error: Exception) -> StudyError | None:
    """The cause, in a line, if PyTorch's compiler raised this error."""
    modules = [kind.__module__ for kind in type(error).mro()]
    if not any(name.startswith(("torch._dynamo", "torch._inductor")) for name in modules):
        return None
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    cause = lines[0] if lines else type(error).__name__
    return StudyError(f"trainer.compile: compilation failed: {cause}; trainer.compile=false trains without")
