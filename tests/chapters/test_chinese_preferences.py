"""Preferences in Chinese: differences worked out by hand, tables and samples, and glosses of what is published."""

import math

import numpy as np
import pytest
from scipy.stats import t

from lmstudy.chapters.chinese_preferences import chinese_preferences as chapter
from lmstudy.chapters.chinese_preferences import figures as drawn
from lmstudy.chapters.chinese_preferences.glosses import GLOSSES
from lmstudy.compose import compose_config
from lmstudy.runs.records import Record, load_folder, published_folder
from lmstudy.study.claims import NoRecordsError

PARTS = 32


def steering(seed: int, good: float, bad: float, source: str = chapter.CHINESE) -> Record:
    """Two texts in each part, all with the same score behind a control token."""
    shares = {"good": good, "none": 0.5, "bad": bad, "people": 0.25}
    groups = {name: [[2 * share, 2]] * PARTS for name, share in shares.items()}
    languages = {f"{place}{token}/chinese": 0.5 for place in ("", "unprompted/") for token in ("good", "none", "bad")}
    written = {token: {"written": f"<{token}>", "score": shares[token]} for token in ("good", "none", "bad")}
    return Record(
        id=f"{seed:016x}", kind="evaluation", name="steering-x", seed=seed, data="x", numerics=1, commit=None,
        config={"measure": {"name": "steering", "source": source}}, versions={}, hardware={}, wall_seconds=1.0,
        started="2026-01-01T00:00:00Z", finished="2026-01-01T00:00:01Z", metrics=languages, groups=groups,
        samples=[{"beginning": "开始", **written}, {"beginning": "第二", **written}],
    )  # fmt: skip


def test_steering_is_the_paired_difference_over_seeds():
    gaps = [0.10, 0.20, 0.30]
    found = chapter.steered_in_points([steering(s, 0.2, 0.2 + gap) for s, gap in enumerate(gaps)])
    assert found.value == pytest.approx(20)
    half = t.ppf(0.975, 2) * np.std(gaps, ddof=1) / math.sqrt(3) * 100
    assert found.high - found.value == pytest.approx(half, rel=0.15)  # texts of a part are equal: seeds are all
    back = chapter.steered([steering(s, 0.2, 0.2 + gap) for s, gap in enumerate(gaps)], "good", "bad")
    assert back.value == pytest.approx(-0.2)


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
    assert (row["good token"], row["bad token"], row["people's own"]) == ("20.0", "30.0", "25.0")
    assert row["bad minus good (95 % interval)"].startswith("+10.0 (")
    row = chapter.steering_table({"x": records}, rating=True).loc["x"]
    assert (row["good token"], row["bad token"]) == ("-0.20", "-0.30")
    assert row["good minus bad (95 % interval)"].startswith("+0.10 (")
    assert set(chapter.language_table({"x": records})["x"]) == {"50 %"}


def test_samples_are_text_and_not_markup():
    shown = drawn.continued(steering(1, 0.2, 0.3), 1)
    assert "&lt;good&gt;" in shown
    assert "<good>" not in shown
    assert "20 % negative" in shown
    assert "第二" in drawn.continued(steering(1, 0.2, 0.3), 1, skip=1)
    assert "predicted rating -0.3" in drawn.continued(steering(1, 0.2, 0.3, chapter.ENGLISH), 1)


def test_figures_show_every_row():
    found = chapter.steered_in_points([steering(s, 0.2, 0.3) for s in range(3)])
    figure = drawn.effects({"long": found}, {"own": found, "long": found})
    assert [len(axes.get_yticklabels()) for axes in figure.axes] == [1, 2]


def test_runs_of_other_lengths_are_other_runs():
    short, long = (compose_config("train", list(chapter.overrides(n))) for n in (chapter.STEPS, 2400))
    assert (short["budget"]["name"], short["budget"]["steps"]) == ("short", chapter.STEPS)
    assert long["budget"]["steps"] == 2400
    assert long["budget"]["steps"] / long["budget"]["evaluate_every"] == 4
    assert short["budget"]["steps"] / short["budget"]["evaluate_every"] == 4


def test_missing_records_are_said_to_be_missing():
    with pytest.raises(NoRecordsError, match=r"config\.budget\.steps=400"):
        chapter.bilingual_among([])
    with pytest.raises(NoRecordsError, match="sentiment_zh"):
        chapter.labelled_among([])


def test_every_gloss_is_of_a_published_text():
    texts = set()
    for record in load_folder(published_folder()):
        for sample in record.samples:
            if isinstance(sample, dict) and "segments" in sample:
                texts.add("".join(sample["segments"]))
            elif isinstance(sample, dict) and "beginning" in sample:
                texts |= {sample["beginning"], *(sample[token]["written"] for token in ("good", "none", "bad"))}
    assert set(GLOSSES) <= texts
