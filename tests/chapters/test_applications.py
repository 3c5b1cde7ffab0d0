"""What the chapters on applications say, of records whose truth is known."""

import numpy as np
import pytest

from lmstudy.chapters.applications import scores as chapter
from lmstudy.chapters.applications.figures import differences, learning
from lmstudy.errors import StudyError
from lmstudy.study.applications import MLE, SCRATCH, Arm
from lmstudy.tasks.base import Example
from lmstudy.tasks.classification import RatedSentiment
from tests.claim_records import record

LABELS = RatedSentiment.labels
EXAMPLES = [Example(f"film/{i}", f"text {i}", LABELS[i % 3]) for i in range(600)]


def classified(right, seed, size=1000, number=0):
    """A fine-tuning that tells this share of labels rightly."""
    rng = np.random.default_rng([seed, number])
    task = RatedSentiment({})
    truth = task.truth(EXAMPLES)
    told = np.where(rng.random(600) < right, truth, (truth + 1) % 3)
    judgement = task.of_labels(EXAMPLES, told)
    metrics = {f"test/{name}": value for name, value in judgement.metrics.items()}
    groups = {f"test/{name}": rows for name, rows in judgement.groups(EXAMPLES).items()}
    own = {"metrics": metrics | {"train/examples": float(size)}, "groups": groups}
    return record(10 * seed + number, "tuning", {}, 2.0, seed=seed, **own)


@pytest.fixture(scope="module")
def arms():
    shares = {(SCRATCH, 100): 0.4, (SCRATCH, 1000): 0.5, (MLE, 100): 0.42, (MLE, 1000): 0.7, ("filtering", 1000): 0.7}
    shares |= {("filtering", 100): 0.3}
    return {
        Arm(*arm): [classified(share, seed, arm[1], number) for seed in (1, 2, 3)]
        for number, (arm, share) in enumerate(shares.items())
    }


def baseline(right=0.6):
    one = classified(right, 9)
    metrics = {name.replace("test/", "test/rule/"): value for name, value in one.metrics.items()}
    metrics |= {"data/train/examples": 5.0, "data/train/from/film": 5.0, "data/left out/too_long": 3.0}
    metrics |= {f"data/{split}/examples": 2.0 for split in ("valid", "test")}
    groups = {name.replace("test/", "test/rule/"): rows for name, rows in one.groups.items() if "test/" in name}
    return record(99, "baseline", {}, 2.0, metrics=metrics, groups=groups)


def test_a_score_is_that_of_all_seeds(arms):
    records = arms[Arm(MLE, 1000)]
    e = chapter.estimate(records, chapter.F1)
    assert e.value == pytest.approx(np.mean([r.metrics["test/f1"] for r in records]), abs=0.003)
    assert (e.low < e.value < e.high, e.n) == (True, 3)
    accuracy = chapter.estimate(records, chapter.SCORES["sentiment"][1])
    assert accuracy.value == pytest.approx(np.mean([r.metrics["test/accuracy"] for r in records]))
    with pytest.raises(StudyError, match="has no row test/chrf"):
        chapter.estimate(records, chapter.main_score("translation"))


def test_differences_are_paired_and_found_where_there_are_some(arms):
    gains = chapter.pays(arms, chapter.F1)
    assert list(gains) == ["100 examples", "1,000 examples"]
    assert gains["1,000 examples"].low > 0.1
    assert gains["100 examples"].low < 0.05
    apart = chapter.against(arms, 1000, chapter.F1)
    assert list(apart) == ["filtering"]
    assert apart["filtering"].low < 0 < apart["filtering"].high
    table = chapter.difference_table(apart | {"x": gains["1,000 examples"]}, chapter.F1)
    assert list(table["says"]) == ["nothing: the interval holds zero", "better"]
    above = chapter.difference(arms[Arm(MLE, 1000)], [baseline()], chapter.F1, than="rule")
    assert above.low > 0
    with pytest.raises(StudyError, match="no seed in common"):
        chapter.difference(arms[Arm(MLE, 1000)][:1], arms[Arm(MLE, 1000)][1:], chapter.F1)


def test_tables_hold_every_answerer_and_start(arms):
    table = chapter.results("sentiment", arms, 1000, [baseline()])
    assert list(table.index) == ["rule", "network from scratch", "pretrained, MLE", "pretrained, filtering"]
    assert table.loc["rule", "macro F1"].count("(") == 0
    assert "to" in table.loc["pretrained, MLE", "macro F1"]
    assert set(chapter.curves(arms, chapter.F1)["pretrained, MLE"]) == {100, 1000}


def test_costs_are_differences_to_maximum_likelihood_by_size_and_are_drawn(arms):
    costs = chapter.costs(arms, chapter.F1)
    assert {size: list(found) for size, found in costs.items()} == {
        "1,000 examples": ["filtering"],
        "100 examples": ["filtering"],
    }
    assert costs["100 examples"]["filtering"].high < 0
    assert costs["1,000 examples"]["filtering"].low < 0 < costs["1,000 examples"]["filtering"].high
    figure = differences({"English": costs, "Chinese": {"100 examples": costs["100 examples"]}}, "macro F1", 2)
    first, second = figure.axes
    assert [axes.get_title() for axes in figure.axes] == ["English", "Chinese"]
    assert [label.get_text() for label in first.get_yticklabels()] == ["filtering"]
    points = [line.get_xdata()[0] for line in first.lines if len(line.get_xdata()) == 1 and line.get_marker() != "None"]
    assert points == [costs[size]["filtering"].value for size in costs]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(costs)
    assert len(second.lines) < len(first.lines)


def test_a_figure_has_a_curve_from_scratch_and_from_maximum_likelihood(arms):
    known = [baseline(), baseline(0.7)]
    for one, size in zip(known, (100.0, 1000.0), strict=True):
        one.metrics["train/examples"] = size
    figure = learning(arms, chapter.F1, known, ["rule"])
    assert len(figure.axes[0].lines) == 3
    assert {text.get_text() for text in figure.axes[0].texts} == {"network from scratch", "pretrained, MLE", "rule"}
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["100", "1,000"]


def test_every_task_has_its_scores_first_the_one_it_is_judged_by():
    from lmstudy.study.applications import STARTS

    assert set(chapter.SCORES) == set(chapter.TITLES) == set(STARTS)


def test_an_objective_that_no_task_has_is_named():
    with pytest.raises(StudyError, match="objectives: 'filtring' is not one of MLE, filtering"):
        chapter.gather("sentiment", objectives=["filtring"])
