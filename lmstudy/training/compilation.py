"""`torch.compile` where it can be had, for the fixed shapes of packed batches."""

import importlib.util
import os
import shutil
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from lmstudy.errors import StudyError
from lmstudy.models.transformer import Kind, Seq2SeqTransformer
from lmstudy.training.chunked import Part, part
from lmstudy.training.compiled_cache import keep_compiled_graphs, recovering

Wish = Literal["auto", True, False]
Accelerator = Literal["cpu", "gpu", "mps"]
Attention = Literal["auto", "dense", "products", "flex"]

PAYS_FROM = 500
"""Steps from which a run gains what compiling costs at its start: half a minute on two cores, seconds when cached."""

WHOLE_UP_TO = 16
"""Layers up to which the network is compiled as one graph: a little faster, and its time grows with the depth."""

FLEX_FROM = 512
"""Positions in a row from which `auto` takes block masks on a GPU: four blocks of 128 by four, or more."""


def compilation_problem(accelerator: Accelerator = "cpu") -> str | None:
    """Why nothing can be compiled here, in a few words, or None.

    On a CPU, PyTorch writes C++ for one compiler, which `CXX` names; on a GPU Triton, which needs a C compiler for
    its launchers. Either includes Python.h, which many systems keep in a package of its own.
    """
    if accelerator == "mps":
        return "PyTorch does not yet compile whole trainings for Apple's GPUs"
    if accelerator == "gpu":
        if importlib.util.find_spec("triton") is None:
            return "Triton, with which PyTorch compiles for a GPU, is not installed"
        variable, language, usual = "CC", "C", ["gcc", "clang"]
    else:
        # As in torch._inductor.config.cpp.cxx: clang++ on Linux, for example, must be named.
        by_system = {"darwin": "clang++", "win32": "cl"}
        variable, language, usual = "CXX", "C++", [by_system.get(sys.platform, "g++")]
    named = os.environ.get(variable)
    if named and not shutil.which(named):
        return f"{variable}={named} is no {language} compiler that can be found"
    if not named and not any(shutil.which(name) for name in usual):
        return f"there is no {language} compiler ({' or '.join(usual)}; another is named by {variable})"
    if not _has_python_headers():
        return f"Python.h is not in {sysconfig.get_path('include')}: Python's headers are not installed"
    return None


def _has_python_headers() -> bool:
    folders = [Path(sysconfig.get_path("include"))]
    if sys.platform == "darwin":
        folders.append(Path(sysconfig.get_path("stdlib")).parents[1] / "Headers")
    return any((folder / "Python.h").exists() for folder in folders)


def compile_network(
    model: nn.Module, wish: Wish, steps: int, accelerator: Accelerator = "cpu", sharded: bool = False
) -> bool:
    """Compile what turns a batch into hidden states, if that is wished and pays; returns whether it was done.

    Shallow models become one graph. In deep ones, and in those that are `sharded` between layers, the layers are
    compiled: those of one kind share their code, so two graphs do for all. Decoding with the cache stays as it is.
    Results are equal up to rounding. Graphs are kept for later runs (see `lmstudy.training.compiled_cache`).

    Raises:
        StudyError: `wish` is True, and there is no compiler or the model has no layers to compile.
    """
    if wish is False or (wish == "auto" and steps < PAYS_FROM):
        return False
    layers: list[nn.Module] | None = getattr(model, "layers", None)
    unnamed = f"model {type(model).__name__} names no layers to compile"
    problem = compilation_problem(accelerator) if layers else unnamed
    if problem and wish is True:
        raise StudyError(f"trainer.compile=true: {problem}; trainer.compile=false trains without")
    if problem or not layers:
        print(f"trains without compilation: {problem}", file=sys.stderr)
        return False
    keep_compiled_graphs()
    if len(layers) <= WHOLE_UP_TO and not sharded:
        network: Any = model
        network.hidden = recovering(torch.compile(network.hidden, dynamic=False), compilation_error)
    else:
        for layer in layers:
            layer.compile(dynamic=False)
            layer._compiled_call_impl = recovering(layer._compiled_call_impl, compilation_error)  # type: ignore
    return True


def compiled_loss() -> Callable[..., Part]:
    """`lmstudy.training.chunked.part`, compiled for the fixed shape of a chunk; after `compile_network`."""
    return recovering(torch.compile(part, dynamic=False), compilation_error)


def compiled_whole(model: nn.Module) -> bool:
    """Whether the network is one compiled graph, for batches of the shapes of training."""
    return "hidden" in vars(model)


def choose_attention(model: nn.Module, wish: Attention, accelerator: Accelerator, compiled: bool) -> None:
    """Set how the model attends: "dense" is always right.

    `auto` takes "products" in a network compiled for a CPU, and block masks ("flex") for rows of `FLEX_FROM` positions
    or more in one compiled for a GPU.

    Raises:
        StudyError: `wish` is "flex", and the network knows no block masks or is not compiled for a GPU; or it is
            "products", and the network attends in a way of its own.
    """
    if not isinstance(model, Seq2SeqTransformer):
        problem = f"model {type(model).__name__} attends in a way of its own"
    elif wish == "flex" and not (accelerator == "gpu" and compiled):
        problem = "it is made for networks compiled for a GPU, and has no backward pass on a CPU"
    else:
        blocks = model.max_positions >= FLEX_FROM
        found: Kind = "dense" if not compiled else "products" if accelerator == "cpu" else "flex" if blocks else "dense"
        model.attend_by(found if wish == "auto" else wish)
        return
    if wish in ("flex", "products"):
        raise StudyError(f"trainer.attention={wish}: {problem}; trainer.attention=dense works everywhere")


def compilation_error(error: Exception) -> StudyError | None:
    """The cause, in a line, if PyTorch's compiler raised this error."""
    modules = [kind.__module__ for kind in type(error).mro()]
    if not any(name.startswith(("torch._dynamo", "torch._inductor")) for name in modules):
        return None
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # The first line may only say which backend raised; a C++ compiler's complaint is further below.
    told = [line for line in lines if not line.endswith("raised:")]
    complaints = [line for line in told if " error: " in line]
    cause = next(iter([*complaints, *told]), type(error).__name__)
    return StudyError(f"trainer.compile: compilation failed: {cause}; trainer.compile=false trains without")
