"""A model drawn from what it did: boxes, arrows, shapes and numbers of parameters all come from one recorded pass.

Lengths are inches; y grows downwards, as data flow. A column holds what depends on the model's first input
alone, a second one what depends on any other; arrows from the first to the second are drawn as a line beside.
"""

import re
from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text

from lmstudy.chapters.concepts.architecture_plan import Item, Plan, plan
from lmstudy.chapters.concepts.forward_graph import Call, ForwardGraph, Shape
from lmstudy.show.style import COLOURS, GREY

ARTICLE = (
    "embedding",
    *(f"encoder {i}" for i in range(1, 5)),
    *(f"decoder {i}" for i in range(1, 5)),
    "output layer",
)
"""The chain of the article's figure 2-1."""

BLUE, ORANGE = COLOURS[0], COLOURS[1]
NORM, UNIT, GAP, PAD = 0.12, 0.2, 0.075, 0.07
LEFT, WIDTH, BETWEEN = 2.46, 1.82, 0.8
SMALL, TINY = 7.0, 6.2


def architecture(graph: ForwardGraph, beside: Sequence[str] = ARTICLE) -> Figure:
    """The recorded pass, and small beside it a chain of boxes to compare it with (none if empty).

    Texts that give a box's own number of parameters have the gid "parameters": they add up to the model's.
    """
    layout = plan(graph)
    figure = plt.figure(layout="none")
    axes = figure.add_axes((0, 0, 1, 1))
    bottom = _Drawing(axes, graph, layout).draw()
    if beside:
        bottom = max(bottom, _chain(axes, beside, bottom))
    right = LEFT + len(layout.columns) * WIDTH + (len(layout.columns) - 1) * BETWEEN + 0.66
    left = -0.05 if beside else LEFT - 0.75
    axes.set(xlim=(left, right), ylim=(bottom + 0.08, -0.34), aspect="equal")
    axes.axis("off")
    figure.set_size_inches(right - left, bottom + 0.42)
    return figure


