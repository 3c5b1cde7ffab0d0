"""Shades of blue for numbers that stand in HTML, with text that can be read on every one of them."""

import numpy as np

from lmstudy.show import texts

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


def visible(token: str) -> str:
    """A token without the space around it; white space alone as signs that can be seen."""
    return token.strip() or texts.visible(token)
