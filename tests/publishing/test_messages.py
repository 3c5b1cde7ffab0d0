import json
from pathlib import Path

import pytest
import yaml

from lmstudy.errors import StudyError
from lmstudy.publishing.messages import EXTENSIONS, gathered, headings, page, term_names
from tests.conftest import ROOT

PAGE = """(top)=
# A *first* page

:::{answer}
:title: What this shows
:show: more = a.b; less = a.c
:unit: times as many
:null: 1 = as many
:log:

One sentence
on two lines, {claim}`a.b|size`.
:::

- an item with `code`
  that goes on
  - one below

| Head | Other |
|---|---|
| a cell | {claim}`a.b\\|size` more |

A term
: Its meaning
  goes on.

> said by them,
> twice

```python
not_a_message = 1
```

$$
\\text{precision} = 1
$$

```{glossary}
attention
注意力机制
  A mean
  of rows.
```

42
"""
MESSAGES = [
    "A *first* page", "What this shows", "more", "less", "times as many", "as many",
    "One sentence on two lines, {claim}`a.b|size`.", "an item with `code` that goes on", "one below", "Head", "Other",
    "a cell", "{claim}`a.b|size` more", "A term", "Its meaning goes on.", "said by them, twice", "precision",
    "A mean of rows.",
]  # fmt: skip


def test_messages_are_whole_texts_in_the_order_of_the_page():
    assert list(gathered(Path("a.md"), PAGE)) == MESSAGES


def test_a_page_with_other_texts_keeps_all_else():
    told = page(Path("a.md"), PAGE, lambda text, kind: f"译{text}")
    assert list(gathered(Path("a.md"), told)) == [f"译{text}" for text in MESSAGES]
    assert ":show: 译more = a.b; 译less = a.c" in told
    assert ":null: 1 = 译as many" in told
    assert "| 译a cell | 译{claim}`a.b\\|size` more |" in told
    assert "not_a_message = 1" in told
    assert told.index("注意力机制\nattention\n  译A mean") > 0  # the Chinese term first
    assert "(top)=\n# 译A *first* page" in told


def test_the_texts_of_a_notebook_are_those_of_markdown_captions_and_alternatives():
    shown = {"figure": {"caption": "What it shows."}, "image": {"alt": "A line."}, "code_prompt_show": "Parameters"}
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "\n", "Text."]},
        {"cell_type": "code", "metadata": {"mystnb": shown}, "source": ["# no message"], "outputs": []},
    ]
    source = json.dumps({"cells": cells})
    found = gathered(Path("a.ipynb"), source)
    assert list(found) == ["Title", "Text.", "What it shows.", "A line.", "Parameters"]
    assert headings(Path("a.ipynb"), source) == ["title"]


def test_a_folded_block_has_a_title_and_texts():
    source = ":::{dropdown} Answer\nFirst.\n\n- second\n:::\n"
    assert gathered(Path("a.md"), source) == {"Answer": ["title"], "First.": ["text"], "second": ["item"]}
    told = page(Path("a.md"), source, lambda text, kind: f"译{text}")
    assert told == ":::{dropdown} 译Answer\n译First.\n\n- 译second\n:::\n"


def test_html_keeps_its_scripts():
    source = '```{raw} html\n<p title="Said aloud">Some words</p><script>let x = "code words";</script>\n```\n'
    assert list(gathered(Path("a.md"), source)) == ["Said aloud", "Some words"]


def test_a_directive_whose_texts_are_not_known_is_named():
    with pytest.raises(StudyError, match=r"a\.md: .* \{epigraph\}"):
        gathered(Path("a.md"), "```{epigraph}\nWords.\n```\n")


def test_an_included_file_has_its_numbers_masked(tmp_path):
    (tmp_path / "rules.txt").write_text("In 1,831 lines it finds 273.\n")
    source = "```{include} rules.txt\n```\n"
    assert list(gathered(tmp_path / "a.md", source)) == ["In {0} lines it finds {1}."]
    told = page(tmp_path / "a.md", source, lambda text, kind: "{0} 行中找到 {1} 处。")
    assert told.strip() == "1,831 行中找到 273 处。"


def test_a_drawing_of_a_file_is_translated_in_its_place(tmp_path):
    (tmp_path / "drawn.svg").write_text("<figure><svg><text>writes the rest</text></svg></figure>\n")
    source = "```{raw} html\n:file: drawn.svg\n```\n"
    assert list(gathered(tmp_path / "a.md", source)) == ["writes the rest"]
    assert page(tmp_path / "a.md", source, lambda text, kind: text) == source
    told = page(tmp_path / "a.md", source, lambda text, kind: "写出其余")
    assert told == "```{raw} html\n<figure><svg><text>写出其余</text></svg></figure>\n```\n"


def test_terms_have_other_names():
    assert term_names(PAGE) == {"注意力机制": "attention"}


def test_pages_are_parsed_as_the_book_is():
    parse = yaml.safe_load((ROOT / "book" / "_config.yml").read_text(encoding="utf-8"))["parse"]
    assert set(parse["myst_enable_extensions"]) == EXTENSIONS
