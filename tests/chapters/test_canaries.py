"""Planted items: the truth is known, and a detector is charged for what it overlooks."""

import pytest

from lmstudy.chapters.preferences.canaries import LINES, PEOPLES, Canary, planted, recall_table
from lmstudy.preferences.scorers.personal_data import PersonalDataScorer
from lmstudy.preferences.scorers.privacy import PrivacyScorer
from lmstudy.preferences.scorers.privacy_held_out import HeldOutPrivacyScorer


class Addresses(PersonalDataScorer):
    """Finds what has an at sign, and calls it an address."""

    name = "addresses"

    def found(self, text):
        return [(i, i + 1, "EMAIL") for i, letter in enumerate(text) if letter == "@"]


def test_items_stand_where_they_are_said_to_and_follow_the_seed():
    canaries = planted(12, seed=1)
    assert len(canaries) == 12 * len(PEOPLES) * len(LINES)
    assert canaries == planted(12, seed=1) != planted(12, seed=2)
    for one in canaries:
        assert "@" in one.line[one.start : one.end] or one.kind != "email"
        assert one.line.endswith("\n")


def test_what_is_overlooked_counts():
    table = recall_table({"at signs": Addresses()}, planted(20, seed=1))
    column = table["at signs"]
    assert column["email, English"].value == 100
    assert column["name, English"].value == 0
    assert 0 < column["name, English"].high < 30


def test_another_kind_at_the_same_place_does_not_count():
    line = "# Tel. a@b\n"
    assert Canary(line, "email", 7, 10, "English").is_found(Addresses())
    assert not Canary(line, "phone", 7, 10, "English").is_found(Addresses())


@pytest.mark.parametrize("detector", [PrivacyScorer(), HeldOutPrivacyScorer()], ids=lambda one: one.name)
def test_the_studys_detectors_find_addresses_and_overlook_phones(detector):
    canaries = planted(40, seed=3)
    found = {kind: [one.is_found(detector) for one in canaries if one.kind == kind] for kind in LINES}
    assert sum(found["email"]) > 0.9 * len(found["email"])
    assert sum(found["name"]) > 0
    assert 0 < sum(found["phone"]) < 0.8 * len(found["phone"])