class _Drawing:
    def __init__(self, axes: Axes, graph: ForwardGraph, layout: Plan) -> None:
        self.axes, self.graph, self.layout = axes, graph, layout
        self.place: dict[int, tuple[float, float, float]] = {}  # call -> x of its left side, top, bottom

    def x(self, column: int) -> float:
        return LEFT + column * (WIDTH + BETWEEN)

    def draw(self) -> float:
        columns = self.layout.columns
        y = self._inputs()
        ends = []
        for number, items in enumerate(columns):
            ends.append(self._column(number, items, y))
        bottom = max(ends)
        if self.layout.links:
            bottom = max(bottom, self._memory())
        return self._tail(len(columns) - 1, ends[-1], bottom)

    def _inputs(self) -> float:
        names = list(self.graph.inputs)
        wide = len(self.layout.columns) > 1
        for number, name in enumerate(names[: len(self.layout.columns)]):
            x = self.x(number) + WIDTH / 2
            self.text(x, -0.04, f"{name.replace('_', ' ')}  {_shape(self.graph.inputs[name])}", SMALL, weight="bold")
            self.arrow(x, 0.06, 0.24)
        if wide:
            _marker(self.axes, self.x(1) + WIDTH - 0.02, -0.24, 1)
            self.text(self.x(1) + WIDTH - 0.12, -0.24, "an input of its own", SMALL, ORANGE, ha="right")
        self.text(self.x(0) - 0.62, -0.24, "This model, as it ran", SMALL, weight="bold", ha="left")
        y = 0.24
        for item in self.layout.shared:
            right = self.x(len(self.layout.columns) - 1) + WIDTH
            self.box(self.x(0), y, right - self.x(0), UNIT, "shared")
            self.label(self.x(0), right - self.x(0), y, UNIT, f"{_words(item.call.kind)}, one for both", item.call)
            y += UNIT
        for number in range(len(self.layout.columns)):
            if self.layout.shared:
                x = self.x(number) + WIDTH / 2
                self.arrow(x, y, y + 0.22)
                calls = [c for c in self.graph.calls if c.name == self.layout.shared[-1].call.name]
                self.text(x + 0.07, y + 0.09, _shape(calls[min(number, len(calls) - 1)].shape), TINY, GREY, ha="left")
        return y + 0.22 if self.layout.shared else y

    def _column(self, number: int, items: list[Item], y: float) -> float:
        x = self.x(number)
        for position, item in enumerate(items):
            if position:
                self.arrow(x + WIDTH / 2, y, y + 0.13)
                y += 0.13
            item.top = y
            y = self._group(x, y, item, number) if item.units else self._unit(x, y, item.index, item.times)
            item.bottom = y
        return y

    def _unit(self, x: float, y: float, index: int, times: int = 1, inset: float = 0.0) -> float:
        call = self.graph.calls[index]
        norm = "norm" in call.kind.lower()
        height, width = NORM if norm else UNIT, WIDTH - 2 * inset
        self.box(x + inset, y, width, height, "norm" if norm else "unit")
        words = ("masked " if call.causal else "") + _words(call.kind) + (f", {times} times" if times > 1 else "")
        self.label(x + inset, width, y, height, words, call, TINY if norm else SMALL)
        self.place[index] = x + inset, y, y + height
        return y + height

    def _group(self, x: float, y: float, item: Item, number: int) -> float:
        top, side = y, -1 if number == 0 else 1
        y += PAD
        enters = y
        for position, index in enumerate(item.units):
            if position:
                y += 0.03
            y = self._unit(x, y, index, inset=PAD)
            last = position == len(item.units) - 1
            after = item.call.made_of if last else self.graph.calls[item.units[position + 1]].sources
            elsewhere = {link.origin.index for link in self.layout.links}
            if len([source for source in after if source not in elsewhere]) > 1:
                y += GAP
                self._bypass(x + (WIDTH if side > 0 else 0), enters - 0.02, y - GAP / 2, side, x + WIDTH / 2)
                enters = y
        y += PAD * 0.4
        self.axes.add_patch(_rounded(x, top, WIDTH, y - top, fc="none", ec=GREY, lw=0.8))
        outside = x - 0.15 if side < 0 else x + WIDTH + 0.15
        name = _layer_name(item.call)
        self.text(outside, (top + y) / 2, f"{name}\n{item.parameters:,}", SMALL, ha="right" if side < 0 else "left")
        return y

    def _bypass(self, edge: float, top: float, bottom: float, side: int, middle: float) -> None:
        """What goes past a sublayer and is added to what it gives."""
        out = edge + side * 0.07
        self.axes.plot([edge, out, out, middle], [top, top, bottom, bottom], color=GREY, lw=0.6)
        self.axes.plot(middle, bottom, "o", ms=4.2, mfc="white", mec=GREY, mew=0.7)
        self.axes.plot(middle, bottom, "+", ms=3, mec=GREY, mew=0.7)

    def _memory(self) -> float:
        """Arrows from boxes of the first column into units of the second; the lowest place they need."""
        bus, x, end = self.x(0) + WIDTH + 0.36, self.x(0) + WIDTH / 2, 0.0
        line: dict[str, Any] = {"color": ORANGE, "lw": 1.4}
        for origin in {link.origin.index: link.origin for link in self.layout.links}.values():
            links = [link for link in self.layout.links if link.origin is origin]
            units = [link.unit for link in links]
            start = origin.bottom + 0.12
            heights = [sum(self.place[unit][1:]) / 2 for unit in units]
            self.axes.plot([x, x, bus], [origin.bottom, start, start], **line)
            self.axes.plot([bus, bus], [min([start, *heights]), max([start, *heights])], **line)
            for unit, height in zip(units, heights, strict=True):
                self.arrow(bus, height, height, self.place[unit][0], ORANGE)
            layers = [set(item.units) for item in self.layout.columns[1] if item.units]
            each = len(layers) == len(units) and all(len(layer & set(units)) == 1 for layer in layers)
            where = f"each of {len(layers)} layers" if each else f"{len(units)} place{'s' * (len(units) > 1)}"
            handed = " and ".join(map(_shape, links[0].shapes))
            words = f"{self._handed_over(links[0].shapes)}, {handed},\nis read in {where}"
            _marker(self.axes, self.x(0) + 0.1, start + 0.19, 2)
            self.text(self.x(0) + 0.22, start + 0.19, words, SMALL, ORANGE, ha="left")
            end = max(end, start + 0.32)
        return end

    def _handed_over(self, shapes: tuple[Shape, ...]) -> str:
        """A memory has a vector for each position of the input; anything else is a state."""
        read = next(iter(self.graph.inputs.values()))
        return "the memory" if any(shape[: len(read)] == read for shape in shapes) else "a state"

    def _tail(self, column: int, y: float, bottom: float) -> float:
        """The output matrix where it is no module, then the loss with the functions that autograd recorded."""
        x, graph = self.x(column), self.graph
        free = [source for source in graph.output_sources if isinstance(source, str)]
        if free:
            self.arrow(x + WIDTH / 2, y, y + 0.15)
            owner = {f"{call.name}.weight": _words(call.kind) for call in graph.calls}
            names = ", ".join(f"{owner[n]} again" if n in owner else n for n in free)
            self.box(x, y + 0.15, WIDTH, UNIT, "shared")
            self.text(x + 0.06, y + 0.15 + UNIT / 2, f"output: {names}", SMALL, ha="left")
            number = self.text(
                x + WIDTH - 0.06, y + 0.15 + UNIT / 2, f"+ {graph.output_parameters:,}", SMALL, GREY, ha="right"
            )
            number.set_gid("parameters")
            y += 0.15 + UNIT
        self.arrow(x + WIDTH / 2, y, y + 0.2)
        self.text(x + WIDTH / 2 + 0.07, y + 0.09, f"logits {_shape(graph.output_shape)}", TINY, GREY, ha="left")
        y += 0.2
        shown = {"LogSoftmax": "softmax", "NllLoss": "cross-entropy", "NllLoss2D": "cross-entropy"}
        steps = [shown[name] for name in graph.loss_operations if name in shown] or ["loss"]
        for position, words in enumerate(steps):
            if position:
                self.arrow(x + WIDTH / 2, y, y + 0.12)
                y += 0.12
            self.box(x, y, WIDTH, UNIT, "unit")
            last = position == len(steps) - 1
            self.text(x + WIDTH / 2, y + UNIT / 2, f"{words}: {graph.loss:.2f} nats" if last else words, SMALL)
            y += UNIT
        self.arrow(x - 0.25, y - UNIT / 2, y - UNIT / 2, x)
        self.text(
            x - 0.28, y - UNIT / 2, f"labels  {_shape(graph.output_shape[:-1])}", SMALL, ha="right", weight="bold"
        )
        total = self.layout.parameters + graph.output_parameters
        words = f"{total:,} parameters in all" + (", the shared matrix counted once" if free else "")
        end = max(y, bottom)
        self.text(self.x(0), end + 0.2, words, SMALL, ha="left", weight="bold")
        return end + 0.25

    def label(
        self, x: float, width: float, y: float, height: float, words: str, call: Call, size: float = SMALL
    ) -> None:
        self.text(x + 0.06, y + height / 2, words, size, ha="left")
        number = self.text(x + width - 0.06, y + height / 2, f"{call.parameters:,}", size, GREY, ha="right")
        number.set_gid("parameters")

    def box(self, x: float, y: float, width: float, height: float, look: str) -> None:
        face, edge = {"shared": ("#DCEBF5", BLUE), "unit": ("white", BLUE), "norm": ("#EEEEEE", "#BBBBBB")}[look]
        self.axes.add_patch(_rounded(x, y, width, height, fc=face, ec=edge, lw=0.8))

    def text(self, x: float, y: float, words: str, size: float, colour: str = "black", **style: Any) -> Text:
        style = {"ha": "center", "va": "center"} | style
        return self.axes.text(x, y, words, fontsize=size, color=colour, **style)

    def arrow(self, x: float, y: float, to_y: float, to_x: float | None = None, colour: str = GREY) -> None:
        _arrow(self.axes, x, y, x if to_x is None else to_x, to_y, colour)


