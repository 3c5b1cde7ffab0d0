"""The losses of pairs of the chapter on post-training: what was tried, what was chosen, and what was registered."""

import pytest

from lmstudy.chapters.post_training import figures
from lmstudy.chapters.post_training import losses as chapter
from lmstudy.runs.dpo import dpo_of
from lmstudy.study import register
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.chapters.result_records import judged, trained
from tests.claim_records import composed, record
from tests.conftest import ROOT


@pytest.fixture(scope="module")
def start():
    return trained("privacy", "MLE, four fifths", chapter.TUNED_ON)


def setting(number, start, bits, *overrides):
    asked = composed("dpo", "run=''", "samples=512", "steps=45", *overrides)
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
    assert chapter.best(frame) == {"KTO": (0.1, 3e-4)}
    assert figures.prices(frame).axes[0].get_xlabel() == chapter.MORE_BITS
    with pytest.raises(NoRecordsError):
        chapter.tried(Shelf([start]))


def test_what_the_chapter_calls_chosen_is_what_the_published_trials_say():
    frame = chapter.tried(Shelf.open("runs", makes=False))
    assert chapter.best(frame) == {name: (beta, float(rate)) for name, (beta, rate) in chapter.CHOSEN.items()}


def test_the_chapter_s_arms_are_those_of_the_register():
    found = register.read(ROOT / "book" / "register").values()
    predictions = [entry.prediction for entry in found if entry.prediction.id.startswith("losses.")]
    assert len(predictions) == 6
    for one in predictions:
        name = one.id.removeprefix("losses.").partition("_")[0].upper()
        assert (one.first.train, one.first.dpo) == (chapter.chosen(name).train, chapter.chosen(name).dpo)
        assert one.second.dpo == chapter.chosen("DPO").dpo
        assert tuple(one.seeds) == chapter.SEEDS
