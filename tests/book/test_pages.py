"""The built pages: sound links, no network, mathematics shown, when opened from disk."""

import re
import shutil
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from lmstudy.publishing.links import broken_links
from lmstudy.publishing.pages import build_pages
from tests.book.browser import CHROMIUM, Browser
from tests.conftest import ROOT

NOTEBOOKS = tuple(sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb")))
# \\cancel is loaded by MathJax when a page uses it.
FORMULA = "$$\\mathcal{L}(\\theta) = -\\sum_t \\log p_\\theta(\\cancel{y}_t \\mid y_{<t}, x)$$"

GLOSSARY = (ROOT / "book" / "glossary.md").read_text(encoding="utf-8")
SHOWN = "document.querySelectorAll({}).length"
# What each page shows of mathematics, at least.
FORMULAS = {"glossary": 4, **{f"notebooks/{name}": 1 for name in NOTEBOOKS}}

PASTED = {"05_worked_example": ("worksheet", "worksheet_solved"), "14_results": ("hero",)}
"""What other pages show of a notebook's outputs, by its name."""

BUILT = ROOT / "book" / "_build" / "html"
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (apt-get install chromium)")


def pasted(key: str) -> NotebookNode:
    """A cell whose output another page can show by its key, as `glue` makes it."""
    prefix = "application/papermill.record/"
    kept = new_output("display_data", {f"{prefix}text/html": "<p>drawn</p>"})
    kept.metadata["scrapbook"] = {"name": key, "mime_prefix": prefix}
    return new_code_cell("", outputs=[kept])


def labels(name: str) -> list[str]:
    """The targets in a notebook that pages refer to, as `(label)=` before a heading."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    return [label for cell in notebook.cells for label in re.findall(r"^\(([\w-]+)\)=$", cell.source, re.MULTILINE)]


def draws_formulas(browser: Browser, least: int) -> bool:
    """Whether at least so many formulas are drawn on the open page within ten seconds, and none is faulty."""
    drawn = browser.wait_for(SHOWN.format("'mjx-container svg'") + f" >= {least}")
    return drawn and not browser.evaluate(SHOWN.format("'mjx-merror, [data-mjx-error]'"))


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The real pages, built with short notebooks in the place of those that take minutes; their folder."""
    root = tmp_path_factory.mktemp("checkout")
    book = root / "book"
    shutil.copytree(ROOT / "book", book, ignore=shutil.ignore_patterns("_build", "notebooks"))
    shutil.copyfile(ROOT / "CONTRIBUTING.md", root / "CONTRIBUTING.md")
    if not list((book / "records").glob("*.json")):  # nothing published: the table would have only gaps
        claims = (book / "claims.md").read_text(encoding="utf-8")
        (book / "claims.md").write_text(claims.replace("```{claims-list}\n```\n", ""), encoding="utf-8")
    for name in NOTEBOOKS:
        path = book / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        cells = [new_markdown_cell(f"# Chapter {name}\n\n{FORMULA}"), *(pasted(key) for key in PASTED.get(name, ()))]
        cells += [new_markdown_cell(f"({label})=\n## Section {label}") for label in labels(name)]
        nbformat.write(new_notebook(cells=cells), path)
    return build_pages(root)


@pytest.mark.slow
def test_every_link_resolves_and_nothing_comes_from_the_network(html):
    assert broken_links(html) == []
    pages = {path.stem for path in html.glob("*.html")}
    assert {"index", "intro", "reproduce", "claims", "glossary", "bibliography", "search"} <= pages


@pytest.mark.slow
@needs_chromium
def test_pages_opened_from_disk_show_everything_without_a_network(html, tmp_path):
    with Browser(tmp_path) as browser:
        for page in ["intro", "try", "reproduce", "claims", "glossary", "bibliography", "index", *FORMULAS]:
            browser.open(html / f"{page}.html")
            assert draws_formulas(browser, FORMULAS.get(page, 0)), page
            assert browser.faults == [], page


@pytest.mark.slow
@needs_chromium
@pytest.mark.skipif(not BUILT.exists(), reason="no book is built here (make book)")
def test_the_book_that_is_built_here_opens_without_a_fault(tmp_path):
    assert broken_links(BUILT) == []
    with Browser(tmp_path) as browser:
        for page in sorted([*BUILT.glob("*.html"), *BUILT.glob("notebooks/*.html")]):
            browser.open(page)
            assert draws_formulas(browser, int('class="math' in page.read_text(encoding="utf-8"))), page
            assert browser.faults == [], page


@pytest.mark.slow
def test_the_button_of_the_search_is_named_by_what_stands_on_it(html):
    page = (html / "intro.html").read_text(encoding="utf-8")
    (button,) = re.findall(r"<button[^>]*search-button-field[^>]*>", page)
    assert "aria-label" not in button
    assert "title=" not in button


@pytest.mark.slow
@needs_chromium
def test_the_search_finds_a_term_in_both_languages(html, tmp_path):
    with Browser(tmp_path) as browser:
        for words, anchor in {
            "perplexity": "perplexity",
            "困惑度": "perplexity",
            "reward model": "reward-model",
            "奖励模型": "reward-model",
            "control token": "control-token",
        }.items():
            browser.open(html / "search.html", query=f"q={words}")
            found = browser.wait_for("document.querySelector('#search-results li a')?.getAttribute('href')")
            assert found == f"glossary.html#term-{anchor}"
        browser.open(html / "search.html", query="q=qwxzy")
        assert browser.wait_for("document.querySelector('.search-summary')?.textContent").startswith("No page has")
        assert browser.faults == []


def entries() -> list[tuple[list[str], str]]:
    """The glossary's entries: terms, definition."""
    found = []
    for block in re.findall(r"```\{glossary\}\n(.*?)```", GLOSSARY, re.DOTALL):
        for entry in block.strip().split("\n\n"):
            terms = [line for line in entry.splitlines() if not line.startswith(" ")]
            found.append((terms, " ".join(entry.splitlines()[len(terms) :])))
    return found


def test_the_glossary_gives_each_term_in_both_languages_once_and_in_order():
    terms = [term for some, _ in entries() for term in some]
    assert len(entries()) >= 60
    assert len(set(terms)) == len(terms)
    for (english, chinese), definition in entries():
        assert english.isascii()
        assert re.search(r"[\u4e00-\u9fff]", chinese), english
        assert definition.strip().endswith("."), english
    for block in re.findall(r"```\{glossary\}\n(.*?)```", GLOSSARY, re.DOTALL):
        words = [entry.splitlines()[0].lower() for entry in block.strip().split("\n\n")]
        assert words == sorted(words)


def test_the_contents_list_every_page():
    contents = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text())
    listed = {contents["root"], *(one["file"] for part in contents["parts"] for one in part["chapters"])}
    pages = {path.stem for path in Path(ROOT / "book").glob("*.md")}
    assert listed == pages | {f"notebooks/{name}" for name in NOTEBOOKS}
