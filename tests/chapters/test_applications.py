"""What the chapters on applications say, of records whose truth is known."""

import json

import numpy as np
import pytest

from lmstudy.chapters.applications import classification, data, overview, scores
from lmstudy.errors import StudyError
from lmstudy.measures.evaluate import asked
from lmstudy.study import task_scores
from lmstudy.study.applications import AT, MLE, PEER, SCRATCH, STARTS, Arm
from lmstudy.study.shelf import NoRecordsError, Shelf
from lmstudy.tasks.base import PARTS, Example
from lmstudy.tasks.baselines import LOGISTIC
from lmstudy.tasks.classification import RatedSentiment
from tests.claim_records import composed, record

LABELS = RatedSentiment.labels
EXAMPLES = [Example(f"film/{i}", f"text {i}", LABELS[i % 3]) for i in range(600)]
SEEDS = (1, 2, 3)


def classified(right, seed, size=AT, number=0):
    """A fine-tuning that tells this share of labels rightly."""
    rng = np.random.default_rng([seed, number])
    task = RatedSentiment({})
    truth = task.truth(EXAMPLES)
    judgement = task.of_labels(EXAMPLES, np.where(rng.random(600) < right, truth, (truth + 1) % 3))
    metrics = {f"test/{name}": value for name, value in judgement.metrics.items()}
    groups = {f"test/{name}": rows for name, rows in judgement.groups(EXAMPLES).items()}
    own = {"metrics": metrics | {"train/examples": float(size)}, "groups": groups}
    return record(10 * seed + number, "tuning", {}, 2.0, seed=seed, **own)


def translated(level, seed, size=AT, number=0):
    """A fine-tuning with this chrF, less where it learned from less."""
    rng = np.random.default_rng([seed, number])
    level -= 5 * (size < AT)
    rows = [[float(30 * (level + noise)), 30.0] for noise in rng.normal(0, 0.5, PARTS)]
    same = {"exact": 0.1, "placeholders": 1.0, "bits": 2.0}
    groups = {"test/chrf": rows} | {f"test/{name}": [[30 * x, 30.0]] * PARTS for name, x in same.items()}
    metrics = {"test/bleu": level, "test/chrf": level + 1, "train/examples": float(size), "best_step": 60.0 + 10 * seed}
    return record(100 * number + seed, "tuning", {}, 2.0, seed=seed, metrics=metrics, groups=groups)


def made(how, levels):
    return {
        Arm(start, size): [how(level, seed, size, number) for seed in SEEDS]
        for number, ((start, size), level) in enumerate(levels.items())
    }


def baseline(of, name):
    """A record of baselines with one, which does as a fine-tuning did."""
    metrics = {key.replace("test/", f"test/{name}/"): value for key, value in of.metrics.items()}
    groups = {key.replace("test/", f"test/{name}/"): rows for key, rows in of.groups.items() if "test/" in key}
    return record(99, "task_baseline", {}, 2.0, metrics=metrics, groups=groups)


@pytest.fixture(scope="module")
def everything():
    told = {(SCRATCH, 100): 0.4, (SCRATCH, AT): 0.5, (MLE, 100): 0.42, (MLE, AT): 0.7, ("filtering", AT): 0.7}
    told |= {("filtering", 100): 0.3}
    levels = {(SCRATCH, 100): 20.0, (SCRATCH, AT): 20.0, (MLE, AT): 25.0, ("conditional", AT): 24.9}
    return {"sentiment": made(classified, told), "translation": made(translated, levels)}


@pytest.fixture(scope="module")
def arms(everything):
    return everything["sentiment"]


@pytest.fixture(scope="module")
def known():
    return {
        "sentiment": baseline(classified(0.6, 9), "rule"),
        "translation": baseline(translated(22.0, 9), "memory"),
    }


def test_every_task_has_its_scores():
    assert set(task_scores.SCORES) == set(task_scores.TITLES) == set(STARTS)


def test_a_score_is_that_of_all_seeds(arms):
    records = arms[Arm(MLE, AT)]
    e = task_scores.estimate(records, task_scores.F1)
    assert e.value == pytest.approx(np.mean([r.metrics["test/f1"] for r in records]), abs=0.003)
    assert (e.low < e.value < e.high, e.n) == (True, 3)
    accuracy = task_scores.estimate(records, task_scores.SCORES["sentiment"][1])
    assert accuracy.value == pytest.approx(np.mean([r.metrics["test/accuracy"] for r in records]))
    with pytest.raises(StudyError, match="has no group 'test/chrf'"):
        task_scores.estimate(records, task_scores.main_score("translation"))


