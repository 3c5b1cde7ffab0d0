"""Figures of the chapter on the inside of models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lmstudy.chapters.inside.inside import ARMS, RANDOM, UNTRAINED
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.curves import curve_panels, curves
from lmstudy.show.style import COLOURS, GREY

Layers = Mapping[str, Mapping[str, Mapping[float, Estimate]]]
LOOKS = dict(zip(ARMS, COLOURS, strict=False)) | {UNTRAINED: GREY, RANDOM: "#A8A8A8"}
AUC = "AUC of a probe"


def _whole(axes: Axes) -> None:
    """Ticks at the layers, which are whole numbers."""
    low, high = axes.get_xlim()
    axes.set_xticks(range(int(np.ceil(low)), int(high) + 1))


def entropies(found: Layers) -> Figure:
    """Entropy of attention by layer, a panel for who looks at whom and a line for each length of training."""
    said = {title: "" if number else "entropy, share of the largest" for number, title in enumerate(found)}
    figure = curve_panels(found, "layer", said, columns=3, colours={UNTRAINED: GREY})
    for axes in figure.axes:
        _whole(axes)
    return figure


def attention_map(sample: Mapping[str, Any]) -> Figure:
    """One head's weights on one pair: what each token that is written looks at in what was read."""
    read, written, weights = sample["read"], sample["written"], np.array(sample["weights"])
    figure, axes = plt.subplots(figsize=(7.2, 7.2 * len(written) / len(read) + 0.6))
    axes.imshow(weights, cmap="Blues", vmin=0, vmax=max(0.2, float(weights.max())), aspect="auto")
    for set_ticks, tokens in ((axes.set_xticks, read), (axes.set_yticks, written)):
        set_ticks(range(len(tokens)), tokens, fontsize=6.5, family="monospace", parse_math=False)
    axes.tick_params(axis="x", rotation=90)
    axes.tick_params(length=0)
    axes.set(xlabel="read by the encoder", ylabel="given to the decoder")
    return figure


def probes_by_layer(found: Layers) -> Figure:
    """AUC by layer, a panel a stack."""
    figure = curve_panels(found, "layer (0: what goes in)", AUC, columns=2, colours=LOOKS)
    for axes in figure.axes:
        _whole(axes)
    return figure


def probes_over_training(found: Mapping[str, Mapping[float, Estimate]], untrained: Estimate) -> Figure:
    """AUC against the length of training."""
    return curves(found, "steps of the training", AUC, log_x=True, baselines={UNTRAINED: untrained}, colours=LOOKS)


def steering(
    found: Mapping[str, Mapping[str, Mapping[float, Estimate]]], asked: Mapping[str, Mapping[str, Estimate]]
) -> Figure:
    """Items of personal data against the strength, a panel an arm; dashed what control tokens do."""
    return curve_panels(
        found,
        "strength, standard deviations; above 0: to good",
        "items per 1,000 characters",
        columns=1,
        from_zero=True,
        baselines=asked,
    )
