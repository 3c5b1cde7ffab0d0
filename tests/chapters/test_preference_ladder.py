"""Preferences along the ladder: what is compared at each rung, and how it changes from rung to rung."""

import pytest

from lmstudy.chapters.preference_ladder import figures, ladder
from lmstudy.study import preference_ladder
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.chapters.result_records import charged, judged, number
from tests.claim_records import trained as made

RATES = {"MLE": "2.0e-2", "filtering": "2.0e-2", "conditional": "1.0e-2"}
MEANS = {"MLE": (0.002, 0.002, 0.002), "filtering": (0.001, 0.001, 0.001), "conditional": (0.001, 0.0005, 0.00025)}
BITS = {"MLE": 2.0, "filtering": 2.2, "conditional": 2.02}


@pytest.fixture
def shelf(monkeypatch):
    """Conditional training halves its items with every rung, the others stay."""
    monkeypatch.setitem(preference_ladder.BEST, "privacy", RATES)
    found = []
    for rung, steps in enumerate(ladder.LENGTHS):
        for name in ladder.COMPARED:
            for seed in ladder.SEEDS:
                metrics = {"train/tokens": 1e6 * 4**rung, "valid/bits_per_byte": BITS[name]}
                arm = preference_ladder.arm("privacy", name, steps)
                run = made(number(name, seed, steps), *arm, seed=seed, metrics=metrics)
                test = ("measure=privacy", "split=test")
                found += [run, judged(run, MEANS[name][rung], asked_for=test), charged(run, BITS[name])]
    return Shelf(found)


def test_what_a_method_gains_and_costs_at_each_rung(shelf):
    found = ladder.climbed(shelf, "privacy")
    gains = ladder.fewer(found, "conditional")
    assert [gains[steps].value for steps in ladder.LENGTHS] == pytest.approx([2, 4, 8], rel=0.1)
    costs = ladder.costs(found, "filtering")
    assert [costs[steps].value for steps in ladder.LENGTHS] == pytest.approx([10, 10, 10], rel=1e-3)
    table = ladder.size_table(found)
    assert table["million target tokens"].tolist() == [1, 4, 16]


def test_a_rung_without_its_runs_is_missing(shelf):
    left = [one for one in shelf.records if one.kind != "train" or one.config["budget"]["steps"] < 6400]
    with pytest.raises(NoRecordsError):
        ladder.climbed(Shelf(left), "privacy")


def test_figures_name_the_methods(shelf):
    found = ladder.climbed(shelf, "privacy")
    for figure in (figures.gains(found), figures.prices(found)):
        words = {text.get_text() for axes in figure.axes for text in axes.texts}
        assert {"filtering", "conditional", "MLE"} <= words
