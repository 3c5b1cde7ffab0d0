"""What the search looks through, and what it shows in a browser for pages opened from disk."""

import json
import shutil

import pytest

from lmstudy.publishing import sphinx_search
from lmstudy.publishing.sphinx_search import UNUSED, PageTexts, search_texts
from tests.book.browser import CHROMIUM, Browser
from tests.conftest import ROOT, write_files
from tests.publishing.sphinx_builds import build

CONF = """
extensions = ['myst_parser', 'lmstudy.publishing.sphinx_search', 'lmstudy.publishing.sphinx_lang']
myst_enable_extensions = ['dollarmath']
html_static_path = ['_static']
html_js_files = ['search.js']
exclude_patterns = ['_build']
"""
INDEX = """# Start

It begins with a *reward*. That is what is there.

## Control tokens

Each control token is `<|good|>` or <b>bad</b>, and $p_\\theta$. RLHF用control词元。

$$x = 1$$

<details class="hide"><summary>Code</summary><p>hidden = 1</p></details>

| question | answer |
|---|---|
| Which optimiser? | Muon, of two kinds |
| Muon | no question |

## Others

A model gives a reward. Control of it is another matter than a token.

```{toctree}
glossary
methods/ways
```
"""
GLOSSARY = """# Glossary

```{glossary}
control token
控制词元
  Says what follows.

reward model
奖励模型
  A model of 人类偏好.
```
"""
WAYS = "# The reward model\n\nIt is trained. " + "A reward model. " * 3
NOTHING = "No page has all of these words."
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (apt-get install chromium)")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = tmp_path_factory.mktemp("site")
    script = (ROOT / "book" / "_static" / "search.js").read_text(encoding="utf-8")
    files = {"conf.py": CONF, "index.md": INDEX, "glossary.md": GLOSSARY, "methods/ways.md": WAYS}
    write_files(root, {**files, "_static/search.js": script})
    build(root)
    return root / "_build"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
        assert opened.faults == []


def texts(site):
    script = (site / "_static" / "search-texts.js").read_text(encoding="utf-8")
    return {url: (title, rows) for url, title, rows in json.loads(script.partition(" = ")[2].rstrip(";\n"))}


def test_every_page_gives_its_sections(site):
    assert list(texts(site)) == ["glossary.html", "index.html", "methods/ways.html"]
    title, (start, control, question, others) = texts(site)["index.html"]
    assert title == "Start"
    assert start == ["", "Start", "It begins with a reward. That is what is there."]
    assert control[:2] == ["control-tokens", "Control tokens"]
    assert control[2] == (
        "Each control token is <|good|> or bad, and p_\\theta. RLHF用control词元。 question answer Muon no question"
    )
    assert question == ["control-tokens", "Which optimiser?", "Muon, of two kinds"]
    assert others[2] == "A model gives a reward. Control of it is another matter than a token."


def test_an_entry_of_the_glossary_is_a_section_with_all_its_names(site):
    rows = texts(site)["glossary.html"][1]
    assert rows[1:] == [
        ["term-control-token", "control token · 控制词元", "Says what follows."],
        ["term-reward-model", "reward model · 奖励模型", "A model of 人类偏好."],
    ]


def test_what_is_no_text_of_the_page_is_left_out():
    page = """<nav>menu</nav><section id=a><h1>A<a class="headerlink">#</a></h1><p>one</p><p>two<br>three</p>
    <details class="hide above-input"><details><p>code</p></details>code</details><script>s()</script>
    <div class="highlight-text notranslate"><pre>log</pre></div><div class="highlight-diff"><pre>+ line</pre></div>
    <span class="claim">7<span class="claim-more"><span>sure</span></span> times</span>
    <details class="sd-sphinx-override sd-dropdown sd-card"><summary>Answer</summary><p>42</p></details>
    <section id=b><h2>B</h2>four<svg><circle/><text>five</text></svg></section>six</section>footer"""
    rows = [section.written() for section in PageTexts(page).sections]
    assert rows == [["", "A", "one two three 7 times six"], ["b", "B", "four five"]]


def test_cells_of_numbers_alone_are_left_out():
    page = """<section id=a><h1>A</h1><table><tr><th>method</th><th>times</th></tr>
    <tr><td>marking</td><td>3.0 (1.9 to 5.0)</td><td>−0.4</td><td>7 of 9</td><td><b>saves</b> <i>12</i></td></tr>
    <tr><td>How many?</td><td>12</td><td>12 runs</td></tr></table></section>"""
    rows = [section.written() for section in PageTexts(page).sections]
    assert rows == [["", "A", "method times marking 7 of 9 saves 12"], ["", "How many?", "12 runs"]]


def test_a_card_of_a_claim_and_a_cited_work_are_sections_without_a_title():
    page = """<section><h1>A</h1>one<div class="claim-card docutils" id="claim-x"><p>two</p><div>three</div></div>four
    <div class="citation" id="id1"><span class="label">[X]</span><p>five</p></div></section>"""
    rows = [section.written() for section in PageTexts(page).sections]
    assert rows == [["", "A", "one four"], ["claim-x", "", "two three"], ["id1", "", "five"]]


