"""Preferences in Chinese: differences worked out by hand, tables and samples, and glosses of what is published."""

import dataclasses
import html
import math

import numpy as np
import pytest
from scipy.stats import t

from lmstudy.chapters.chinese_preferences import chinese_preferences as chapter
from lmstudy.runs.records import Record, load_folder, published_folder
from lmstudy.study.shelf import NoRecordsError, Shelf
from tests.chapters.result_records import PARTS, judged, settings_of, trained
from tests.claim_records import composed, record


def steering(seed: int, good: float, bad: float, source: str = chapter.CHINESE) -> Record:
    """Two texts in each part, all with the same score behind a control token."""
    shares = {"good": good, "none": 0.5, "bad": bad, "people": 0.25}
    groups = {name: [[2 * share, 2]] * PARTS for name, share in shares.items()}
    languages = {f"{place}{token}/chinese": 0.5 for place in ("", "unprompted/") for token in ("good", "none", "bad")}
    written = {token: {"written": f"<{token}>", "score": shares[token]} for token in ("good", "none", "bad")}
    return record(
        seed, "evaluation", {"measure": {"name": "steering", "source": source}}, 2.0, seed=seed, metrics=languages,
        groups=groups, samples=[{"beginning": "开始", **written}, {"beginning": "第二", **written}],
    )  # fmt: skip


def test_steering_is_the_paired_difference_over_seeds():
    gaps = [0.10, 0.20, 0.30]
    found = chapter.steered_in_points([steering(s, 0.2, 0.2 + gap) for s, gap in enumerate(gaps)])
    assert found.value == pytest.approx(20)
    half = t.ppf(0.975, 2) * np.std(gaps, ddof=1) / math.sqrt(3) * 100
    assert found.high - found.value == pytest.approx(half, rel=0.15)  # texts of a part are equal: seeds are all


def test_two_effects_differ_with_the_uncertainty_of_both():
    one = [steering(s, 0.2, 0.2 + gap) for s, gap in enumerate([0.25, 0.30, 0.35])]
    other = [steering(s, 0.4, 0.4 + gap) for s, gap in enumerate([-0.05, 0.0, 0.05])]
    found = chapter.more_steered(one, other)
    assert found.value == pytest.approx(30)
    single = chapter.steered_in_points(one)
    # equal variances: the standard error is sqrt(2) times one, and Welch's degrees of freedom are twice as many
    assert found.df == pytest.approx(2 * single.df, rel=0.05)
    error = (single.high - single.value) / t.ppf(0.975, single.df)
    assert found.high - found.value == pytest.approx(math.sqrt(2) * error * t.ppf(0.975, found.df), rel=0.05)
    assert chapter.more_steered(other, one).value == pytest.approx(-30)


def test_tables_say_which_way_is_steering():
    records = [steering(s, 0.2, 0.3) for s in range(3)]
    row = chapter.steering_table({"x": records}).loc["x"]
    assert list(row[["good token", "bad token", "people's own"]]) == pytest.approx([20, 30, 25])
    assert row["bad minus good"].value == pytest.approx(10)
    row = chapter.steering_table({"x": records}, rating=True).loc["x"]
    assert list(row[["good token", "bad token"]]) == pytest.approx([-0.2, -0.3])
    assert row["good minus bad"].value == pytest.approx(0.1)
    assert set(chapter.language_table({"x": records})["x"]) == {50}


def test_samples_are_text_and_not_markup():
    shown = chapter.continued(steering(1, 0.2, 0.3), 1)
    assert "&lt;good&gt;" in shown
    assert "20 % negative" in shown
    assert "第二" in chapter.continued(steering(1, 0.2, 0.3), 1, skip=1)
    assert "predicted rating −0.3" in chapter.continued(steering(1, 0.2, 0.3, chapter.ENGLISH), 1)
    text = next(iter(chapter.glosses()))
    run = dataclasses.replace(steering(1, 0, 0), samples=[{"of": "unprompted", "segments": [text], "scores": [0.5]}])
    assert html.escape(chapter.glosses()[text], quote=False) in chapter.first_texts({"x": run}, 1)


