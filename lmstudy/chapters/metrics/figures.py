"""Figures of the chapter on evaluation: what each metric counts, and what it leaves out."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.show.style import COLOURS, GREY

MARKED_RANKS = (1, 10, 100, 1000)


def running_shares(ranks: pd.DataFrame) -> Figure:
    """The share of all tokens, and of all right answers, that the most frequent so many hold (see `by_rank`)."""
    figure, axes = plt.subplots()
    marked = [rank for rank in MARKED_RANKS if rank < len(ranks)]
    middle = marked[len(marked) // 2]
    for column, name, colour, up in (
        ("right", "share of right answers", COLOURS[0], True),
        ("tokens", "share of all tokens", GREY, False),
    ):
        axes.plot(ranks.index, ranks[column], color=colour, linewidth=2)
        axes.plot(marked, ranks[column].loc[marked], "o", color=colour, markersize=5)
        for rank in marked:
            share = ranks[column].loc[rank]
            text = f"{share:.0%} {name.removeprefix('share ')}" if rank == middle else f"{share:.0%}"
            axes.annotate(
                text,
                (rank, share),
                (-4, 6) if up else (5, -12),
                textcoords="offset points",
                ha="right" if up else "left",
                color=colour,
                fontsize=9,
            )
    axes.set(xscale="log", ylim=(-0.04, 1.05), xlim=(0.6, len(ranks)))
    axes.set_xticks(marked, [f"{rank:,}" for rank in marked])
    axes.minorticks_off()
    axes.set(xlabel="so many of the most frequent tokens", ylabel="share that they hold")
    return figure


def confusion(counts: pd.DataFrame) -> Figure:
    """Counts of kinds that came (rows) by kinds guessed (columns); shade: the share of the row."""
    shares = counts.div(counts.sum(axis=1).where(lambda total: total > 0, 1), axis=0)
    n = len(counts)
    figure, axes = plt.subplots(figsize=(7.2, 0.4 * n + 1.3))
    mesh = axes.pcolormesh(shares, cmap="Blues", vmin=0, vmax=1, edgecolors="white", linewidth=1)
    for row in range(n):
        for column in range(n):
            dark = shares.iloc[row, column] > 0.5
            count = int(counts.iloc[row, column])
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{count:,}" if count else "·",
                ha="center",
                va="center",
                fontsize=8 if count < 10_000 else 6.8,
                color="white" if dark else ("#222222" if count else GREY),
                fontweight="bold" if row == column else "normal",
            )
    axes.set_xticks(np.arange(n) + 0.5, counts.columns, rotation=35, ha="left", rotation_mode="anchor")
    axes.set_yticks(np.arange(n) + 0.5, counts.index)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.invert_yaxis()
    axes.spines[:].set_visible(False)
    axes.set_xlabel("kind of the guessed token", color=GREY)
    axes.xaxis.set_label_position("bottom")
    axes.set_ylabel("kind of the token that came", color=GREY)
    bar = figure.colorbar(mesh, ax=axes, shrink=0.6, aspect=25, pad=0.02, label="share of its row")
    bar.outline.set_visible(False)
    return figure


def reliability(models: Mapping[str, pd.DataFrame]) -> Figure:
    """Share of right answers against confidence, one line a model (see `metric_examples.reliability`)."""
    figure, axes = plt.subplots(figsize=(7.2, 4.2))
    axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1)
    axes.text(0.99, 0.99, "as often right as it says ", color=GREY, ha="right", va="bottom", fontsize=9)
    for colour, marker, (name, bins) in zip(COLOURS, "osD^", models.items(), strict=False):
        axes.vlines(bins.confidence, bins.low, bins.high, color=colour, linewidth=2)
        axes.plot(bins.confidence, bins.right, marker=marker, color=colour, linewidth=1, markersize=5, label=name)
    axes.set(xlim=(0, 1), ylim=(0, 1.05), xlabel="confidence: the probability of its own guess", ylabel="share right")
    axes.legend(frameon=False, loc="upper left")
    return figure


def vocabularies(table: pd.DataFrame) -> Figure:
    """Perplexity and bits per byte against the size of the vocabulary, one line an order of n-grams."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.6))
    for axes, column, title in (
        (left, "perplexity", "Perplexity (log scale)"),
        (right, "bits_per_byte", "Bits per byte"),
    ):
        for colour, marker, (order, rows) in zip(COLOURS, "osD", table.groupby("order"), strict=False):
            axes.plot(
                rows.vocabulary, rows[column], marker=marker, color=colour, linewidth=1.6, label=_gram(int(order))
            )
        sizes = sorted(table.vocabulary.unique())
        axes.set(xscale="log", xlabel="tokens in the vocabulary", title=title)
        axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
        axes.minorticks_off()
    left.set_yscale("log")
    low, high = table.perplexity.min(), table.perplexity.max()
    ticks = [tick for tick in (1, 3, 10, 30, 100, 300, 1000, 3000, 10000) if low / 2 < tick < high * 2]
    left.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    left.minorticks_off()
    right.set_ylim(0, None)
    right.legend(frameon=False, loc="lower left")
    return figure


