"""A formatter as a grader: changes counted by hand, matters of taste left out, broken text graded where it can be."""

import pytest
import yaml

from lmstudy.config import build
from lmstudy.data.documents import lines
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.formatter import FormatterScorer
from tests.conftest import ROOT

CLEAN = '''\
@cache
def area(width, height=1):
    """Of a rectangle."""
    if not height:
        return 0

    def scaled(by):
        return by * width

    return scaled(height)
'''


def marked(text: str, **settings) -> str:
    """The text with a mark before every character that changes; one a change, as some insert several."""
    positions = FormatterScorer(**settings).changes(text)
    pieces = [text[start:stop] for start, stop in zip([0, *positions], [*positions, len(text)], strict=True)]
    return "¦".join(pieces)


def test_clean_code_scores_zero_and_is_judged():
    scorer = FormatterScorer()
    assert scorer.score(lines(CLEAN)) == [0.0] * 10
    assert scorer.judged(lines(CLEAN)) == [True] * 10


@pytest.mark.parametrize(
    "text",
    [
        "x¦=¦1\n",
        "x = a¦*¦b\n",
        "f(¦ a,¦b¦ )\n",
        "x = 1¦ ¦ \n",  # trailing space
        "x = 1¦;y = 2\n",  # becomes the end of a line
        "def f():\n    x = 1\n\n¦\n¦\n    return x\n",
        "x = 1 ¦#¦comment\n",
        "def f(a: int¦=¦1):\n    return a\n",
        'def f():\n    """Of what.¦ """\n    return 1\n',
        "def f():\n    x = 1\n¦ ¦ \n    return x\n",
        "if x: ¦return 1\n",  # one statement a line
    ],
)
def test_changes_counted_by_hand(text):
    assert marked(text.replace("¦", "")) == text


@pytest.mark.parametrize(
    "text",
    [
        "x = f(a,\n      b)\n",  # wrapped where black would not
        "x = f(\n    a, b,\n)\n",
        "x = (1)\nprint((yield))\n",
        "x = a[i+1:]\nx = a[i + 1:j]\n".replace("i+1", "i"),
        "x = a ** 2 + b**2\n",
        "x = 'a' + \"b\"\n",  # quotes
        "if x:\n  y = 1\n",  # indentation is competence
        'def f():\n  """Of.\n\n  What.\n  """\n  return 1\n',
    ],
)
def test_taste_that_pep_8_leaves_open_counts_for_nothing(text):
    assert FormatterScorer().changes(text) == []


def test_a_comment_that_moves_with_the_wrapping_is_no_change():
    text = "x = f(a,  # first\n      b,\n      c)  # last\n"
    assert FormatterScorer().changes(text) == []
    assert FormatterScorer().changes("x = f(a)  # first\n# last\n") == []


def test_a_line_that_is_too_long_counts_once_where_it_can_be_wrapped():
    fits, long, string = (f"x = f({name}, b)\n" for name in ("a" * 69, "a" * 70, f'"{"a b" * 30}"'))
    assert len(fits) - 1 == 79
    assert FormatterScorer().changes(fits) == []
    assert FormatterScorer().score([fits, long]) == [0, 1 / 81]
    assert FormatterScorer(max_line_length=80).changes(long) == []
    assert len(FormatterScorer().changes(string)) == 1
    assert FormatterScorer().changes(f'x = "{"a b" * 30}"\n') == []  # nothing to be done about it


def test_scores_are_changes_per_character_of_each_segment():
    text = "def f( a,b):\n    x=a \n    return x\n"
    assert marked(text) == "def f(¦ a,¦b):\n    x¦=¦a¦ \n    return x\n"
    assert FormatterScorer().score(lines(text)) == [2 / 13, 3 / 9, 0]
    assert FormatterScorer().judged(["", "x\n"]) == [True, True]


def test_broken_text_is_graded_in_the_runs_that_parse():
    text = "def f(a):\n    x=1\n    y = = 2\n    if x:\n        z=g(x,\n             1)\n    w = (\n\n    return x\n"
    scorer = FormatterScorer()
    assert marked(text) == text.replace("x=1", "x¦=¦1").replace("z=g", "z¦=¦g")
    assert [row for row, known in zip(lines(text), scorer.judged(lines(text)), strict=True) if not known] == [
        "    y = = 2\n",
        "    w = (\n",
    ]
    assert scorer.judged([text[:18], text[18:], ""]) == [True, False, True]


def test_text_that_ends_within_a_block_is_judged():
    for text in ("def f(a):\n    for b in a:\n", "def f(a):  # why\n", "    if a:\n        b=1\n    else:"):
        assert all(FormatterScorer().judged(lines(text)))
    assert marked("def f(a):\n    for b in  a:\n") == "def f(a):\n    for b in ¦ a:\n"


def test_depth_costs_neither_blank_lines_nor_length():
    """Lines from inside a block are formatted inside one, at their own indentation."""
    inner = "        def g():\n            return 1\n\n        x = g()\n"
    assert FormatterScorer().changes(inner) == []
    fits = "        x = f(" + "a" * 61 + ", b)\n"
    assert len(fits) - 1 == 79
    assert FormatterScorer().changes(fits) == []
    assert len(FormatterScorer().changes(fits.replace(", b", ", bc"))) == 1


def test_yaml_and_mistakes():
    scorer = build(yaml.safe_load((ROOT / "conf/scorer/style_held_out.yaml").read_text()), "scorer")
    assert (scorer.name, scorer.max_line_length, scorer.unit) == ("style-held-out", 79, "character")
    with pytest.raises(StudyError, match=r"scorer\.max_line_length=0 must be at least 1"):
        FormatterScorer(0)