def _chain(axes: Axes, names: Sequence[str], bottom: float) -> float:
    """Boxes one under the other, an arrow from each to the next, and where the recorded pass differs."""
    width, x = 0.72, 0.0
    step = min(0.5, max(0.4, (bottom - 0.3) / len(names)))
    axes.text(x, -0.24, "The article's figure 2-1", fontsize=SMALL, weight="bold", va="center")
    for i, name in enumerate(names):
        y = i * step
        axes.add_patch(_rounded(x, y, width, UNIT, fc="white", ec=GREY, lw=0.8))
        axes.text(x + width / 2, y + UNIT / 2, name, fontsize=SMALL, ha="center", va="center")
        if i:
            _arrow(axes, x + width / 2, y - step + UNIT, x + width / 2, y, GREY)
    decoders = [i for i, name in enumerate(names) if name.startswith("decoder")]
    if decoders:
        y = decoders[0] * step
        _marker(axes, width + 0.13, y + UNIT / 2, 1)
        axes.text(width + 0.24, y + UNIT / 2, "no input\nof its own", fontsize=SMALL, va="center", color=ORANGE)
        _marker(axes, width + 0.13, y - (step - UNIT) / 2 - 0.14, 2)
        words = "one arrow, into\nthe first only"
        axes.text(width + 0.24, y - (step - UNIT) / 2 - 0.14, words, fontsize=SMALL, va="center", color=ORANGE)
    return len(names) * step


def _rounded(x: float, y: float, width: float, height: float, **style: Any) -> FancyBboxPatch:
    return FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=0.03", **style)


def _arrow(axes: Axes, x: float, y: float, to_x: float, to_y: float, colour: str) -> None:
    look = {"arrowstyle": "-|>", "color": colour, "lw": 1.0, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 7}
    axes.annotate("", (to_x, to_y), (x, y), arrowprops=look)


def _marker(axes: Axes, x: float, y: float, number: int) -> None:
    axes.plot(x, y, "o", ms=9, color=ORANGE)
    axes.text(x, y, str(number), fontsize=SMALL, color="white", ha="center", va="center_baseline", weight="bold")


def _shape(shape: Shape) -> str:
    return " × ".join(f"{size:,}" for size in shape)


def _words(kind: str) -> str:
    """A class's name as words: SelfAttention is "self-attention", RMSNorm and LSTM stay."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z0-9]+|[a-z0-9]+", kind)
    return kind if any(part.isupper() and len(part) > 1 for part in parts) else "-".join(parts).lower()


def _layer_name(call: Call) -> str:
    """encoder.0, an EncoderLayer, is "encoder / layer 1", over two lines."""
    number = re.search(r"\.(\d+)$", call.name)
    words = _words(call.kind).replace("-", "\n")
    return f"{words} {int(number.group(1)) + 1}" if number else call.name.replace("_", "\n")
