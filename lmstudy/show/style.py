"""The look of the book's figures: vector graphics, colours that colour-blind readers tell apart, no boxes."""

import matplotlib.pyplot as plt

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's palette, darkest first: told apart by colour-blind readers, too."""
GREY = "#767676"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")


def use_house_style() -> None:
    """Set once in a notebook: SVG with text as text, the palette, no box around the data; nothing of a reader's own."""
    from matplotlib_inline.backend_inline import set_matplotlib_formats

    set_matplotlib_formats("svg")
    plt.rcdefaults()  # a reader's matplotlibrc may ask for LaTeX, or other colours
    plt.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "lmstudy",  # the same figure is the same file
            "font.family": "sans-serif",
            "font.size": 10,
            "figure.figsize": (7.2, 3.6),
            "figure.constrained_layout.use": True,
            "figure.facecolor": "none",  # the page's own, light or dark
            "axes.facecolor": "none",
            "savefig.facecolor": "none",
            "axes.prop_cycle": plt.cycler(color=COLOURS),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 11,
            "axes.titlelocation": "left",
            "axes.titlepad": 8,
        }
    )
