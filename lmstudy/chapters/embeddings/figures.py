"""What word vectors know of Python: nearest neighbours, how often they are of one kind, and a map.

Vectors come with a text for each row (`lmstudy.models.embeddings.token_names.token_texts`), None for rows that no
reader could make sense of. Rows of zeros, tokens without a vector, are passed over.
"""

import builtins
import keyword
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate, seed_interval
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
"""Kinds of tokens, each with the colour and the marker of its points."""

_SHELL = {"copyright", "credits", "exit", "quit", "license", "help", "display", "get_ipython"}
"""What interactive Python adds to the builtins."""
_BUILTINS = {name for name in dir(builtins) if not name.startswith("_")} - _SHELL


def token_kind(text: str) -> str:
    """One of `KINDS`, from the text of a token alone; spaces around it do not matter.

    A piece of a word is a "name" like any other word, for whether it is one the text does not tell.
    """
    word = text.strip()
    if not word:
        return "space"
    if keyword.iskeyword(word):
        return "keyword"
    if word in _BUILTINS:
        return "builtin"
    if word in ("self", "cls") or (word.startswith("__") and word.strip("_")):
        return "self, dunder"
    if any(character.isalpha() for character in word) or not word.strip("_"):
        return "name"
    if word.isdigit():
        return "digit"
    return "quote" if "'" in word or '"' in word else "operator"


def shown(text: str) -> str:
    """A token as a reader can see it: "·" for a space, "↵" for a line break, "→" for a tab."""
    visible = text.translate({ord(" "): "·", ord("\n"): "↵", ord("\t"): "→"})
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in visible)


def _usable(vectors: NDArray[np.floating], texts: Sequence[str | None]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Rows that have a text and a vector, and these vectors at length 1."""
    if len(vectors) != len(texts):
        raise StudyError(f"{len(vectors)} vectors and {len(texts)} texts: one text a vector is needed")
    lengths = np.linalg.norm(np.asarray(vectors, dtype=float), axis=1)
    rows = np.flatnonzero([text is not None and length > 0 for text, length in zip(texts, lengths, strict=True)])
    return rows, np.asarray(vectors, dtype=float)[rows] / lengths[rows, None]


def neighbours(
    vectors: NDArray[np.floating], texts: Sequence[str | None], words: Sequence[str], k: int = 6
) -> pd.DataFrame:
    """The k nearest tokens of some words by cosine, which stands behind each: a row a word, a column a rank.

    Raises:
        StudyError: a word has no vector.
    """
    rows, units = _usable(vectors, texts)
    place = {texts[row]: position for position, row in enumerate(rows)}
    table = {}
    for word in words:
        if word not in place:
            raise StudyError(f"{word!r} has no vector: it is no whole token of the vocabulary, or was too rare")
        cosines = units @ units[place[word]]
        cosines[place[word]] = -np.inf
        nearest = np.argsort(-cosines, kind="stable")[: min(k, len(rows) - 1)]
        table[shown(word)] = [f"{shown(str(texts[rows[n]]))} {cosines[n]:.2f}" for n in nearest]
    return pd.DataFrame.from_dict(table, orient="index", columns=range(1, min(k, len(rows) - 1) + 1))


def kind_purity(
    vectors: NDArray[np.floating], texts: Sequence[str | None], k: int = 5, batch: int = 1024
) -> dict[str, tuple[Estimate, float]]:
    """How often one of the k nearest tokens is of a token's own kind, and how often it would be by chance.

    Other spellings of the token itself (" self", "self", "Self") are no neighbours: that they are near and of one
    kind says nothing. Chance is the share that k tokens drawn at random would have. "all kinds" is the mean over
    kinds, each weighed alike, since most tokens are names. Kinds of fewer than 2k tokens are left out.

    Returns:
        For each kind the mean share over its tokens, its 95 % interval over the choice of tokens (n counts tokens),
        and chance.
    """
    rows, units = _usable(vectors, texts)
    words = np.array([str(texts[row]).strip().casefold() for row in rows])
    kinds = np.array([token_kind(str(texts[row])) for row in rows])
    share, chance = np.empty(len(rows)), np.empty(len(rows))
    for start in range(0, len(rows), batch):
        part = slice(start, start + batch)
        same_word = (words[part, None] == words) & (words[part, None] != "")
        same_word[np.arange(len(words[part])), np.arange(start, start + len(words[part]))] = True
        same_kind = kinds[part, None] == kinds
        cosines = np.where(same_word, -np.inf, units[part] @ units.T)
        nearest = np.argpartition(-cosines, k, axis=1)[:, :k]
        share[part] = np.take_along_axis(same_kind, nearest, 1).mean(1)
        chance[part] = (same_kind & ~same_word).sum(1) / (~same_word).sum(1)
    found = {}
    for kind in KINDS:
        mine = kinds == kind
        if mine.sum() >= 2 * k:
            found[kind] = seed_interval(share[mine]), float(chance[mine].mean())
    found["all kinds"] = _mean(found)
    return {kind: (_within_one(estimate), chance) for kind, (estimate, chance) in found.items()}


def _within_one(share: Estimate) -> Estimate:
    return replace(share, low=max(share.low, 0.0), high=min(share.high, 1.0))


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


def _mean(found: dict[str, tuple[Estimate, float]]) -> tuple[Estimate, float]:
    """The mean over kinds; its variance is that of a sum of independent means."""
    estimates = [estimate for estimate, _ in found.values()]
    value = float(np.mean([estimate.value for estimate in estimates]))
    half = float(np.sqrt(sum((e.high - e.value) ** 2 for e in estimates))) / len(estimates)
    tokens = sum(estimate.n for estimate in estimates)
    return Estimate(value, value - half, value + half, tokens), float(np.mean([chance for _, chance in found.values()]))


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
    rows, units = _usable(vectors, texts)
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
