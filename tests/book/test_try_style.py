"""The page's part of the rules of style finds what the study's scorer finds, and nothing else."""

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator

import pycodestyle
import pytest

from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.publishing.page_rules import Agreement, PageRules, functions, report
from lmstudy.runs.finished import load_run
from lmstudy.writing.control import Asked
from lmstudy.writing.texts import unprompted
from tests.book.browser import CHROMIUM
from tests.conftest import ROOT
from tests.page_runs import flagship_folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH (apt-get install chromium)"),
    pytest.mark.skipif(sys.version_info >= (3, 12), reason="the page cuts Python into tokens as Python 3.11 does"),
]
STATIC = ROOT / "book" / "_static" / "try"
PIECES = (
    *" \t\n()[]{}:,;=+-*/%\"'#\\@.lOI",
    *("  ", "\n\n\n", "'''", '"""', "lambda x:", "def f(): pass\n", "== None", "except:", "None != ", "#:", "\f", "é"),
)


@pytest.fixture(scope="module")
def page() -> Iterator[PageRules]:
    with PageRules(STATIC) as page:
        yield page


def exact(found: Agreement) -> None:
    assert not found.missed
    assert not found.wrong


def test_samples_of_the_flagship_are_judged_as_in_the_study(page):
    finished = load_run(flagship_folder(), writes_only=True)
    asked = (Asked("good"), Asked("bad"), Asked("bad", 3.0))
    texts = [unprompted(finished.module.model, finished.run.corpus, one, 32, seed=2) for one in asked]
    found = page.agreement([text.text for some in texts for text in some], Pep8Scorer())
    assert found.lines > 300
    assert found.found > 50
    exact(found)


def test_functions_that_people_wrote_are_judged_as_in_the_study(page):
    found = page.agreement(functions(), Pep8Scorer())
    assert found.lines > 1000
    assert len(found.both) > 10
    exact(found)


def test_texts_that_are_no_python_are_judged_as_in_the_study(page):
    rng = random.Random(3)
    texts = []
    for text in functions(("networkx",))[:400]:
        broken = list(text)
        for _ in range(rng.randint(1, 4)):
            at = rng.randrange(len(broken))
            broken[at : at + rng.randrange(2)] = rng.choice(PIECES)
        texts.append("".join(broken))
    found = page.agreement(["", "\n", "   ", *texts], Pep8Scorer())
    assert len(found.both) > 20
    exact(found)


def test_a_longer_line_is_allowed_where_the_model_learned_so(page):
    text = "x = '" + "a" * 90 + "'\n"
    assert page.violations([text], 79) == [[(1, "E501")]]
    assert page.violations([text], 100) == [[]]


def test_every_rule_is_judged_as_in_the_study(page):
    """On the examples that pycodestyle's own documentation gives."""
    rules = set(page.browser.evaluate("Object.keys(lmstudyTry.style.RULES)"))
    assert all(len(meaning) > 5 for meaning in page.browser.evaluate("Object.values(lmstudyTry.style.RULES)"))
    checks = [*pycodestyle._checks["logical_line"], *pycodestyle._checks["physical_line"]]
    examples = [
        example.replace(r"\n", "\n").replace(r"\t", "\t").replace(r"\s", " ") + end
        for check in checks
        for example in re.findall(r"^\s*(?:Okay|[EW]\d{3}): (.*)$", check.__doc__ or "", re.MULTILINE)
        for end in ("", "\n", "\n    pass\n")
    ]
    more = ["x = 1\ty\n", "a = b\tand c\n", "a\t= 1\n", "a =\t1\n", "a = [1,\t2]\n", "a and\tb\n", "x = 1;\n"]
    found = page.agreement([*examples, *more, "x = '" + "a" * 90 + "'\n"], Pep8Scorer())
    exact(found)
    assert set(found.both) == rules


def test_the_published_report_has_the_form_of_today():
    some = Agreement(Counter(E501=3), Counter(E211=1), Counter(), 7)
    made = report(some, Agreement(Counter(E226=1), Counter(), Counter(E501=1), 4), 0.002, 0.97)
    assert "In 7 lines that the flagship wrote" in made
    assert "finds 3 of the 4 violations that the study's scorer finds. It marks nothing that" in made
    assert "finds 1 of the 1 violations that the study's scorer finds. It marks 1 that the scorer does not." in made
    assert "| E211 | 1 | nan | 0.00 | 0 | nan | nan |" in made
    assert "| E501 | 3 | 1.00 | 1.00 | 0 | 0.00 | nan |" in made
    assert "E226" not in made
    published = (STATIC / "rules.txt").read_text(encoding="utf-8")
    assert re.sub(r"\d[\d.,]*", "N", published).splitlines()[0] == re.sub(r"\d[\d.,]*", "N", made).splitlines()[0]