def test_differences_are_paired_and_found_where_there_are_some(arms, known):
    gains = scores.pays(arms, task_scores.F1)
    assert list(gains) == ["100 examples", "1,000 examples"]
    assert gains["100 examples"].low < 0.05 < 0.1 < gains["1,000 examples"].low
    costs = scores.costs(arms, task_scores.F1)
    assert {size: list(found) for size, found in costs.items()} == {size: ["filtering"] for size in gains}
    assert costs["100 examples"]["filtering"].high < 0
    assert costs["1,000 examples"]["filtering"].low < 0 < costs["1,000 examples"]["filtering"].high
    assert task_scores.difference(arms[Arm(MLE, AT)], [known["sentiment"]], task_scores.F1, than="rule").low > 0
    told = scores.compared(costs["100 examples"], task_scores.F1, "").to_html()
    assert "worse" in told
    with pytest.raises(StudyError, match="no seed in common"):
        task_scores.difference(arms[Arm(MLE, AT)][:1], arms[Arm(MLE, AT)][1:], task_scores.F1)


def test_results_hold_every_answerer_and_start(everything, known):
    table = scores.results("sentiment", everything["sentiment"], AT, [known["sentiment"]])
    assert list(table.index) == ["rule", "network from scratch", "pretrained, MLE", "pretrained, filtering"]
    assert table.loc["rule", "macro F1"] == task_scores.estimate([known["sentiment"]], task_scores.F1, "rule").value
    assert table.loc["pretrained, MLE", "macro F1"] == task_scores.estimate(
        everything["sentiment"][Arm(MLE, AT)], task_scores.F1
    )
    found = scores.results("translation", everything["translation"], AT).loc["pretrained, MLE"]
    assert found["placeholders kept, %"] == 100.0  # without an interval, since all answers keep all
    assert found[task_scores.BITS.label] == 2.0
    assert found["seeds"] == 3


def test_a_curve_has_a_point_for_each_number_of_examples(arms, known):
    found = scores.learning(arms, task_scores.F1, [known["sentiment"]], ["rule"])
    assert list(found) == ["network from scratch", "pretrained, MLE", "rule"]
    assert list(found["pretrained, MLE"]) == [100, AT]


def test_means_are_over_seeds_of_networks_and_baselines(everything, known):
    table = scores.means(everything["translation"], AT, {"BLEU": "bleu", "no": "none"}, known["translation"])
    assert list(table.index) == ["memory", "network from scratch", "pretrained, MLE", "pretrained, conditional"]
    assert table["BLEU"].to_list() == pytest.approx([22.0, 20.0, 25.0, 24.9])
    assert table["no"].isna().all()


def test_every_task_is_a_row_with_its_best_rival(everything, known):
    table = overview.overview(everything, known, AT)
    assert list(table.index) == ["sentiment, English", "translation"]
    assert table.loc["translation", "best rival"] == "22.0 (memory)"
    assert list(table.columns)[2:] == ["network from scratch", "pretrained, MLE"]


def test_gains_and_costs_are_shares_of_what_they_are_held_against(everything):
    gains = overview.pretraining_gains(everything)
    assert list(gains) == ["sentiment, English, 100", "sentiment, English, 1,000", "translation, 1,000"]
    assert gains["translation, 1,000"].value == pytest.approx(25, abs=1)
    assert list(overview.pretraining_gains(everything, sizes=[100])) == ["sentiment, English, 100"]
    bits = overview.pretraining_gains(everything, task_scores.BITS)
    assert {name: e.value for name, e in bits.items()} == {"translation, 1,000": 0}
    costs = overview.preference_costs(everything, AT)
    assert {title: list(found) for title, found in costs.items()} == {
        "sentiment, English": ["filtering"],
        "translation": ["conditional"],
    }
    assert list(overview.preference_costs(everything, AT, task_scores.BITS)) == ["translation"]
    alone = {"translation": {arm: own for arm, own in everything["translation"].items() if arm.start != "conditional"}}
    assert overview.preference_costs(alone, AT) == {}
    said = overview.verdicts(gains)
    assert "- wholly above it: 2;\n- wholly below it: none" in said
    assert overview.verdicts(costs).startswith("Of 2 intervals:\n\n- around zero: 2;\n- wholly above it: none")


def test_the_kept_steps_are_means_over_seeds(everything):
    own = {"translation": everything["translation"]}
    table = overview.kept_steps({"by loss": own, "by answers": own}, AT)
    assert table.shape == (1, 4)
    assert set(table.loc["translation"]) == {80.0}