def test_models_of_reviews_are_compared_by_what_they_are_asked():
    made = []
    for seed in (1, 2):
        runs = {name: trained(chapter.LABELS, name, seed, budget=chapter.BUDGET) for name in ("MLE", "conditional")}
        made += runs.values()
        means = {"MLE": 0.6, "conditional, no token": 0.5, chapter.GOOD: 0.3, chapter.BAD: 0.8}
        for name, (of, *control) in chapter.ASKED.items():
            own = judged(runs[of], means[name], asked_for=[f"measure={chapter.LABELS}", *control])
            counted = {f"{where}/training/bad": own.groups[f"{where}/training"] for where in ("unprompted", "prompted")}
            found = own.metrics | {"unprompted/finished": 0.75}
            made.append(dataclasses.replace(own, metrics=found, groups=own.groups | counted))
    labels = chapter.labelled(Shelf(made))
    assert chapter.lower(labels, chapter.GOOD, "MLE").value == pytest.approx(30, abs=3)
    found = chapter.levels(labels)
    assert {name: e.value for name, e in found["from nothing"].items()} == pytest.approx(
        {name: 100 * mean for name, mean in means.items()}, abs=3
    )
    table = chapter.asked_table(labels)
    assert list(table.index) == [*chapter.ASKED, "people's held-out reviews"]
    assert set(table["ended, %"].dropna()) == {75}
    assert math.isnan(table["characters"].iloc[-1])


def test_bilingual_runs_of_other_lengths_are_other_runs():
    runs = [trained_for(steps) for steps in (chapter.STEPS, 2400)]
    made = [record(9 + n, "evaluation", settings_for(run, source), 2.0, seed=1)
            for run in runs for n, source in enumerate(chapter.MEASURES)]  # fmt: skip
    made = [dataclasses.replace(one, id=f"{n:016x}") for n, one in enumerate(made)]
    shelf = Shelf([*runs, *made])
    assert chapter.bilingual(shelf) == {chapter.CHINESE: [made[0]], chapter.ENGLISH: [made[1]]}
    assert chapter.bilingual(shelf, steps=2400) == {chapter.CHINESE: [made[2]], chapter.ENGLISH: [made[3]]}
    budgets = [run.config["budget"] for run in runs]
    assert [own["name"] for own in budgets] == ["short", "short"]
    assert [own["steps"] / own["evaluate_every"] for own in budgets] == [4, 4]


def trained_for(steps):
    config = {**composed("train", f"budget={chapter.BUDGET}", *chapter.overrides(steps)), "seed": 1}
    return record(steps, "train", config, 2.0, seed=1)


def settings_for(run, source):
    settings = settings_of(f"measure={chapter.MEASURES[source]}")
    return {"run": {"id": run.id, "name": run.name, "config": run.config}, "measure": settings, "data": None}


def test_every_gloss_is_of_a_published_text():
    texts = set()
    for published in load_folder(published_folder()):
        for sample in published.samples:
            if isinstance(sample, dict) and "segments" in sample:
                texts.add("".join(sample["segments"]))
            elif isinstance(sample, dict) and "beginning" in sample:
                texts |= {sample["beginning"], *(sample[token]["written"] for token in ("good", "none", "bad"))}
    assert chapter.glosses().keys() <= texts


def test_the_lexicon_and_the_full_cost_are_shown_where_they_were_measured():
    runs = {
        (name, seed): trained(chapter.LABELS, name, seed, budget=chapter.BUDGET)
        for name in ("MLE", "conditional")
        for seed in (1, 2)
    }
    labels = chapter.Labelled({name: [runs[name, seed] for seed in (1, 2)] for name in ("MLE", "conditional")}, {})
    bare = Shelf(list(runs.values()))
    for missing in (chapter.by_lexicon, chapter.cost_charged):
        with pytest.raises(NoRecordsError):
            missing(bare, labels)
    made = list(runs.values())
    shares = {"MLE": 0.6, "conditional, no token": 0.6, chapter.GOOD: 0.4, chapter.BAD: 0.7}
    for (name, seed), run in runs.items():
        for asked, (of, *control) in chapter.ASKED.items():
            if of != name:
                continue
            own = judged(run, shares[asked], asked_for=[f"measure={chapter.LEXICON}", *control])
            counted = dict.fromkeys((chapter.UNPROMPTED, chapter.BY_LEXICON), own.groups["unprompted/training"])
            made.append(dataclasses.replace(own, groups=own.groups | counted))
        bits = {"MLE": 2.0, "conditional": 2.02}[name]
        settings = {"run": {"id": run.id}, "measure": settings_of("measure=code_length"), "data": None}
        charged = record(seed, "evaluation", settings, bits, seed=seed, groups={"valid": [[10 * bits, 10]] * PARTS})
        made.append(dataclasses.replace(charged, id=f"{len(made):016x}"))
    shelf = Shelf(made)
    table = chapter.lexicon_table(chapter.by_lexicon(shelf, labels))
    assert table.loc["MLE minus good token", "by the lexicon"].value == pytest.approx(20, abs=3)
    assert table.loc["bad token minus good token", "by the grader"].value == pytest.approx(30, abs=3)
    assert chapter.fewer_by_lexicon(shelf, labels, chapter.BAD).value == pytest.approx(30, abs=3)
    assert chapter.cost_charged(shelf, labels).value == pytest.approx(1, abs=0.01)
