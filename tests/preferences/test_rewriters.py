"""Each rewriter on real texts, and on made-up ones whose repair can be told beforehand."""

import ast
import colorsys
import inspect
import optparse
import pickle

import black
import pytest

from lmstudy.data.documents import lines
from lmstudy.preferences.rewriters import formatting
from lmstudy.preferences.rewriters.formatting import Formatting
from lmstudy.preferences.rewriters.placeholders import KINDS, WRITTEN, Placeholders
from lmstudy.preferences.scorers.masking import mask
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.preferences.scorers.personal_data import HELD_OUT, STEERING, held_out_items, steering_items
from lmstudy.preferences.scorers.personal_data_zh import CHINESE
from lmstudy.preferences.scorers.privacy import PrivacyScorer
from lmstudy.preferences.scorers.privacy_held_out import HeldOutPrivacyScorer

HEADER = "# Written by Jane Doe <jane.doe@example.org>\n# and by Mary Miller, +1 202 555 0143\nimport os\n"


def formatted(text: str, limit: int = 79) -> str:
    segments = lines(text)
    return "".join(Formatting(limit).rewrite(segments, [True] * len(segments)))


@pytest.mark.parametrize("function", [colorsys.rgb_to_yiq, colorsys.rgb_to_hsv, colorsys.hsv_to_rgb])
def test_a_formatter_mends_the_spacing_of_real_functions_and_nothing_else(function):
    text, scorer = inspect.getsource(function), Pep8Scorer()
    assert any(found.code == "E226" for found in scorer.violations(text))  # no space around an operator
    written = formatted(text)
    assert scorer.violations(written) == []
    assert ast.dump(ast.parse(written)) == ast.dump(ast.parse(text))


def test_what_a_formatter_leaves_stays_bad():
    text = inspect.getsource(colorsys.hls_to_rgb)  # which calls a variable l
    left = {found.code for found in Pep8Scorer().violations(formatted(text))}
    assert left == {"E741"}
    assert formatted(inspect.getsource(Formatting), 120) == inspect.getsource(Formatting)  # formatted as it is


def test_a_long_line_is_wrapped_at_the_limit_of_the_scorer():
    text = "def f(first, second, third):\n    return call(first, second)\n"
    assert max(map(len, lines(formatted(text, 26)))) <= 27
    assert Pep8Scorer(max_line_length=26).rewriter().max_line_length == 26


def test_quotes_lists_and_a_missing_newline_stay():
    text = "x = ['a',\n     'b',]\ny=1"
    assert formatted(text) == "x = [\n    'a',\n    'b',\n]\ny = 1"


def test_the_colon_of_a_slice_has_no_space_that_pycodestyle_minds():
    text = "x=a[b+1:c(d)]\ny = a[lambda e: e, f(1):]\nz = {'a': a[b:c]}\nv=a[0,:,1 + n::2]\n"
    written = "x = a[b + 1:c(d)]\ny = a[lambda e: e, f(1):]\nz = {'a': a[b:c]}\nv = a[0, :, 1 + n::2]\n"
    assert formatted(text) == written
    assert Pep8Scorer().violations(written) == []


def test_a_formatter_raises_on_what_is_no_python():
    with pytest.raises(Exception, match="cannot parse"):
        formatted("def f(:\n")


def test_a_formatter_raises_rather_than_change_what_a_program_does(monkeypatch):
    monkeypatch.setattr(formatting, "_tight_slices", lambda code: code + "y = 2\n")
    with pytest.raises(black.ASTSafetyError):
        formatted("x=1\n")


def test_placeholders_stand_for_what_the_scorer_found():
    segments = lines(HEADER)
    written = PrivacyScorer().rewriter().rewrite(segments, [True, True, False])
    assert written == ["# Written by <NAME> <<EMAIL>>\n", "# and by <NAME>, <PHONE>\n", "import os\n"]
    assert PrivacyScorer().score(written) == HeldOutPrivacyScorer().score(written) == [0, 0, 0]


def test_items_of_good_segments_stay():
    written = PrivacyScorer().rewriter().rewrite(lines(HEADER), [False, True, False])
    assert written[0] == lines(HEADER)[0]
    assert written[1] == "# and by <NAME>, <PHONE>\n"


def test_an_item_over_two_lines_leaves_two_lines():
    text = "a\nbcd\nef\n"
    found = Placeholders(lambda text: [(0, 1, "NAME"), (3, 7, "PHONE"), (7, 8, "SSN")])
    assert found.rewrite(lines(text), [True] * 3) == ["<NAME>\n", "b<PHONE>\n", "<PHONE><SSN>\n"]


def test_a_real_header_has_nothing_left_that_the_scorer_finds():
    text = "".join(lines(inspect.getsource(optparse))[:40])
    scorer = PrivacyScorer()
    before = scorer.found(text)
    assert before
    written = "".join(scorer.rewriter().rewrite(lines(text), [True] * 40))
    assert scorer.found(written) == []
    assert len(WRITTEN.findall(written)) == len(before)
    assert text.count("\n") == written.count("\n")


@pytest.mark.parametrize("kind", KINDS)
def test_no_detector_finds_a_placeholder(kind):
    for text in (
        f"# Author: <{kind}>\n",
        f"__author__ = '<{kind}> and Co'\n",
        f"Mary <{kind}> Miller\n",
        f"<{kind}>@a",
    ):
        assert steering_items(text) == held_out_items(text) == []


def test_every_kind_has_a_placeholder_and_masks_leave_it():
    assert set(KINDS) == {kind.upper() for kind in (*STEERING, *HELD_OUT, *CHINESE)}
    assert mask("# Author: <NAME> <<EMAIL>>, <PHONE>\n") == "# Author: <NAME> <<EMAIL>>, <PHONE>\n"
    assert "Doe" not in mask("# Author: <Jane Doe>, <JANE DOE>, <NAME Doe>\n")


def test_rewriters_are_the_scorers_and_can_be_sent_to_another_process():
    assert Pep8Scorer("structure").rewriter() is None
    for scorer in (Pep8Scorer(), Pep8Scorer("all"), PrivacyScorer(), HeldOutPrivacyScorer()):
        rewriter = scorer.rewriter()
        assert rewriter is not None
        segments = lines(HEADER)
        sent = pickle.loads(pickle.dumps(rewriter))
        assert sent.rewrite(segments, [True] * 3) == rewriter.rewrite(segments, [True] * 3)
