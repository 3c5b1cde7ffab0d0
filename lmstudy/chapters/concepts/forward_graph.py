"""Which module fed which, with what shapes: recorded from one forward pass, not read from the source.

Hooks see every call of a module. For each tensor that a call is given, the autograd graph is followed back to
the nearest module outputs (or parameters, or inputs of the model): those are the call's sources. Additions,
reshapes and whatever else lies between are passed through, so residual connections show as further sources.

A call is recorded down to modules whose children have no children (an attention with its projections, a
feed-forward network, a norm): these are the units. Calls that hold units (a layer) are recorded too.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lmstudy.errors import StudyError

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Call:
    """One call of a module; a module that is called twice, such as a shared embedding, has two."""

    name: str
    """The module's path in the model."""
    kind: str
    """The module's class."""
    parent: int | None
    """Index of the recorded call that encloses this one."""
    sources: tuple[str | int, ...]
    """Calls by index, inputs of the model and parameters by name."""
    given: tuple[tuple[str | int, Shape], ...]
    """The sources whose outputs it was handed as they were, with their shapes."""
    made_of: tuple[str | int, ...]
    """What the output of an enclosing call was computed from: inner calls, and what bypassed them."""
    shape: Shape
    """Of the first tensor that it returns."""
    parameters: int
    """Numbers it owns that no earlier call has counted; 0 for a call that encloses others."""
    causal: bool | None
    """Of a call that is given a square mask: whether no query sees a later key. Of others, nothing."""


@dataclass(frozen=True)
class ForwardGraph:
    """Calls in the order in which they began, and what happened after the last of them."""

    calls: tuple[Call, ...]
    inputs: dict[str, Shape]
    """Tensors that the model was given and that some call used."""
    output_sources: tuple[str | int, ...]
    """What the model's output was computed from outside of any call: calls, and parameters by name."""
    output_shape: Shape
    output_parameters: int
    """Numbers of parameters used outside of any call that no call has counted."""
    loss: float
    loss_operations: tuple[str, ...]
    """Names of autograd's functions between output and loss, in the order in which they ran."""
    total_parameters: int

    @property
    def units(self) -> list[int]:
        """Calls that enclose no other."""
        enclosing = {call.parent for call in self.calls}
        return [i for i in range(len(self.calls)) if i not in enclosing]

    def inner(self, parent: int | None) -> list[int]:
        """Calls directly enclosed by a call, or by none."""
        return [i for i, call in enumerate(self.calls) if call.parent == parent]

    def sources(self, name: str) -> set[str]:
        """Names of the modules, inputs and parameters that calls of a module were computed from.

        Raises:
            StudyError: no module of this name was called.
        """
        found = [call for call in self.calls if call.name == name]
        if not found:
            raise StudyError(f"no module {name!r} was called; called were {sorted({c.name for c in self.calls})}")
        return {self.calls[s].name if isinstance(s, int) else s for call in found for s in call.sources}

    def inputs_of(self, call: int) -> set[str]:
        """Inputs of the model that a call depends on, near or far."""
        found: set[str] = set()
        waiting, seen = list(self.calls[call].sources), set[int]()
        while waiting:
            source = waiting.pop()
            if isinstance(source, str):
                found |= {source} & set(self.inputs)
            elif source not in seen:
                seen.add(source)
                waiting += [*self.calls[source].sources, *self.inner(source)]
        return found


def record_forward(model: nn.Module, batch: Any, loss: Callable[[Tensor], Tensor]) -> ForwardGraph:
    """Run `model(batch)` and `loss(output)` once and record who computed what from what.

    Args:
        batch: what the model takes; tensors in a named tuple or a dict are known by their names.
        loss: from the model's output to a number that autograd can follow.

    Raises:
        StudyError: the model called no module of its own.
    """
    recorder = _Recorder(model, batch)
    handles = []
    for name, module in _recorded(model):
        handles.append(module.register_forward_pre_hook(recorder.before(name), with_kwargs=True))
        handles.append(module.register_forward_hook(recorder.after, with_kwargs=True))
    try:
        with torch.enable_grad():
            output = model(batch)
            value = loss(output)
    finally:
        for handle in handles:
            handle.remove()
    if not recorder.calls:
        raise StudyError(f"{type(model).__name__} called none of its modules: there is nothing to record")
    sources = recorder.trace(output)
    free = sum(recorder.count(recorder.parameters[name]) for name in sources if name in recorder.parameters)
    used = {source for call in recorder.calls for source in call.sources} | set(sources)
    return ForwardGraph(
        calls=tuple(call.frozen() for call in recorder.calls),
        inputs={name: tuple(t.shape) for name, t in recorder.inputs.items() if name in used},
        output_sources=sources,
        output_shape=tuple(output.shape),
        output_parameters=free,
        loss=float(value.detach()),
        loss_operations=_operations(value, output),
        total_parameters=sum(parameter.numel() for parameter in model.parameters()),
    )


