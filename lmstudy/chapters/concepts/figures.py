"""Figures of the concepts chapter. What shows tokens is HTML: text in any script, to be read and copied."""

from collections.abc import Mapping, Sequence
from html import escape

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from lmstudy.chapters.concepts.counting import Surprisal
from lmstudy.chapters.concepts.vectors import WordVectors, visible
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.style import COLOURS, GREY

STEPS = 12.0
"""Bits at which a token has the darkest shade."""
MONOSPACE = "font-family:ui-monospace,Consolas,Menlo,monospace;font-size:0.85em"


def shade(share: float) -> str:
    """Background and colour of text for a share between 0, white, and 1, dark blue: readable on any page.

    Text is black down to a luminance of .179, where black and white contrast alike (WCAG 2, 4.6 to 1).
    """
    share = min(max(share, 0.0), 1.0)
    white, dark = np.array([255, 255, 255]), np.array([0x08, 0x45, 0x78])
    rgb = (white + share**0.8 * (dark - white)).round().astype(int)
    linear = np.where(rgb <= 10, rgb / 255 / 12.92, ((rgb / 255 + 0.055) / 1.055) ** 2.4)
    text = "#000" if linear @ [0.2126, 0.7152, 0.0722] > 0.179 else "#fff"
    return f"background:rgb({rgb[0]},{rgb[1]},{rgb[2]});color:{text}"


def surprisal_strip(pieces: Sequence[Surprisal]) -> str:
    """A text whose tokens are the darker the less they were expected; HTML, pointing at one tells its numbers."""
    spans = []
    for piece in pieces:
        title = f"{piece.bits:.1f} bits; expected {visible(piece.expected)} with {piece.probability:.0%}"
        text = escape(piece.text) if piece.text else "<i> end </i>"
        text = text.replace("\n", "↵\n") if not piece.text.strip() and "\n" in piece.text else text
        spans.append(f'<span style="{shade(piece.bits / STEPS)};padding:0.2em 0" title="{escape(title)}">{text}</span>')
    scale = "".join(
        f'<span style="{shade(bits / STEPS)};padding:0 0.7em">{bits}{"+" if bits == STEPS else ""}</span>'
        for bits in range(0, int(STEPS) + 1, 2)
    )
    block = (
        f"{MONOSPACE};line-height:1.75;background:#fff;color:#000;padding:0.7em;overflow-x:auto;white-space:pre-wrap"
    )
    return (
        f'<div style="{MONOSPACE};margin-bottom:0.4em">bits a token: {scale}</div>'
        f'<div style="{block}">{"".join(spans)}</div>'
    )


def similarity_map(vectors: WordVectors, indices: Sequence[int]) -> str:
    """Cosines between words as a table of shades, in HTML; between different one-hot vectors all would be 0."""
    cosines = vectors.unit[list(indices)] @ vectors.unit[list(indices)].T
    words = [escape(visible(vectors.words[i])) for i in indices]
    cell = "padding:0.2em 0.3em;text-align:center;min-width:1.9em"
    turned = "writing-mode:vertical-rl;transform:rotate(180deg);font-weight:400;padding:0.3em 0"
    rows = ["<tr><td></td>" + "".join(f'<th style="{turned}">{word}</th>' for word in words) + "</tr>"]
    for word, row in zip(words, cosines, strict=True):
        cells = "".join(f'<td style="{cell};{shade(value)}">{round(100 * value)}</td>' for value in row)
        rows.append(f'<tr><th style="text-align:right;font-weight:400;padding-right:0.5em">{word}</th>{cells}</tr>')
    return f'<table style="border-collapse:collapse;{MONOSPACE};font-size:0.75em;margin:0">{"".join(rows)}</table>'


