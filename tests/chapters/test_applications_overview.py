"""All applications side by side, of records whose truth is known."""

import numpy as np
import pytest

from lmstudy.chapters.applications import figures as drawn
from lmstudy.chapters.applications import overview
from lmstudy.chapters.applications.scores import BITS, SCORES, pays
from lmstudy.study.applications import MLE, SCRATCH, Arm
from lmstudy.tasks.base import PARTS
from tests.chapters.test_applications import baseline, classified
from tests.claim_records import record

LEVELS = {SCRATCH: 20.0, MLE: 25.0, "conditional": 24.9}


def translated(level, seed, number=0):
    rng = np.random.default_rng([seed, number])
    rows = [[float(30 * (level + noise)), 30.0] for noise in rng.normal(0, 0.5, PARTS)]
    ones = {
        name: [[value * 30, 30.0]] * PARTS for name, value in (("exact", 0.1), ("placeholders", 1.0), ("bits", 2.0))
    }
    groups = {f"test/{name}": own for name, own in {"chrf": rows, **ones}.items()}
    metrics = {"test/bleu": level, "test/chrf": level + 1, "test/exact": 0.1, "test/remembered": 0.25}
    own = {"metrics": metrics | {"train/examples": 1000.0, "best_step": 60.0 + 10 * seed}, "groups": groups}
    return record(100 * number + seed, "tuning", {}, 2.0, seed=seed, **own)


@pytest.fixture(scope="module")
def everything():
    shares = {SCRATCH: 0.5, MLE: 0.7, "conditional": 0.7}
    return {
        "sentiment": {
            Arm(start, 1000): [classified(share, seed, number=number) for seed in (1, 2, 3)]
            for number, (start, share) in enumerate(shares.items())
        },
        "translation": {
            Arm(start, 1000): [translated(level, seed, number) for seed in (1, 2, 3)]
            for number, (start, level) in enumerate(LEVELS.items())
        },
    }


@pytest.fixture(scope="module")
def known():
    one = translated(22.0, 9)
    metrics = {f"test/memory/{name.removeprefix('test/')}": value for name, value in one.metrics.items()}
    groups = {f"test/memory/{name.removeprefix('test/')}": rows for name, rows in one.groups.items()}
    return {"sentiment": baseline(), "translation": record(77, "baseline", {}, 2.0, metrics=metrics, groups=groups)}


def test_every_task_is_a_row_with_its_best_rival(everything, known):
    table = overview.overview(everything, known, 1000)
    assert list(table.index) == ["sentiment, English", "translation"]
    assert table.loc["translation", "best rival"].endswith("(memory)")
    assert list(table.columns)[2:] == ["network from scratch", "pretrained, MLE"]


def test_gains_are_shares_of_what_they_are_gains_over(everything):
    gains = overview.pretraining_gains(everything, 1000)
    assert gains["translation"].value == pytest.approx(25, abs=1)
    assert gains["translation"].low > 20
    assert overview.gains_by_examples(everything) == {f"{name}, 1,000": e for name, e in gains.items()}
    bits = overview.bits_by_examples(everything)
    assert {name: e.value for name, e in bits.items()} == {"translation, 1,000": 0}
    costs = overview.preference_costs(everything, 1000)
    assert {title: list(found) for title, found in costs.items()} == {
        "sentiment, English": ["conditional"],
        "translation": ["conditional"],
    }
    assert {title: list(found) for title, found in overview.preference_bits(everything, 1000).items()} == {
        "translation": ["conditional"]
    }
    said = overview.verdicts(gains)
    assert said.startswith(
        "Of 2 differences, 2 above zero with the whole interval: sentiment, English; translation. Below it, 0"
    )
    said = overview.verdicts({title: found["conditional"] for title, found in costs.items()})
    assert said.count("none") == 2
    assert "Not to be told from it, 2. If there were no difference anywhere, 0.1 of so many" in said


def test_the_kept_steps_are_means_over_seeds(everything):
    own = {"translation": everything["translation"]}
    table = overview.kept_steps({"by loss": own, "by answers": own}, 1000)
    assert list(table.columns) == [
        f"{start}, {how}" for how in ("by loss", "by answers") for start in ("network from scratch", "pretrained, MLE")
    ]
    assert set(table.loc["translation"]) == {"80"}


def test_corpus_scores_and_memory_are_means_over_seeds(everything, known):
    table = overview.corpus_bleu(everything["translation"], 1000, known["translation"])
    assert table.loc["memory", "BLEU"] == "22.0"
    assert table.loc["pretrained, MLE", "chrF of the corpus"] == "26.0"
    assert overview.remembered(everything["translation"], 1000).iloc[0, 1] == "25.0"


def test_figures_draw_every_curve_and_gain(everything, known):
    arms = everything["translation"]
    more = arms | {
        Arm(start, 100): [translated(LEVELS[start] - 5, s, 7) for s in (1, 2, 3)] for start in (SCRATCH, MLE)
    }
    for records in (more[Arm(start, 100)] for start in (SCRATCH, MLE)):
        for one in records:
            one.metrics["train/examples"] = 100.0
    known["translation"].metrics["train/examples"] = 1000.0
    figure = drawn.learning(more, SCORES["translation"][0], [known["translation"]], ["memory"])
    shown = {text.get_text() for text in figure.axes[0].texts}
    assert shown == {"network from scratch", "pretrained, MLE", "memory"}
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["100", "1,000"]
    assert list(pays(more, SCORES["translation"][0])) == ["1,000 examples", "100 examples"]
    assert pays(more, BITS)["1,000 examples"].value == 0