def _recorded(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Modules down to units; lists and sequences of modules are seen through, the model itself is left out."""

    def below(module: nn.Module, prefix: str) -> Iterator[tuple[str, nn.Module]]:
        for name, child in module.named_children():
            path = f"{prefix}{name}"
            through = isinstance(child, nn.ModuleList | nn.ModuleDict | nn.Sequential)
            if not through:
                yield path, child
            if through or any(True for each in child.children() for _ in each.children()):
                yield from below(child, f"{path}.")

    return below(model, "")


@dataclass
class _OpenCall:
    name: str
    module: nn.Module
    parent: int | None
    sources: tuple[str | int, ...]
    given: tuple[tuple[str | int, Shape], ...]
    causal: bool | None
    shape: Shape = ()
    parameters: int = 0
    encloses: bool = False
    made_of: tuple[str | int, ...] = ()

    def frozen(self) -> Call:
        return Call(
            name=self.name,
            kind=type(self.module).__name__,
            parent=self.parent,
            sources=self.sources,
            given=self.given,
            made_of=self.made_of,
            shape=self.shape,
            parameters=self.parameters,
            causal=self.causal,
        )


class _Recorder:
    def __init__(self, model: nn.Module, batch: Any) -> None:
        self.calls: list[_OpenCall] = []
        self.open: list[int] = []
        self.inputs = dict(_named_tensors(batch))
        self.parameters = dict(model.named_parameters())
        self.counted: set[int] = set()
        self.keep: list[Any] = []  # objects known by their id must live as long as the id is used
        self.by_function: dict[tuple[int, int], int] = {}
        self.by_tensor: dict[int, str | int] = {id(tensor): name for name, tensor in self.inputs.items()}
        self.by_parameter = {id(parameter): name for name, parameter in self.parameters.items()}

    def before(self, name: str) -> Callable[..., None]:
        def hook(module: nn.Module, args: Any, kwargs: Any) -> None:
            tensors = list(_tensors([args, kwargs]))
            parent = self.open[-1] if self.open else None
            if parent is not None:
                self.calls[parent].encloses = True
            sources = dict.fromkeys(source for tensor in tensors for source in self.trace(tensor))
            once = {id(tensor): tensor for tensor in tensors}  # keys and values may be one tensor
            given = [(self.by_tensor[i], tuple(tensor.shape)) for i, tensor in once.items() if i in self.by_tensor]
            self.open.append(len(self.calls))
            self.calls.append(_OpenCall(name, module, parent, tuple(sources), tuple(given), _causal(tensors)))

        return hook

    def after(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        index = self.open.pop()
        call = self.calls[index]
        tensors = list(_tensors(output))
        call.shape = tuple(tensors[0].shape) if tensors else ()
        if call.encloses:
            call.made_of = self.trace(tensors[0]) if tensors else ()
        else:
            call.parameters = sum(map(self.count, module.parameters()))
        for tensor in tensors:  # an enclosing call returns last, and stands for its inner ones from then on
            self.keep += [tensor, tensor.grad_fn]
            self.by_tensor[id(tensor)] = index
            if tensor.grad_fn is not None:
                self.by_function[id(tensor.grad_fn), tensor.output_nr] = index

    def count(self, parameter: nn.Parameter) -> int:
        new = id(parameter) not in self.counted
        self.counted.add(id(parameter))
        return parameter.numel() if new else 0

    def trace(self, tensor: Tensor) -> tuple[str | int, ...]:
        """The nearest calls, inputs and parameters that a tensor was computed from, nearest first."""
        if id(tensor) in self.by_tensor:
            return (self.by_tensor[id(tensor)],)
        found: dict[str | int, None] = {}
        waiting: list[tuple[Any, int]] = [(tensor.grad_fn, tensor.output_nr)]
        seen = set()
        while waiting:
            function, number = waiting.pop(0)
            if function is None or (id(function), number) in seen:
                continue
            seen.add((id(function), number))
            self.keep.append(function)
            if (id(function), number) in self.by_function:
                found[self.by_function[id(function), number]] = None
            elif hasattr(function, "variable"):
                found[self.by_parameter.get(id(function.variable), "unknown")] = None
            else:
                waiting += function.next_functions
        return tuple(found)


def _named_tensors(batch: Any) -> Iterator[tuple[str, Tensor]]:
    if isinstance(batch, Tensor):
        yield "input", batch
    elif hasattr(batch, "_asdict"):
        yield from _named_tensors(batch._asdict())
    elif isinstance(batch, dict):
        yield from ((str(name), tensor) for name, tensor in batch.items() if isinstance(tensor, Tensor))


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from _tensors(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _tensors(each)


def _causal(tensors: list[Tensor]) -> bool | None:
    """Of an additive mask [B, 1, Q, Q] among what a call was given."""
    for mask in tensors:
        if mask.ndim == 4 and mask.shape[-1] == mask.shape[-2] > 1 and torch.isneginf(mask).any():
            ahead = torch.ones(mask.shape[-2:], dtype=torch.bool).triu(1)
            real = torch.isneginf(mask).any(-1)  # padding may look anywhere
            return bool((torch.isneginf(mask) | ~ahead | ~real[..., None]).all())
    return None


def _operations(loss: Tensor, output: Tensor) -> tuple[str, ...]:
    names, function = [], loss.grad_fn
    while function is not None and function is not output.grad_fn:
        names.append(function.name().removesuffix("0").removesuffix("Backward"))
        function = next((each for each, _ in function.next_functions if each is not None), None)
    return tuple(reversed(names))
