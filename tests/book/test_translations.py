"""The catalogues of translations: in step with the pages, and nothing lost."""

import pytest

from lmstudy.publishing.catalogues import faults_of, folder, messages_of, read, wanted
from lmstudy.publishing.messages import term_names
from tests.book.left_in_english import left, left_by_page
from tests.conftest import ROOT

CHINESE = ROOT / "book" / "_build" / "html" / "zh"
WORK = "a title"
DATA = "a text that is looked at"
COMMAND = "what stands behind a command"
ON_PURPOSE = {
    "Efficient Estimation of Word Representations in Vector Space": WORK,
    "Distributed Representations of Words and Phrases": WORK,
    "test of privacy-conditional-transformer-short-s": COMMAND,
    "He proved the Nash Equilibrium and Jordan Normal Form": DATA,
    "The story ultimately takes hold and grips hard": DATA,
    "Gets better after Foster leaves that little room": DATA,
    "As steamy as last week’s pork dumplings": DATA,
    "I don't love U": DATA,
}
"""English words in the Chinese edition that `left_in_english.py` does not know to be English on purpose, and why."""


def test_no_claim_link_or_term_is_lost():
    terms = term_names((ROOT / "book" / "glossary.md").read_text(encoding="utf-8"))
    found = [
        f"{path.stem}: {fault}"
        for path in sorted(folder(ROOT).rglob("*.po"))
        for message in messages_of(read(path)).values()
        for fault in faults_of(message, terms)
    ]
    assert found == []


@pytest.mark.slow
def test_catalogues_hold_the_messages_of_the_pages():
    stale = [
        name
        for name, messages in wanted(ROOT).items()
        if list(messages) != list(messages_of(read(folder(ROOT) / f"{name}.po")))
    ]
    assert stale == [], "run lmstudy-book --messages"


def test_no_message_is_missing_or_fuzzy():
    found = [
        f"{path.stem}: {message.id}"
        for path in sorted(folder(ROOT).rglob("*.po"))
        for message in messages_of(read(path)).values()
        if message.fuzzy or not message.string
    ]
    assert found == []


@pytest.mark.skipif(not CHINESE.exists(), reason="no book is built here (make book)")
def test_no_english_is_left_in_the_chinese_book_built_here():
    found = {page: dict.fromkeys(runs) for page, runs in left_by_page(CHINESE)}
    met = {run for runs in found.values() for run in runs}
    lines = [f"{page}: {len(new)}, such as {new[0]!r}" for page in found if (new := [*found[page].keys() - ON_PURPOSE])]
    assert lines == [], "translate it, or add it to ON_PURPOSE with a reason"
    assert ON_PURPOSE.keys() <= met, "no longer there: take it out of ON_PURPOSE"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>这里还有 the loss of a model。</p>", ["the loss of a model"]),
        ("<p>这里 <a>still <b>a link</b></a> 在</p>", ["still a link"]),
        ('<img alt="one more label"><svg><text>a small word</text></svg>', ["one more label", "a small word"]),
        ("<td>one two</td><td>three four</td>", []),
        ("<p>《Attention》和 Visual Studio Code、Hugging Face T5</p>", []),
        ("<p>归纳头（induction head of attention）“as the article says”</p>", []),
        ("<p><code>a b c d</code><em>On the edge of text</em></p><pre>what is it now</pre>", []),
        ('<dl class="glossary"><dt>bits per byte</dt><dd>in so many words</dd></dl>', ["in so many words"]),
        ('<div class="prose">they wrote this<br>and that thing</div><p>E501 line too long</p>', []),
        ('<div class="prose"><i>they</i> wrote this</div>and then no more', ["and then no more"]),
    ],
)
def test_english_that_is_left_is_found(html, expected):
    assert left(html) == expected
