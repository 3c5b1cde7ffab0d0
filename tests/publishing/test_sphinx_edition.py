"""Spaces about what is shown: kept beside Latin letters and digits, gone between Chinese and Chinese, in Chinese."""

import re

import pytest
from sphinx import locale

from tests.conftest import write_files
from tests.publishing.sphinx_builds import build

CONF = """extensions = ["myst_parser", "lmstudy.publishing.sphinx_edition"]
master_doc = "index"
language = {!r}
myst_enable_extensions = ["attrs_inline"]
"""
PAGE = """# 题

见 [第一章](#a) 和 [Chapter 2](#a) 的 **粗体** 字，[这里](#a) 。 [一](#a), [二](#a) · [三](#a) [Holds]{.claim-chip} 见。

(a)=
## 节
"""


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("zh_CN", "见第一章和 Chapter 2 的粗体字，这里。一、二 · 三 Holds 见。"),
        ("en", "见 第一章 和 Chapter 2 的 粗体 字，这里 。 一, 二 · 三 Holds 见。"),
    ],
)
def test_spaces_between_chinese_and_chinese_go(tmp_path, monkeypatch, language, expected):
    monkeypatch.setattr(locale, "translators", {**locale.translators})  # what Sphinx says stays as it was
    write_files(tmp_path, {"conf.py": CONF.format(language), "index.md": PAGE})
    html = build(tmp_path, strict=False)["index"]
    (paragraph,) = re.findall(r"<p>(见.*?)</p>", html)
    assert re.sub("<[^>]*>", "", paragraph) == expected