def saved(tuning, share, split="test"):
    """A measurement of what sources save a fine-tuning."""
    settings = asked(composed("evaluate", "run=any", "measure=source", f"split={split}"))[1]
    config = {"run": {"id": tuning.id}, "data": None, "measure": json.loads(json.dumps(settings))}
    groups = {f"{split}/source": [[share * 40, 40.0]] * PARTS}
    return record(500 + int(tuning.id, 16), "evaluation", config, 2.0, seed=tuning.seed, groups=groups)


def test_what_sources_save_is_measured_of_each_fine_tuning():
    shares = {SCRATCH: 0.5, MLE: 0.2}
    tunings = {
        start: [record(10 * number + s, "tuning", {}, 2.0, seed=s) for s in SEEDS]
        for number, start in enumerate(shares, start=1)
    }
    shelf = Shelf([saved(one, shares[start]) for start, own in tunings.items() for one in own])
    found = {Arm(start, AT): overview.sources(shelf, own) for start, own in tunings.items()}
    assert [one.config["run"]["id"] for one in found[Arm(MLE, AT)]] == [one.id for one in tunings[MLE]]
    row = overview.source_table({"translation": found}).loc["translation, 1,000"]
    assert row["from scratch"].value == pytest.approx(0.5)
    assert row[overview.APART].value == pytest.approx(-0.3)
    with pytest.raises(NoRecordsError, match="measure=source split=test"):
        overview.sources(Shelf([saved(one, 0.2, "valid") for one in tunings[MLE]]), tunings[MLE])


def test_confusion_is_shares_of_each_true_label(arms):
    told = arms[Arm(MLE, AT)]
    labels, shares = classification.confusion(told)
    assert labels == list(LABELS)
    assert shares.sum(1) == pytest.approx(1)
    assert np.diag(shares) == pytest.approx(0.7, abs=0.06)
    figure = classification.confusion_figure({"one": told, "two": told})
    assert [axes.get_title() for axes in figure.axes] == ["one", "two"]
    assert figure.axes[0].texts[0].get_text() == f"{100 * shares[0, 0]:.0f}"
    by_label = classification.per_label({"one": told, "two": told})
    assert list(by_label.index) == [f"{title}: {label}" for title in ("one", "two") for label in LABELS]


def test_calibration_is_of_those_who_say_how_sure_they_are():
    sure, silent = [classified(0.7, 1)], [classified(0.5, 1)]
    sure[0].metrics["test/calibration_error"] = 0.25
    known = record(50, "task_baseline", {}, 2.0, metrics={f"test/{LOGISTIC}/calibration_error": 0.5, "test/x/f1": 1.0})
    own = {Arm(MLE, AT): sure, Arm(PEER, AT): silent, Arm(MLE, 100): sure}
    table = classification.calibration({"one": own}, AT, {"one": known})
    assert table["one"].to_dict() == {LOGISTIC: 0.5, scores.named(MLE): 0.25}


def test_settings_that_validation_chose_are_told():
    chosen = [{f"test/{LOGISTIC}/strength": c, f"test/{LOGISTIC}/balanced": b} for c, b in ((0.25, 1.0), (16.0, 0.0))]
    known = {str(i): record(60 + i, "task_baseline", {}, 2.0, metrics=own) for i, own in enumerate(chosen)}
    assert classification.chosen(known).endswith("C = 0.25, labels balanced (0); C = 16, labels as they are (1).")


def test_data_is_counted_with_what_was_left_out_and_cut():
    counted = {"train/examples": 5.0, "train/from/film": 5.0, "train/label/good": 4.0, "left out/too_long": 3.0}
    counted |= {"valid/examples": 2.0, "test/examples": 2.0, "test/known sources": 1.0}
    known = record(50, "task_baseline", {}, 2.0, metrics={f"data/{name}": n for name, n in counted.items()})
    assert data.counts(known).loc["train"].to_dict() == {"examples": 5, "from": "1 source", "good": 4}
    assert data.left_out(known)["left out"].to_dict() == {"too long": 3}
    assert data.asked_before(known).startswith("Of 2 test examples, 1 ask")
    counts = {"train/examples": 1000.0, "train/cut": 7.0, "test/examples": 300.0, "test/cut": 2.0}
    few = {**counts, "train/examples": 100.0, "train/cut": 0.0}
    arms = {Arm(MLE, size): [record(51, "tuning", {}, 2.0, metrics=own)] for size, own in ((100, few), (AT, counts))}
    said = "7 of 1,000 training examples and 2 of 300 test examples are longer than the context and are cut there."
    assert data.cut(arms) == said
