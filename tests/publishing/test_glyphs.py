import base64
import io
import re

import pytest
from fontTools.ttLib import TTFont

from lmstudy.errors import StudyError
from lmstudy.publishing.catalogues import folder, messages_of, read
from lmstudy.publishing.glyphs import FONT, lacks, with_font
from tests.conftest import ROOT


def test_a_figure_has_a_font_of_what_it_shows():
    told = with_font('<svg width="1"><text style="font: 10px Arial, sans-serif">困惑度：低</text></svg>')
    data = re.search(r"base64,([\w+/=]+)\)", told)[1]
    assert set(map(chr, TTFont(io.BytesIO(base64.b64decode(data))).getBestCmap())) == set("困惑度：低")
    assert len(data) < 10_000
    assert with_font("<svg>English</svg>") == "<svg>English</svg>"


def test_a_missing_glyph_is_named():
    with pytest.raises(StudyError, match="鑫"):
        with_font("<svg><text>鑫</text></svg>")


def test_the_font_has_what_the_catalogue_of_the_code_says():
    told = "".join(str(message.string) for message in messages_of(read(folder(ROOT) / "code.po")).values())
    assert lacks(told) == ""
    assert FONT.stat().st_size < 1_000_000
