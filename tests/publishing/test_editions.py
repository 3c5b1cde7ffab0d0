import json

import pytest
import yaml

from lmstudy.errors import StudyError
from lmstudy.publishing.catalogues import folder, messages_of, read, updated, write
from lmstudy.publishing.editions import ANCHORS, UNTRANSLATED, write_sources
from tests.conftest import write_files
from tests.publishing.sphinx_builds import build

CONF = """
extensions = ['myst_parser', 'lmstudy.publishing.sphinx_edition']
exclude_patterns = ['_build']
"""
SAID = {
    "intro": {"A *first* page": "首页", "Read {doc}`notebooks/01_a`.": "阅读{doc}`notebooks/01_a`。"},
    "notebooks/01_a": {"1. Chapter": "1. 章"},
    "contents": {"A book": "一本书", "People": "作者", "Code": "代码", "Hide": "隐藏"},
    "code": {"after {0} steps": "{0} 步后"},
    "sentences": {},
}


def catalogue(root, name, said):
    new = updated(read(folder(root) / f"{name}.po"), {text: ["text"] for text in said})
    for text, message in messages_of(new).items():
        message.string = said[text]
    write(folder(root) / f"{name}.po", new)


@pytest.fixture
def root(tmp_path):
    options = {"nb_code_prompt_show": "Code", "nb_code_prompt_hide": "Hide"}
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": "<p>after 400 steps</p>"}}
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# 1. Chapter"},
        {"cell_type": "code", "metadata": {}, "source": "", "outputs": [output], "execution_count": None},
    ]
    notebook = json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    files = {
        "book/_config.yml": yaml.safe_dump({"title": "A book", "author": "People", "sphinx": {"config": options}}),
        "book/_toc.yml": "root: intro\nparts: [{caption: Code, chapters: [{file: notebooks/01_a}]}]\n",
        "book/intro.md": "# A *first* page\n\nRead {doc}`notebooks/01_a`.\n",
        "book/glossary.md": "",
        "book/_static/a.css": "",
        "book/notebooks/01_a.ipynb": notebook,
        "notebooks/01_a.ipynb": notebook,
    }
    write_files(tmp_path, files)
    for name, said in SAID.items():
        catalogue(tmp_path, name, said)
    return tmp_path


def test_sources_are_the_book_in_another_language(root):
    target = write_sources(root)
    assert (target / "intro.md").read_text(encoding="utf-8") == "# 首页\n\n阅读{doc}`notebooks/01_a`。\n"
    cells = json.loads((target / "notebooks" / "01_a.ipynb").read_text(encoding="utf-8"))["cells"]
    assert cells[0]["source"] == "# 1. 章"
    assert cells[1]["outputs"][0]["data"]["text/html"] == "<p>400 步后</p>"
    told = yaml.safe_load((target / "_config.yml").read_text(encoding="utf-8"))
    assert told["title"] == "一本书"
    assert told["sphinx"]["config"]["language"] == "zh_CN"
    assert json.loads((target / ANCHORS).read_text()) == {"intro": ["a-first-page"], "notebooks/01_a": ["chapter"]}


def test_what_is_missing_is_named_and_a_draft_marks_it(root):
    catalogue(root, "intro", {"A *first* page": "首页"})
    catalogue(root, "code", {})
    with pytest.raises(StudyError) as caught:
        write_sources(root)
    assert "intro: no translation of 'Read {doc}`notebooks/01_a`.'" in str(caught.value)
    target = write_sources(root, draft=True)
    assert f"{UNTRANSLATED}Read {{doc}}`notebooks/01_a`." in (target / "intro.md").read_text(encoding="utf-8")


def test_what_only_an_output_shows_stays_english(root, capsys):
    catalogue(root, "code", {})
    target = write_sources(root)
    assert "after 400 steps" in (target / "notebooks" / "01_a.ipynb").read_text(encoding="utf-8")
    assert "no catalogue has: 1, such as 'after {0} steps'" in capsys.readouterr().out


def test_what_is_lost_in_translation_fails_a_draft_too(root):
    catalogue(root, "intro", {**SAID["intro"], "Read {doc}`notebooks/01_a`.": "阅读。"})
    with pytest.raises(StudyError, match=r"intro: 'Read .*lost: \{doc\}`notebooks/01_a`"):
        write_sources(root, draft=True)


def test_sections_keep_their_ids(tmp_path):
    files = {
        "conf.py": CONF,
        "index.md": "# 首页\n\n(a-label)=\n## 一节\n\n文字。\n",
        ANCHORS: '{"index": ["start", "one"]}',
    }
    write_files(tmp_path, files)
    html = build(tmp_path)["index"]
    assert '<section id="start">' in html
    assert 'id="one"' in html