def test_the_script_is_one_line_of_javascript():
    script = search_texts({"a.html": ("</script> \u2028", "<section><h1>x</h1></section>")})
    assert script.startswith("window.SEARCH_TEXTS = [[")
    assert script.count("\n") == 1


def test_own_scripts_leave_the_search_page_and_the_notice_stays(site):
    page = (site / "search.html").read_text(encoding="utf-8")
    assert page.count("search-texts.js") == 1
    assert not any(name in page for name in ("searchtools.js", "searchindex.js", "language_data.js"))
    assert not UNUSED.search(page)
    assert UNUSED.sub("", '<p> <script src="_static/copybutton.js?v=1"></script></p>') == "<p></p>"
    styles = '<link rel="stylesheet" type="text/css" href="_static/{}.css?v=1" />'
    assert (
        UNUSED.sub("", f"<p> {styles.format('mystnb.11b3')}{styles.format('custom')}</p>")
        == f"<p>{styles.format('custom')}</p>"
    )
    assert "Please activate JavaScript" in page


def test_texts_too_long_to_load_are_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(sphinx_search, "LIMIT", 10)
    write_files(tmp_path, {"conf.py": "extensions = ['lmstudy.publishing.sphinx_search']", "index.rst": "A\n=\n"})
    assert "at most 10 load quickly" in build(tmp_path, strict=False).warnings


def found(browser, page, query):
    """What the search shows: names of places with their addresses, snippets, marked words, and the first line."""
    browser.open(page, query=f"q={query}")
    take = "document.querySelectorAll('#search-results {}')"
    assert browser.wait_for(take.format(".search-summary") + ".length") == 1
    links = browser.evaluate(f"[...{take.format('a')}].map(a => [a.textContent, a.getAttribute('href')])")
    marked = browser.evaluate(f"[...{take.format('mark')}].map(one => one.textContent)")
    snippets = browser.evaluate(f"[...{take.format('.search-snippet')}].map(one => one.textContent)")
    return links, snippets, marked, browser.evaluate(take.format(".search-summary") + "[0].textContent")


@needs_chromium
def test_titles_come_before_headings_and_headings_before_texts(site, browser):
    links, snippets, marked, says = found(browser, site / "search.html", "Reward  MODEL")
    assert links == [
        ["The reward model", "methods/ways.html"],
        ["Glossary › reward model · 奖励模型", "glossary.html#term-reward-model"],
        ["Start › Others", "index.html#others"],
    ]
    assert says == "3 places on 3 pages."
    assert snippets[1] == "A model of 人类偏好."
    assert set(marked) == {"reward", "model"}


@needs_chromium
@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("奖励模型", "glossary.html#term-reward-model"),
        ("奖励", "glossary.html#term-reward-model"),
        ("偏好 reward", "glossary.html#term-reward-model"),
        ("model奖励", "glossary.html#term-reward-model"),
        ("control token", "glossary.html#term-control-token"),
        ("control-tokens", "index.html#control-tokens"),
        ("control词元", "glossary.html#term-control-token"),
        ("rlhf control", "index.html#control-tokens"),
        ("begins matter", "index.html"),
        ("<|good|>", "index.html#control-tokens"),
        ("Which optimizers are there?", "index.html#control-tokens"),
        ("What does a reward model do?", "methods/ways.html"),
        ("what is there", "index.html"),
    ],
)
def test_words_of_both_languages_find_their_place(site, browser, query, first):
    links, _, _, _ = found(browser, site / "search.html", query)
    assert links[0][1] == first


@needs_chromium
@pytest.mark.parametrize(
    ("query", "first", "part"),
    [
        ("rlhf control qwxzy", "index.html#control-tokens", "2 of 3"),
        ("control token qwxzy begins", "index.html#control-tokens", "3 of 4"),
    ],
)
def test_where_no_page_has_all_words_those_with_most_are_found(site, browser, query, first, part):
    links, _, _, says = found(browser, site / "search.html", query)
    assert links[0][1] == first
    assert says.startswith(f"No page has all of these words, these have {part}: ")


@needs_chromium
@pytest.mark.parametrize("query", ["qwxzy", "reward qwxzy", "rlhf qwxzy qwxyz", "okens", "奖惩"])
def test_no_result_says_so_and_names_the_glossary(site, browser, query):
    links, snippets, _, says = found(browser, site / "search.html", query)
    assert says.startswith(NOTHING if " " in query else "No page has this word;")
    assert links == [["glossary", "glossary.html"]]
    assert snippets == []


@needs_chromium
def test_a_text_is_shown_and_not_run(site, browser, tmp_path):
    shutil.copytree(site, tmp_path / "html")
    row = '<img src=x onerror="document.title = 1"> reward'
    script = f"window.SEARCH_TEXTS = {json.dumps([['a.html', row, [['', row, row]]]])};"
    (tmp_path / "html" / "_static" / "search-texts.js").write_text(script)
    _, snippets, marked, _ = found(browser, tmp_path / "html" / "search.html", "reward")
    assert snippets == [row]
    assert marked == ["reward"]
    assert browser.evaluate("document.querySelectorAll('#search-results img').length") == 0


@needs_chromium
def test_without_a_query_nothing_is_shown(site, browser):
    browser.open(site / "search.html")
    assert browser.evaluate("document.getElementById('search-results').textContent") == ""