def _gram(order: int) -> str:
    return {1: "single tokens", 2: "pairs (bigram)", 3: "triples (trigram)"}.get(order, f"{order}-gram")


def costs(table: pd.DataFrame) -> Figure:
    """Share of the bytes and share of the bits, a line a kind of token (see `cost_by_kind`)."""
    ordered = table.sort_values("share of bytes", ascending=False)
    figure, axes = plt.subplots(figsize=(7.2, 0.34 * len(ordered) + 1.1))
    at = np.arange(len(ordered))
    axes.hlines(at, ordered["share of bytes"], ordered["share of bits"], color=GREY, linewidth=1.5)
    for column, colour, marker in (("share of bytes", GREY, "o"), ("share of bits", COLOURS[0], "D")):
        axes.plot(ordered[column], at, marker, color=colour, label=column.removeprefix("share "), markersize=6)
    for y, (_, row) in enumerate(ordered.iterrows()):
        text = "no byte" if np.isnan(row["bits per byte"]) else f"{row['bits per byte']:.2f} bits a byte"
        end = max(row["share of bytes"], row["share of bits"])
        axes.annotate(text, (end, y), (8, 0), textcoords="offset points", va="center", color=GREY, fontsize=8.5)
    axes.set(yticks=at, yticklabels=list(ordered.index), xlabel="share of all")
    axes.set_xlim(-0.01, 1.22 * float(ordered[["share of bytes", "share of bits"]].to_numpy().max()))
    axes.xaxis.set_major_formatter(lambda x, _: f"{x:.0%}")
    axes.invert_yaxis()
    axes.legend(frameon=False, loc="lower right")
    return figure


def detector(curve: pd.DataFrame, verdicts: pd.DataFrame, share_bad: float) -> Figure:
    """Precision against recall with lines of equal F1; accuracy and F1 against recall.

    `curve` as in `metric_detector.curve`; of `verdicts`, those are marked that flag some lines and not all.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.9))
    grid = np.linspace(0.01, 1, 200)
    for f1 in (0.2, 0.4, 0.6, 0.8):
        recall = grid[grid > f1 / (2 - f1)]
        precision = f1 * recall / (2 * recall - f1)
        left.plot(recall, precision, color=GREY, linewidth=0.7, linestyle=":")
        middle = int(np.argmin(np.abs(recall - precision)))  # where both equal F1
        left.text(recall[middle], precision[middle], f"F1 = {f1:g}", color=GREY, fontsize=8, backgroundcolor="white")
    left.axhline(share_bad, color=GREY, linestyle="--", linewidth=1)
    left.text(0.02, share_bad, "precision of “always”", color=GREY, fontsize=8.5, va="bottom")
    left.plot(curve.recall, curve.precision, color=COLOURS[0], linewidth=1.8)
    left.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="recall", ylabel="precision", title="Every threshold at once")
    right.plot(curve.recall, curve.accuracy, color=COLOURS[0], linewidth=1.8)
    f1_along = 2 * curve.precision * curve.recall / (curve.precision + curve.recall)
    right.plot(curve.recall, f1_along, color=COLOURS[1], linewidth=1.8)
    right.axhline(1 - share_bad, color=GREY, linestyle="--", linewidth=1)
    right.set(xlim=(0, 1), ylim=(0, 1.05), xlabel="recall", title="Accuracy and F1 on the way")
    _label(right, curve.recall, curve.accuracy, "accuracy", COLOURS[0], (0, -14))
    _label(right, curve.recall, f1_along, "F1", COLOURS[1], (0, 10))
    right.text(1.0, 1 - share_bad, "accuracy of “never” ", color=GREY, fontsize=8.5, ha="right", va="bottom")
    marked = verdicts[(verdicts.flagged > 0) & (verdicts.precision > 1.001 * share_bad)]
    for marker, (name, row) in zip("sD^v", marked.iterrows(), strict=False):
        left.plot(row.recall, row.precision, marker, color=COLOURS[1], markersize=6, clip_on=False, zorder=3)
        place, align = ((0, 18), "center") if row.recall > 0.7 else ((6, 6), "left")
        left.annotate(
            str(name),
            (row.recall, row.precision),
            place,
            textcoords="offset points",
            ha=align,
            fontsize=8.5,
            color=COLOURS[1],
        )
    return figure


def _label(axes: Axes, x: pd.Series, y: pd.Series, text: str, colour: str, offset: tuple[int, int]) -> None:
    """A name at the middle of a curve."""
    at = int(np.argmin(np.abs(x.to_numpy() - 0.5)))
    axes.annotate(text, (x.iloc[at], y.iloc[at]), offset, textcoords="offset points", color=colour, ha="center")