def reach(found: Mapping[str, np.ndarray], floor: float = 1e-13) -> Figure:
    """Jacobian norms against how far back, log scale: geometric means over seeds and their 95 % intervals.

    Curves are cut at `floor`; the dotted line is what single precision can still add to 1.
    """
    figure, axes = plt.subplots(figsize=(7.2, 4.0))
    labels = []
    for colour, (name, norms) in zip(_colours(list(found)), found.items(), strict=True):
        k = np.arange(1, norms.shape[1])
        logs = np.log10(norms[:, 1:])
        mean = logs.mean(0)
        half = _student(len(logs)) * logs.std(0, ddof=1) / np.sqrt(len(logs)) if len(logs) > 1 else 0 * mean
        bound = name.startswith("bound")
        axes.plot(k, 10**mean, "--" if bound else "-", color=colour, linewidth=1.2 if bound else 2)
        axes.fill_between(k, 10 ** (mean - half), 10 ** (mean + half), color=colour, alpha=0.2, linewidth=0)
        last = int(np.flatnonzero(mean > np.log10(floor))[-1])
        labels.append((float(mean[last]), float(k[last]), name, colour))
    single = float(np.finfo(np.float32).eps)
    axes.axhline(single, color=GREY, linestyle=":", linewidth=1)
    axes.text(k[-1], single * 1.6, "single precision, beside 1", color=GREY, ha="right", va="bottom")
    above = np.inf
    for height, at, name, colour in sorted(labels, reverse=True):
        whole = at == k[-1]
        above = min(height, above - 0.75) if whole else above  # in powers of ten: labels must not cover each other
        place = (at, 10**above) if whole else (at, 10**height)
        axes.annotate(name, place, (6, 0 if whole else 9), textcoords="offset points", color=colour, va="center")
    axes.set(yscale="log", ylim=(floor, None), xlim=(1, None))
    axes.set(xlabel="k, positions back", ylabel="gradient, relative to k = 1")
    return figure


def _colours(names: Sequence[str]) -> list[str]:
    palette = iter([COLOURS[1], COLOURS[5], COLOURS[0], COLOURS[2]])
    return [GREY if name.startswith("bound") else next(palette) for name in names]


def _student(n: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.975))


def entropies(found: Mapping[str, Mapping[int, Estimate]], keys: int) -> Figure:
    """Entropy of attention weights against the width of a head, with and without the division."""
    figure, axes = plt.subplots(figsize=(7.2, 3.0))
    for colour, (name, values) in zip(COLOURS, found.items(), strict=False):
        widths = list(values)
        middle = np.array([e.value for e in values.values()])
        errors = np.array([[e.value - e.low, e.high - e.value] for e in values.values()]).T
        axes.errorbar(widths, middle, errors, fmt="o-", color=colour, markersize=4, capsize=2)
        axes.annotate(name, (widths[-1], middle[-1]), (7, 0), textcoords="offset points", color=colour, va="center")
    even = np.log2(keys)
    axes.axhline(even, color=GREY, linestyle="--", linewidth=1)
    axes.text(widths[0], even + 0.1, f"all {keys} keys alike", color=GREY, va="bottom")
    axes.set(xscale="log", xlabel="d, width of a head", ylabel="entropy of the weights, bits", ylim=(0, 1.2 * even))
    axes.set_xticks(widths, [f"{width}" for width in widths])
    axes.minorticks_off()
    return figure


def masks(found: Mapping[str, np.ndarray]) -> Figure:
    """Who may look at whom in a packed row: a colour and a number an example, grey the rows of padding."""
    widths = [table.shape[1] for table in found.values()]
    tallest = max(len(table) for table in found.values())
    height = 6.3 * tallest / sum(widths) + 0.75
    figure, panels = plt.subplots(1, len(found), figsize=(7.2, height), width_ratios=widths)
    examples = int(max(table.max() for table in found.values()))
    colours = ["#DDDDDD", "white", *(COLOURS[i % len(COLOURS)] for i in range(examples))]
    for axes, (name, table) in zip(panels, found.items(), strict=True):
        axes.imshow(table, cmap=ListedColormap(colours), vmin=-1.5, vmax=examples + 0.5, interpolation="nearest")
        axes.set(title=name, xlabel="is looked at", anchor="N")
        axes.spines[["top", "right"]].set_visible(True)
        for number in np.unique(table[table > 0]):
            rows, columns = np.nonzero(table == number)
            if min(np.ptp(rows), np.ptp(columns)) > 0.06 * tallest:
                axes.text(columns.mean(), rows.mean(), f"{number}", color="white", ha="center", va="center")
        padding = np.flatnonzero((table == -1).all(1))
        if len(padding) > 0.08 * tallest:
            axes.text(table.shape[1] / 2, padding.mean(), "padding", color="#555555", ha="center", va="center")
    panels[0].set_ylabel("looks")
    return figure
