"""Figures of the concepts chapter draw what they are given, and HTML is safe and readable."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
from concept_cases import packed

from lmstudy.chapters.concepts import figures as drawn
from lmstudy.chapters.concepts.attention import sight
from lmstudy.chapters.concepts.counting import Surprisal
from lmstudy.chapters.concepts.vectors import WordVectors
from lmstudy.evaluation.statistics import Estimate


def luminance(red: int, green: int, blue: int) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in (red / 255, green / 255, blue / 255)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_every_shade_can_be_read():
    shades = []
    for share in np.linspace(-0.2, 1.5, 60):
        style = drawn.shade(share)
        background = luminance(*map(int, re.findall(r"\d+", style.split(";")[0])))
        text = 1.0 if "#fff" in style else 0.0
        assert (max(background, text) + 0.05) / (min(background, text) + 0.05) >= 4.5  # WCAG AA
        shades.append(background)
    assert shades == sorted(shades, reverse=True)


def test_a_strip_spells_the_text_and_tells_the_numbers():
    pieces = [
        Surprisal("if ", 0.5, "if", 0.7),
        Surprisal("<b>", 30.0, "x\"'", 0.25),
        Surprisal("\n", 1.0, "\n", 0.5),
        Surprisal("", 2.0, "the end", 0.1),
    ]
    html = drawn.surprisal_strip(pieces)
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    assert 'title="30.0 bits; expected x&quot;&#x27; with 25%"' in html
    block = html[html.index("white-space:pre-wrap") :]
    assert re.sub("<[^>]+>", "", block[block.index(">") + 1 :]) == "if &lt;b&gt;↵\n end "
    assert "expected ↵ with 50%" in html


def test_a_map_of_cosines_is_symmetric_and_sure_of_itself():
    unit = np.array([[1.0, 0.0], [0.6, 0.8], [-1.0, 0.0]])
    html = drawn.similarity_map(WordVectors(np.arange(3), ["a", " <", "\n"], unit), [0, 1, 2])
    assert re.findall(r">(-?\d+)</td>", html) == ["100", "60", "-100", "60", "100", "-60", "-100", "-60", "100"]
    assert html.count("&lt;") == 2
    assert html.count("↵") == 2


def test_reach_draws_geometric_means():
    k = np.arange(20)
    norms = np.stack([10.0**-k, 10.0 ** -(k + 2)])
    figure = drawn.reach({"plain RNN": norms, "bound for the RNN": np.ones((2, 20))}, floor=1e-30)
    line = figure.axes[0].lines[0]
    assert list(line.get_xdata()) == list(range(1, 20))
    assert line.get_ydata() == pytest.approx(10.0 ** -(k[1:] + 1))
    assert figure.axes[0].lines[1].get_linestyle() == "--"
    assert {text.get_text() for text in figure.axes[0].texts} >= {"plain RNN", "bound for the RNN"}
    plt.close(figure)


def test_entropies_are_drawn_with_their_intervals():
    estimates = {4: Estimate(3.0, 2.5, 3.5, 8), 16: Estimate(2.0, 1.9, 2.2, 8)}
    figure = drawn.entropies({"not divided": estimates}, keys=64)
    container = figure.axes[0].containers[0]
    assert list(container.lines[0].get_ydata()) == [3.0, 2.0]
    segments = container.lines[2][0].get_segments()
    assert [segment[:, 1].tolist() for segment in segments] == [pytest.approx([2.5, 3.5]), pytest.approx([1.9, 2.2])]
    assert any(line.get_ydata()[0] == 6 for line in figure.axes[0].lines)
    plt.close(figure)


def test_masks_show_the_table_itself():
    found = sight(packed())
    figure = drawn.masks(found)
    assert [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes] == list(found)
    for axes, table in zip(figure.axes, found.values(), strict=True):
        assert (axes.images[0].get_array() == table).all()
    shown = {text.get_text() for text in figure.axes[1].texts}
    assert shown == {"1", "2", "padding"}
    plt.close(figure)
