"""Privacy scores: items counted by hand, the two detectors apart, and nothing personal left after masking."""

import re

import pytest

from lmstudy.config import build
from lmstudy.data.documents import lines
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.masking import mask, merged
from lmstudy.preferences.scorers.personal_data import STEERING as KINDS
from lmstudy.preferences.scorers.personal_names import census_names, faker_names
from lmstudy.preferences.scorers.privacy import PrivacyScorer
from lmstudy.preferences.scorers.privacy_held_out import HeldOutPrivacyScorer

SIGNED = """\
# Copyright (C) 2001 by Margaret Hamilton <margaret@example.org>
# All rights reserved.
#
# Author: Zyx Qwrty
__email__ = 'Zyx.Qwrty@example.org'
"""


@pytest.fixture(params=[PrivacyScorer, HeldOutPrivacyScorer])
def scorer(request):
    return request.param()


def found(scorer, text: str) -> list[tuple[str, str]]:
    return [(text[start:end], kind) for start, end, kind in scorer.found(text)]


def test_items_counted_by_hand_belong_to_their_lines(scorer):
    segments = lines(SIGNED)
    assert found(scorer, SIGNED) == [
        ("Margaret Hamilton", "NAME"),
        ("margaret@example.org", "EMAIL"),
        ("Zyx.Qwrty@example.org", "EMAIL"),
    ]
    assert scorer.score(segments) == [2 / len(segments[0]), 0, 0, 0, 1 / len(segments[4])]
    assert scorer.score_batch([segments, ["# nothing\n"]]) == [scorer.score(segments), [0]]


def test_the_released_code_divides_by_the_length_twice():
    segments = lines(SIGNED)
    once, twice = PrivacyScorer(), PrivacyScorer(divided_twice=True)
    assert (once.name, twice.name) == ("privacy", "privacy-released")
    for segment, plain, released in zip(segments, once.score(segments), twice.score(segments), strict=True):
        assert released == pytest.approx(plain / len(segment))
    assert twice.score([""]) == [0]


def test_kinds_are_chosen():
    text = "Margaret Hamilton, margaret@example.org, 212-555-1234, 378282246310005, username: ann password: secret"
    kinds = [kind for _, kind in found(PrivacyScorer(), text)]
    assert kinds == ["NAME", "EMAIL", "PHONE", "CREDIT_CARD", "CREDENTIAL"]
    assert found(PrivacyScorer(["email"]), text) == [("margaret@example.org", "EMAIL")]
    assert found(HeldOutPrivacyScorer(["name"]), text) == [("Margaret Hamilton", "NAME")]
    assert found(HeldOutPrivacyScorer(["email", "phone"]), text) == [
        ("margaret@example.org", "EMAIL"),
        ("212-555-1234", "PHONE"),
    ]


def test_the_detectors_differ_where_they_are_known_to():
    """What each finds alone, as counted in the corpus: the reasons why one can be gamed and the other see it."""
    train, held_out = PrivacyScorer(), HeldOutPrivacyScorer()
    spelled = "ann at example dot org"
    assert (found(train, spelled), found(held_out, spelled)) == ([(spelled, "EMAIL")], [])
    unusual = "Alexandre Quillfeder"  # a given name of the world, no family name of the census
    assert (found(train, unusual), found(held_out, unusual)) == ([(unusual, "NAME")], [])
    both = "to an Agent at demo.example.com"  # scrubadub reads "at" as "@"
    assert (len(found(train, both)), found(held_out, both)) == (1, [])


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("by Peter Quill. All rights reserved", ["Peter Quill"]),
        ("Contact Leighton Quill", ["Leighton Quill"]),
        ("Marijn van Quill, David C. Quill", ["Marijn van Quill", "David C. Quill"]),
        ("Matti Öljylampu's code", ["Matti Öljylampu's"]),
        ("Jonas Åkerquill", ["Jonas Åkerquill"]),
        ("Ada\nLovelace", []),
        ("margaret hamilton MARGARET HAMILTON", []),
        ("An Internet Profile on Mac OS, Sun May 10", []),
        ("peter.quill@Example.Org, http://x.org/Peter Quill", []),
        ("Natural Language Toolkit: Interface", []),
    ],
)
def test_names_begin_with_a_known_given_name(text, names):
    assert [text[start:end] for start, end in faker_names().spans(text)] == names


def test_the_census_knows_both_names():
    texts = ("Peter Porter", "Peter Zyxqw", "Sun May 10", "Jo B. Smith")
    assert [len(census_names().spans(text)) for text in texts] == [1, 0, 0, 1]
    assert len(census_names().given) == 5163
    assert len(faker_names().given) > 10_000


def test_masks_keep_lines_and_lengths(scorer):
    masked = scorer.masked(SIGNED)
    assert masked == (
        "# Copyright (C) 2001 by {{NAME_________}} <{{EMAIL___________}}>\n"
        "# All rights reserved.\n"
        "#\n"
        "# Author: {{NAME_}}\n"  # known to no list, but an author
        "__email__ = '{{EMAIL____________}}'\n"
    )
    assert len(masked) == len(SIGNED)


@pytest.mark.parametrize(
    "text",
    [
        "# Author: zyx",
        "@author: Zyx",
        '__author__ = "Zyx Qwrty, Abc Defgh"',
        "# Zyx Qwrty <zyx@example.org>",
        "zyx@localhost zyx@",
        "zyx [at] example . org",
        "zyx (at) example (dot) org",
        "zyx at example dot org",
        "Authors:\n\n* Zyx Qwrty\n* Abc",
        "# Author: Ann\n#         Zyx Qwrty",
        "# Copyright 2001 Zyx Qwrty",
        "# $Id: a.py 1 2001-02-03 zyx $",
        "Zyx, Q. W. (2001) and Q. W. Zyx",
    ],
)
def test_masks_cover_more_than_is_detected(text):
    assert not re.search(r"zyx|qwrty|abc|defgh", mask(text), re.IGNORECASE)


def test_masks_leave_the_rest():
    text = '"""Decoding of expressions, i.e. trees.\n\nSee https://example.org/docs.\n"""\nimport os\nx = a @ b\n'
    assert mask(text) == text


def test_spans_that_overlap_are_one_item():
    assert merged([(5, 9, "A"), (0, 6, "B"), (9, 12, "C"), (3, 3, "D")]) == [(0, 9, "B"), (9, 12, "C")]


def test_it_is_built_from_its_keys(scorer):
    target = f"{type(scorer).__module__}.{type(scorer).__qualname__}"
    assert build({"_target_": target, "kinds": ["email"]}, "scorer").kinds == ("email",)
    with pytest.raises(StudyError, match=r"scorer\.kinds"):
        build({"_target_": target, "kinds": ["mail"]}, "scorer")
    with pytest.raises(StudyError, match=r"scorer\.kinds=\[\] must be one or more of name, email"):
        type(scorer)([])


def test_every_text_must_be_masked(scorer):
    assert scorer.masks
    assert PrivacyScorer().kinds == KINDS
