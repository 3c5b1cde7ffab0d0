"""Which boxes a drawing of a recorded pass has, and in which column each stands."""

from dataclasses import dataclass, field

from lmstudy.chapters.concepts.forward_graph import Call, ForwardGraph, Shape


@dataclass
class Item:
    """A box of a column: a unit alone, or a call that encloses units only, such as a layer."""

    call: Call
    index: int
    parameters: int
    """Those of its units, where it has any."""
    units: list[int] = field(default_factory=list)
    times: int = 1
    top: float = 0.0
    bottom: float = 0.0


@dataclass(frozen=True)
class Link:
    """From a box of the first column into a unit of the second."""

    origin: Item
    unit: int
    shapes: tuple[Shape, ...]
    """Of the tensors that are handed over as they are."""


@dataclass
class Plan:
    """What is drawn where: boxes that serve both columns, and the columns."""

    shared: list[Item]
    columns: list[list[Item]]
    links: list[Link]

    @property
    def parameters(self) -> int:
        """The sum over all boxes."""
        return sum(item.parameters for items in [self.shared, *self.columns] for item in items)


def plan(graph: ForwardGraph) -> Plan:
    """Divide a recorded pass into two columns: what depends on the model's first input alone, and the rest.

    A call that encloses more than units, such as a whole encoder, is seen through. A module called again in
    the same column is one box; one that is called in both is shared.
    """
    first = next(iter(graph.inputs), None)
    items: dict[tuple[str, int], Item] = {}
    for index in _boxes(graph, None):
        call = graph.calls[index]
        key = call.name, int(bool(graph.inputs_of(index) - {first}))
        if key in items:
            items[key].times += 1
        else:
            inner = graph.inner(index)
            items[key] = Item(call, index, sum(graph.calls[i].parameters for i in inner or [index]), inner)
    both = {name for name, column in items if column == 0} & {name for name, column in items if column == 1}
    shared = [item for (name, column), item in items.items() if name in both and column == 0]
    columns = [[item for (name, c), item in items.items() if c == column and name not in both] for column in (0, 1)]
    return Plan(shared, [column for column in columns if column], _links(graph, columns[0], columns[1]))


def _boxes(graph: ForwardGraph, parent: int | None) -> list[int]:
    found = []
    for index in graph.inner(parent):
        deep = any(graph.inner(i) for i in graph.inner(index))
        found += _boxes(graph, index) if deep else [index]
    return found


def _links(graph: ForwardGraph, left: list[Item], right: list[Item]) -> list[Link]:
    by_index = {item.index: item for item in left}
    found = []
    for unit in (unit for item in right for unit in item.units or [item.index]):
        call = graph.calls[unit]
        for source in call.sources:
            shapes = tuple(shape for origin, shape in call.given if origin == source)
            waiting: list[str | int] = [source]
            while waiting:
                each = waiting.pop(0)
                if isinstance(each, int) and each in by_index:
                    found.append(Link(by_index[each], unit, shapes))
                elif isinstance(each, int):
                    waiting += graph.calls[each].made_of  # a call that is seen through
    return found
