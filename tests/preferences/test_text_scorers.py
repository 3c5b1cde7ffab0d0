"""What holds for every scorer that counts places in a text: any text, any segments, any process, and no word said."""

import pickle
import random
import re
import warnings

import pytest

from lmstudy.data.documents import lines
from lmstudy.preferences.scorers.formatter import FormatterScorer
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.preferences.scorers.personal_data import PersonalDataScorer
from lmstudy.preferences.scorers.privacy import PrivacyScorer
from lmstudy.preferences.scorers.privacy_held_out import HeldOutPrivacyScorer
from tests.preferences.test_pep8 import CLEAN
from tests.preferences.test_privacy import SIGNED

PLACES = {  # scorer -> what it counts in a text, and a text with one such place in its first three characters
    Pep8Scorer("all"): (lambda scorer, text: scorer.violations(text), "x=1\n"),
    FormatterScorer(): (lambda scorer, text: scorer.changes(text), "f( a)\n"),
    PrivacyScorer(): (lambda scorer, text: scorer.found(text), "ann@example.org"),
    HeldOutPrivacyScorer(): (lambda scorer, text: scorer.found(text), "ann@example.org"),
}
STRANGE = [
    "", "\n\n", " ", "\x00", "(" * 300 + ")" * 300, "x = '\ud800'\n", '"""\n', "\\", "x = '\\d'\n", "if 1:\r\n y=1",
    ")\n'\\\n\n",  # trips a rule of pycodestyle itself
]  # fmt: skip


@pytest.fixture(params=PLACES, ids=lambda scorer: scorer.name)
def scorer(request):
    return request.param


def damaged(text: str, count: int, changes: int) -> list[str]:
    """The text with random damage."""
    rng, found = random.Random(1), []
    for _ in range(count):
        characters = list(text)
        for _ in range(rng.randint(1, changes)):
            characters[rng.randrange(len(text))] = rng.choice("()[]{}'\"\\\n\t #:=$@.\0\r\fé中\u2028\ufeffAx ")
        found.append("".join(characters))
    return found


def test_no_text_is_fatal_and_every_place_is_counted_in_a_segment(scorer, capsys):
    places, _ = PLACES[scorer]
    personal = isinstance(scorer, PersonalDataScorer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text in [*STRANGE, *damaged(SIGNED if personal else CLEAN, 150, 9)]:
            segments = lines(text)
            scores = scorer.score(segments)
            total = sum(score * len(segment) for score, segment in zip(scores, segments, strict=True))
            assert total == pytest.approx(len(places(scorer, text)))
            assert scores == scorer.score(segments)
            if personal:
                assert all(0 <= score <= 1 for score in scores)
                masked = scorer.masked(text)
                assert masked.count("\n") == text.count("\n")
                bare = re.sub(r"\{\{[A-Z_]+\}\}", "#", masked)
                assert scorer.found(bare) == []
                assert not re.search(r"\w@|@\w", bare)
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_segments_may_be_empty_and_need_not_be_lines(scorer):
    _, text = PLACES[scorer]
    assert scorer.score([]) == []
    assert scorer.score([""]) == [0.0]
    (whole,) = scorer.score([text])
    assert whole == 1 / len(text)
    cut = ["", text[:3], "", text[3:], ""]
    assert scorer.score(cut) == [0, 1 / 3, 0, 0, 0]  # where it begins


def test_it_travels_to_other_processes(scorer):
    _, text = PLACES[scorer]
    copy = pickle.loads(pickle.dumps(scorer))
    assert (copy.name, copy.score([text])) == (scorer.name, scorer.score([text]))
