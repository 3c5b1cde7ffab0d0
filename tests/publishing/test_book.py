import sys
import time
from functools import partial

import pytest

from lmstudy.commands import book as book_cli
from lmstudy.errors import StudyError
from lmstudy.publishing import needs, pages
from lmstudy.publishing.book import build_book, checkout
from lmstudy.study import claims
from lmstudy.study.shelf import Shelf
from lmstudy.study.verdicts import above
from tests.conftest import write_files
from tests.publishing.notebook_files import write_notebook

CONFIG = """
title: A small book
only_build_toc_files: true
execute: {execute_notebooks: "off"}
sphinx: {extra_extensions: [lmstudy.publishing.sphinx_offline]}
"""
TOC = "format: jb-book\nroot: intro\nchapters:\n- file: notebooks/01_one\n- file: notebooks/02_two\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A checkout with one page and one notebook; its data and claims are not what is tested here."""
    files = {
        "book/_config.yml": CONFIG,
        "book/_toc.yml": TOC,
        "book/intro.md": "# Small\n\n[One](notebooks/01_one.ipynb) and $\\cancel{x}$.\n",
        "lmstudy/__init__.py": "",
        "conf/train.yaml": "",
    }
    write_files(tmp_path, files)
    (tmp_path / "book" / "records").mkdir()
    write_notebook(tmp_path / "notebooks" / "01_one.ipynb", "print(budget)", parameters="budget = 'quick'")
    write_notebook(tmp_path / "notebooks" / "02_two.ipynb", "print('its', budget)", parameters="budget = 'brief'")
    monkeypatch.setattr(needs, "NEEDS", (needs.Need("01_one", ()),))
    monkeypatch.setattr(needs, "prepare_and_train", lambda budget, **_: f"data of {budget}")
    monkeypatch.setattr(claims, "all_claims", list)
    return tmp_path


@pytest.mark.slow
def test_a_book_is_built_once_and_a_failed_build_leaves_it(root, capsys):
    index = build_book(root, budget="smoke")
    assert index == root / "book" / "_build" / "html" / "index.html"
    html = index.parent
    assert "smoke" in (html / "notebooks" / "01_one.html").read_text()
    # a notebook for which nothing is trained keeps the budget of the runs it compares
    assert "its brief" in (root / "book" / "notebooks" / "02_two.ipynb").read_text()
    assert (html / "_static" / "mathjax" / "tex-svg.js").stat().st_size > 1_000_000
    assert (html / "_static" / "mathjax" / "input" / "tex" / "extensions" / "cancel.js").exists()
    assert "_static/mathjax/tex-svg.js" in (html / "intro.html").read_text()
    assert "thebe" not in (html / "intro.html").read_text()
    said = capsys.readouterr().out
    for stage in ("data and runs", "notebooks", "claims", "pages", "links", "total"):
        assert stage in said

    started = time.perf_counter()
    build_book(root, budget="smoke")
    assert time.perf_counter() - started < 3
    assert capsys.readouterr().out.count("unchanged") == 4  # two notebooks, the claims, the pages

    page = root / "book" / "intro.md"
    sound = page.read_text()
    page.write_text(sound + "\n{ref}`nowhere`\n")
    before = (html / "intro.html").read_text()
    for _ in range(2):  # the second must not pass because the page "has not changed"
        with pytest.raises(StudyError) as caught:
            build_book(root, budget="smoke")
        assert "undefined label: 'nowhere'" in str(caught.value)
        assert "jupyter-book.log" in str(caught.value)
    page.write_text(sound + '\n<img src="gone.png" alt="">\n')
    with pytest.raises(StudyError, match=r"intro\.html: 'gone\.png' leads to no file"):
        build_book(root, budget="smoke")
    assert (html / "intro.html").read_text() == before


def test_a_claim_that_fails_stops_the_build(root, monkeypatch):
    missing = partial(Shelf.trained, seeds=[1])
    failing = claims.Claim("s", "a.b", missing, above(0), "c", "u")
    monkeypatch.setattr(claims, "all_claims", lambda: [failing])
    monkeypatch.setattr("lmstudy.publishing.book.run_all", lambda *args, **kwargs: [])
    with pytest.raises(StudyError, match=r"these claims of the book fail:\n  a\.b: no records"):
        build_book(root, budget="smoke")
    assert not pages.index_page(root).exists()


def test_the_pages_key_follows_sources_records_code_and_outputs(root):
    keys = [pages.pages_key(root)]
    for name in ("book/intro.md", "book/records/r.json", "book/notebooks/01_one.ipynb", "lmstudy/x.py"):
        write_files(root, {name: "changed"})
        keys.append(pages.pages_key(root))
    assert len(set(keys)) == 5
    (root / "book" / "notebooks" / "01_one.failed.ipynb").write_text("x")
    (root / "book" / "_build").mkdir()
    (root / "book" / "_build" / "log").write_text("x")
    assert pages.pages_key(root) == keys[-1]
    assert not pages.up_to_date(root, keys[-1])


def test_a_page_that_is_missing_is_named(root):
    with pytest.raises(StudyError, match="no page 'notebooks/01_one'; run lmstudy-book without --only"):
        pages.build_pages(root)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--only", "07_nothing"], "no notebook '07_nothing'"),
        (["--budget", "large"], "--budget large: choose from brief, "),
        (["--seed", "-1"], "--seed -1: a whole number is wanted, 0 to 4294967295"),
    ],
)
def test_what_is_misspelt_is_refused_before_anything_runs(root, monkeypatch, capsys, arguments, said):
    monkeypatch.chdir(root)
    monkeypatch.setattr(needs, "prepare_and_train", lambda budget, **_: sys.exit("trained"))
    assert book_cli.main(arguments) == 1
    assert said in capsys.readouterr().err


def test_it_says_where_it_should_be_run(tmp_path, monkeypatch):
    monkeypatch.setattr("lmstudy.publishing.book.lmstudy.__file__", str(tmp_path / "a" / "lmstudy" / "__init__.py"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match=r"no book/_config\.yml here"):
        checkout()
