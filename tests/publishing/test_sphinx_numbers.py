import re

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lmstudy.show.texts import cards
from tests.conftest import write_files
from tests.publishing.sphinx_builds import build

CONF = """
extensions = ['myst_nb', 'lmstudy.publishing.sphinx_numbers']
nb_execution_mode = 'off'
source_suffix = {'.md': 'myst-nb', '.ipynb': 'myst-nb'}
exclude_patterns = ['_build']
"""
PAGE = """# Start

```{figure} dot.svg
No number.
```

{numref}`fig-b`

```{toctree}
notebooks/09_a
notebooks/14_b
```
"""
LANGUAGE = {"language_info": {"name": "python", "pygments_lexer": "python"}}
DOT = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>'


def cell(kind, shown, **metadata):
    return new_code_cell("shown", outputs=[new_output("display_data", {kind: shown})], metadata={"mystnb": metadata})


def figure(caption, **named):
    return cell("image/svg+xml", DOT, image={"alt": "A dot."}, figure={"caption": caption, **named})


def table(caption):
    made = f"<caption>{caption}</caption>" if caption else ""
    return cell("text/html", f"<table>{made}<tr><td>1</td></tr></table>")


def samples(caption):
    return cell("text/html", cards({"a": ["b"]}, caption=caption))


@pytest.fixture
def pages(tmp_path):
    write_files(tmp_path, {"conf.py": CONF, "index.md": PAGE, "dot.svg": DOT, "notebooks/.keep": ""})
    chapters = {
        "09_a": [figure("First."), table("Left."), table(None), table("Right."), figure("Second.")],
        "14_b": [figure("Third.", name="fig-b"), table("Below."), samples("Cards.")],
    }
    for name, cells in chapters.items():
        made = new_notebook(cells=[new_markdown_cell(f"# {name}"), *cells], metadata=LANGUAGE)
        write(made, tmp_path / "notebooks" / f"{name}.ipynb")
    return {name: re.sub(r"<a class=\"headerlink.*?</a>", "", text) for name, text in build(tmp_path).items()}


def captions(page):
    found = re.findall(r"<(?:figcaption|caption)[^>]*>(.*?)</(?:figcaption|caption)>", page, re.DOTALL)
    return [" ".join(re.sub("<.*?>", "", one).split()) for one in found]


def test_captions_are_numbered_by_chapter_and_references_agree(pages):
    first = ["Figure 9.1 First.", "Table 9.1 Left.", "Table 9.2 Right.", "Figure 9.2 Second."]
    assert captions(pages["notebooks/09_a"]) == first
    assert captions(pages["notebooks/14_b"]) == ["Figure 14.1 Third.", "Table 14.1 Below.", "Table 14.2 Cards."]
    assert captions(pages["index"]) == ["No number."]
    assert 'href="notebooks/14_b.html#fig-b"><span class="std std-numref">Figure 14.1</span>' in pages["index"]
