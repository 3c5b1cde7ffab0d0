"""What the chapter on embeddings shows: neighbours before and after training, a file of vectors, and a map."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lmstudy.chapters.embeddings.claims import BEST, CONFIRMED, NEW_SEEDS, searched
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.measures.neighbours import neighbours, token_kind, usable
from lmstudy.runs.records import Record
from lmstudy.show.labels import label_points
from lmstudy.show.style import COLOURS, GREY
from lmstudy.show.texts import visible
from lmstudy.study.estimates import bits_per_byte, metric, more_bits

if TYPE_CHECKING:
    from lmstudy.data.corpus import Corpus
    from lmstudy.models.embeddings.base import WordVectors
    from lmstudy.study.shelf import Shelf

LOOK = {
    "keyword": (COLOURS[0], "o"),
    "builtin": (COLOURS[1], "s"),
    "self, dunder": (COLOURS[3], "D"),
    "name": (GREY, "."),
    "digit": (COLOURS[4], "^"),
    "operator": (COLOURS[5], "P"),
    "quote": (COLOURS[2], "X"),
    "space": ("#444444", "v"),
}
"""Kind of token (`lmstudy.measures.neighbours.KINDS`) -> colour and marker of its points."""


def learned(kind: str, corpus: Corpus, width: int) -> WordVectors:
    """Vectors of conf/embedding/KIND on a corpus, from the cache or learned now (a minute or less)."""
    from lmstudy.compose import compose_config
    from lmstudy.config import build
    from lmstudy.data.corpus import to_stderr

    settings = compose_config("train", [f"embedding={kind}"])["embedding"]
    return build(settings, "embedding").vectors(corpus, width, to_stderr)


def best_table(shelf: Shelf) -> pd.DataFrame:
    """Starts at their own best rates, on *test*: bits per byte, and how many fewer than trained random vectors."""
    found = {
        arm: shelf.measured(
            shelf.trained(*searched(arm, BEST[arm]), seeds=NEW_SEEDS), "measure=likelihood", "split=test"
        )
        for arm in CONFIRMED
    }
    reference = CONFIRMED[0]
    rows = {
        arm: {
            "best rate": float(BEST[arm]),
            "bits per byte": bits_per_byte(records, "test"),
            f"fewer than {reference}": None if arm == reference else more_bits(found[reference], records, "test"),
        }
        for arm, records in found.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)


def there_and_back(corpus: Corpus, vectors: WordVectors) -> tuple[list[str], WordVectors]:
    """Write vectors as GloVe's text format does, read them as `embedding=file`; the file's first lines, cut short."""
    from lmstudy.data.corpus import to_stderr
    from lmstudy.models.embeddings.file import File
    from lmstudy.models.embeddings.placing import export

    with tempfile.TemporaryDirectory() as folder:
        path = export(Path(folder) / "vectors.txt", corpus.tokenizer, vectors.matrix)
        with path.open(encoding="utf-8") as opened:
            head = [" ".join(next(opened).split()[:5]) + " ..." for _ in range(3)]
        read = File(path=str(path), match="name").vectors(corpus, vectors.matrix.shape[1], to_stderr)
    return head, read


def token_counts(corpus: Corpus) -> np.ndarray:
    """[V] occurrences of each token in the training split."""
    import pyarrow.compute as pc

    tokens = pc.list_flatten(corpus.splits["train"].data.table.column("tokens")).combine_chunks()
    return np.bincount(tokens.to_numpy(), minlength=corpus.tokenizer.get_vocab_size())


def nearest_table(
    vectors: NDArray[np.floating], texts: Sequence[str | None], words: Sequence[str], k: int = 5
) -> pd.DataFrame:
    """The k nearest tokens of some words, nearest first, and their cosines; see `lmstudy.measures.neighbours`."""
    parts = neighbours(vectors, texts, words, k).map(lambda near: near.rsplit(" ", 1))
    cosines = [", ".join(cosine for _, cosine in row) for row in parts.to_numpy()]
    return parts.map(lambda part: part[0]).assign(cosines=cosines).rename_axis("token")


def neighbour_table(evaluations: Mapping[str, Sequence[Record]], seed: int) -> pd.DataFrame:
    """Nearest tokens of the measured words in each arm's embedding, of the run of one seed."""
    columns: dict[str, dict[str, str]] = {}
    for name, records in evaluations.items():
        (record,) = (r for r in records if r.seed == seed)
        rows: list[Any] = list(record.samples)
        columns[name] = {
            visible(row["word"]): "  ".join(near.rsplit(" ", 1)[0] for near in row["neighbours"]) for row in rows
        }
    return pd.DataFrame(columns).rename_axis("token")


def purity(evaluations: Mapping[str, Sequence[Record]], kind: str = "all kinds") -> dict[str, Estimate]:
    """Share of the nearest tokens that are of a token's own kind, in per cent, over seeds."""
    return {name: metric(records, f"neighbours/{kind}/share").times(100) for name, records in evaluations.items()}


def purity_table(found: Mapping[str, tuple[Estimate, float]]) -> pd.DataFrame:
    """`lmstudy.measures.neighbours.kind_purity` as percentages: a row a kind."""
    rows = {
        kind: {
            "tokens": e.n,
            "of one kind, % (95 % interval)": e.times(100),
            "by chance, %": 100 * chance,
        }
        for kind, (e, chance) in found.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("kind")


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
    """The most frequent tokens in the plane, coloured by kind; as many labels as have room, those of names last.

    Args:
        vectors: [V, D].
        texts: of each row, or None.
        counts: [V] how often each token occurs.
        tokens: how many to show.
        method, seed: of `flat_map`.
    """
    rows, units = usable(vectors, texts)
    readable = np.array([bool(str(texts[row]).strip()) for row in rows])
    chosen = np.flatnonzero(readable)[np.argsort(-counts[rows][readable], kind="stable")[:tokens]]
    points = flat_map(units[chosen], method, seed)
    labels = [str(texts[rows[position]]) for position in chosen]
    kinds = np.array([token_kind(label) for label in labels])
    figure, axes = plt.subplots(figsize=(7.2, 7.2))
    for kind in (kind for kind in LOOK if (kinds == kind).any()):
        colour, marker = LOOK[kind]
        own = points[kinds == kind]
        axes.scatter(own[:, 0], own[:, 1], s=26, c=colour, marker=marker, linewidths=0, label=kind)
    axes.legend(
        frameon=False, ncols=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), handletextpad=0.1, columnspacing=1
    )
    axes.set(xticks=[], yticks=[])
    axes.margins(0.04)
    axes.spines[:].set_visible(False)
    order = sorted(range(len(labels)), key=lambda n: kinds[n] == "name")  # names are many: the others first
    places = {visible(labels[n]): tuple(points[n]) for n in order}
    colours = {visible(labels[n]): "#555555" if kinds[n] == "name" else "#222222" for n in order}
    with plt.rc_context({"font.family": "monospace"}):  # as of code, which no edition translates
        label_points(axes, places, colours, fontsize=8, drop=True)
    return figure
