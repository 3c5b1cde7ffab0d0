"""The losses of pairs of the chapter on post-training: what was tried, what was chosen, and what was registered."""

import pytest

from lmstudy.chapters.post_training import figures
from lmstudy.chapters.post_training import losses as chapter
from lmstudy.runs.dpo import dpo_of
from lmstudy.study import register
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.chapters.result_records import judged, trained
from tests.claim_records import composed, record


@pytest.fixture(scope="module")
def start():
    return trained("privacy", "MLE, four fifths", chapter.TUNED_ON)


def setting(number, start, bits, *overrides):
    asked = composed("dpo", "run=any", "samples=512", "steps=45", *overrides)
    metrics = {"valid/bits_per_byte": bits, "train/tokens": 7e4}
    return record(number, "train", dpo_of(asked, start), bits, seed=start.seed, metrics=metrics)


def test_the_chosen_setting_has_the_fewest_items_within_the_limit(start):
    bits = start.metrics["valid/bits_per_byte"]
    dear = setting(901, start, bits * 1.03, "loss=kto", "beta=0.01")
    good = setting(902, start, bits * 1.02, "loss=kto", "beta=0.1")
    mild = setting(903, start, bits * 1.00, "loss=kto", "beta=1.0")
    longer = setting(904, start, bits * 1.00, "loss=kto", "beta=1.0", "steps=46")
    items = [(dear, 0.0001), (good, 0.0004), (mild, 0.002), (longer, 0.0001)]
    shelf = Shelf([start, *(run for run, _ in items), *(judged(run, score) for run, score in items)])
    frame = chapter.tried(shelf)
    assert frame["beta"].tolist() == [0.01, 0.1, 1.0]
    assert frame[chapter.MORE_BITS].tolist() == pytest.approx([3, 2, 0])
    assert chapter.best(frame)[["loss", "beta"]].to_numpy().tolist() == [["KTO", 0.1]]
    drawn = figures.prices(frame).axes[0].get_lines()
    assert [line.get_xdata().tolist() for line in drawn[:2]] == [pytest.approx([3, 2, 0]), pytest.approx([2])]
    with pytest.raises(NoRecordsError):
        chapter.tried(Shelf([start]))


def test_the_settings_that_are_registered_are_those_that_the_published_trials_choose():
    chosen = chapter.best(chapter.tried(Shelf.open("runs", makes=False)))
    found = {entry.prediction.id: entry.prediction for entry in register.read().values()}
    arms = {name.split(".")[1].split("_")[0]: found[name].first for name in chapter.REGISTERED}
    arms["dpo"] = found[chapter.REGISTERED[0]].second
    assert len(arms) == len(chosen) == 4
    for _, row in chosen.iterrows():
        asked = dict(override.split("=") for override in arms[row["loss"].lower()].dpo)
        assert (float(asked["beta"]), float(asked["optimizer.lr"])) == (row["beta"], row["learning rate"])
        assert asked["loss"] == row["loss"].lower()
