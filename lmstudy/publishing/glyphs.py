"""Chinese characters in figures: each figure carries a font of the few that it shows.

A figure is a file of its own, to which a page's fonts are not known, and a reader's system may have no Chinese one. The
font is Noto Sans CJK SC under the SIL Open Font License, cut to the first level of GB 2312 (3,755
characters), marks, and what the catalogues have besides: see `fonts/OFL.txt`.
"""

import base64
import io
import re
from functools import cache
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from lmstudy.errors import StudyError

FONT = Path(__file__).with_name("fonts") / "noto-sans-sc.woff"
NAME = "lmstudy Noto Sans SC"
CHINESE = re.compile("[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u303f]")
GENERIC = re.compile(r"sans-serif(?=[;\"'])")


def with_font(figure: str) -> str:
    """A figure, as SVG, with a font of the Chinese characters that it shows, if any.

    Raises:
        StudyError: the font has no such character.
    """
    wanted = "".join(sorted(set(CHINESE.findall(figure))))
    if not wanted:
        return figure
    if lacking := lacks(wanted):
        raise StudyError(f"{FONT.name} has no glyphs for {lacking}; write these labels in other characters")
    face = f"@font-face{{font-family:'{NAME}';src:url(data:font/woff;base64,{_cut(wanted)}) format('woff')}}"
    named = GENERIC.sub(f"'{NAME}', sans-serif", figure)
    return re.sub(r"(<svg\b[^>]*>)", lambda m: f"{m[1]}<style>{face}</style>", named, count=1)


def lacks(text: str) -> str:
    """The Chinese characters of a text for which the font has no glyph."""
    return "".join(sorted({one for one in CHINESE.findall(text) if ord(one) not in _known()}))


@cache
def _known() -> frozenset[int]:
    return frozenset(TTFont(FONT, lazy=True).getBestCmap())


@cache
def _cut(characters: str) -> str:
    options = subset.Options(layout_features=[], hinting=False, notdef_outline=True, flavor="woff")
    font = TTFont(FONT)
    cutter = subset.Subsetter(options)
    cutter.populate(text=characters)
    cutter.subset(font)
    written = io.BytesIO()
    font.flavor = "woff"
    font.save(written)
    return base64.b64encode(written.getvalue()).decode()
