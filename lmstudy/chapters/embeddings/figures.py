"""What word vectors know of Python: how often neighbours are of one kind, and a map.

Vectors come with a text for each row (`lmstudy.models.embeddings.token_names.token_texts`), None for rows that no
reader could make sense of. Rows of zeros, tokens without a vector, are passed over.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.measures.neighbours import shown, token_kind, usable
from lmstudy.show.style import COLOURS, GREY

KINDS = {
    "keyword": (COLOURS[0], "o"),
    "builtin": (COLOURS[1], "s"),
    "self, dunder": (COLOURS[3], "D"),
    "name": (GREY, "."),
    "digit": (COLOURS[4], "^"),
    "operator": (COLOURS[5], "P"),
    "quote": (COLOURS[2], "X"),
    "space": ("#444444", "v"),
}
"""Kinds of tokens (see `lmstudy.measures.neighbours`), each with the colour and the marker of its points."""


def purity_table(found: Mapping[str, tuple[Estimate, float]]) -> pd.DataFrame:
    """`kind_purity` as percentages: a row a kind."""
    return pd.DataFrame(
        {
            kind: {
                "tokens": f"{estimate.n:,}",
                "of one kind, %": f"{100 * estimate.value:.0f}",
                "95 % interval": f"{100 * estimate.low:.0f} to {100 * estimate.high:.0f}",
                "by chance, %": f"{100 * chance:.1f}",
            }
            for kind, (estimate, chance) in found.items()
        }
    ).T


def flat_map(units: NDArray[np.floating], method: str = "tsne", seed: int = 0) -> NDArray[np.float64]:
    """Vectors [N, D] in the plane [N, 2]: "tsne" (van der Maaten & Hinton 2008) on cosines, or "pca".

    t-SNE keeps neighbours together; how far groups lie from each other, and how large they are, means nothing.
    """
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    if method == "pca":
        return PCA(2, svd_solver="full").fit_transform(units)
    if method != "tsne":
        raise StudyError(f"method={method!r}: choose from tsne, pca")
    perplexity = min(30.0, (len(units) - 1) / 3)
    return TSNE(2, perplexity=perplexity, metric="cosine", init="pca", method="exact", random_state=seed).fit_transform(
        units
    )


def embedding_map(
    vectors: NDArray[np.floating],
    texts: Sequence[str | None],
    counts: NDArray[np.integer],
    tokens: int = 400,
    method: str = "tsne",
    seed: int = 0,
) -> Figure:
    """The most frequent tokens in the plane, coloured by kind; as many labels as have room, frequent ones first.

    Args:
        counts: [V] how often each token occurs.
    """
    rows, units = usable(vectors, texts)
    readable = np.array([bool(str(texts[row]).strip()) for row in rows])
    chosen = np.flatnonzero(readable)[np.argsort(-counts[rows][readable], kind="stable")[:tokens]]
    points = flat_map(units[chosen], method, seed)
    labels = [str(texts[rows[position]]) for position in chosen]
    kinds = np.array([token_kind(label) for label in labels])
    figure, axes = plt.subplots(figsize=(7.2, 7.2))
    for kind in (kind for kind in KINDS if (kinds == kind).any()):
        colour, marker = KINDS[kind]
        own = points[kinds == kind]
        axes.scatter(own[:, 0], own[:, 1], s=26, c=colour, marker=marker, linewidths=0, label=kind)
    axes.legend(
        frameon=False, ncols=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), handletextpad=0.1, columnspacing=1
    )
    axes.set(xticks=[], yticks=[])
    axes.margins(0.04)
    for side in axes.spines.values():
        side.set_visible(False)
    _label(figure, axes, points, [shown(label) for label in labels], kinds)
    return figure


def _label(figure: Figure, axes: Axes, points: NDArray[np.float64], labels: Sequence[str], kinds: NDArray[Any]) -> None:
    """Write labels beside their points where they cover neither a point nor a label."""
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    pixels = axes.transData.transform(points)
    frame = axes.get_window_extent(renderer)
    taken: list[Bbox] = []
    order = sorted(range(len(labels)), key=lambda n: kinds[n] == "name")  # names are many: the others first
    for n in order:
        style: dict[str, Any] = {"fontsize": 7, "family": "monospace", "textcoords": "offset points"}
        style["color"] = "#555555" if kinds[n] == "name" else "#222222"
        for dx, dy, ha, va in _SIDES:
            text = axes.annotate(labels[n], points[n], (dx, dy), ha=ha, va=va, **style)
            box = text.get_window_extent(renderer).padded(1)
            free = frame.x0 <= box.x0 and box.x1 <= frame.x1 and not any(box.overlaps(other) for other in taken)
            inside = (box.x0 - 2 < pixels[:, 0]) & (pixels[:, 0] < box.x1 + 2)
            inside &= (box.y0 - 1 < pixels[:, 1]) & (pixels[:, 1] < box.y1 + 1)
            inside[n] = False
            if free and not inside.any():
                taken.append(box)
                break
            text.remove()


_SIDES = (
    (4, 0, "left", "center"), (-4, 0, "right", "center"), (0, 4, "center", "bottom"), (0, -4, "center", "top"),
    (3, 2, "left", "bottom"), (3, -2, "left", "top"), (-3, 2, "right", "bottom"), (-3, -2, "right", "top"),
)  # fmt: skip
"""Where a label may stand: offset in points, and how it is aligned."""
