"""The chapter on preferences: what it counts, and that nothing private leaves it."""

from types import SimpleNamespace
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from tokenizers import Tokenizer

from lmstudy.chapters.preferences import examples, figures, opinions
from lmstudy.chapters.preferences.preferences import (
    Agreement,
    Drawn,
    Task,
    amounts,
    draw,
    moved_table,
    segment_scores,
    share_table,
    tau,
)
from lmstudy.data.tokenizer import encode, train
from lmstudy.errors import StudyError
from lmstudy.preferences.ratings import LEVELS, Ratings
from lmstudy.preferences.scorers.formatter import FormatterScorer
from lmstudy.preferences.scorers.pep8 import Pep8Scorer
from lmstudy.preferences.scorers.privacy import PrivacyScorer
from lmstudy.preferences.scorers.privacy_held_out import HeldOutPrivacyScorer
from lmstudy.study.reward_models import STRONG, TRAINING_SCORER
from lmstudy.study.shelf import Shelf
from tests.claim_records import composed, record
from tests.preferences.made_scores import NAN, made

BAD = "def f(a,b):\n    x=1\n    return a\n"
CLEAN = "def g(a, b):\n    return a\n"
HEADER = (
    '"""Tools."""\n# Author: Jane Doe <jane.doe@example.org>\n# Author: Mary Smith <mary@example.org>\n#\n# Notes\n'
)


def drawn(*texts: str, sources: list[str] | None = None) -> Drawn:
    return Drawn([text.splitlines(keepends=True) for text in texts], np.array(sources or ["p"] * len(texts)))


def test_shares_of_what_is_bad_leave_out_what_has_no_score():
    scored = made([0.0, 1.0], [0.0, 0.0], [NAN, NAN], [1.0])
    task = Task(SimpleNamespace(), Pep8Scorer(), scored)  # type: ignore[arg-type]
    assert task.known().tolist() == [0, 1, 0, 0, 1]
    assert task.bad_segments() == pytest.approx(2 / 5)
    assert task.bad_documents() == pytest.approx(2 / 3)
    table = share_table({"style": task})
    assert table.loc["style", ["documents", "bad segments, %"]].tolist() == [4, 40]
    exactly = Task(SimpleNamespace(), Pep8Scorer(), made([-1.3], [-1.2], threshold=-1.3))  # type: ignore[arg-type]
    assert exactly.bad_segments() == exactly.bad_documents() == 0.5  # at the threshold a segment is good


@pytest.fixture(scope="module")
def corpus() -> Any:
    texts = {"a": [f"def a{i}():\n    pass\n" for i in range(30)], "b": [f"b{i} = 1\n" for i in range(9)]}
    tokenizer: Tokenizer = train([text for own in texts.values() for text in own], 300)
    splits = {}
    for split, source in (("train", "a"), ("valid", "b")):
        own = texts[source]
        tokens, starts = encode(tokenizer, [text.splitlines(keepends=True) for text in own])
        columns = {"text": own, "source": [source] * len(own), "tokens": tokens, "starts": starts}
        splits[split] = datasets.Dataset.from_dict(columns)
    return SimpleNamespace(tokenizer=tokenizer, splits=splits)


def test_every_package_gives_equally_many_documents(corpus):
    found = draw(corpus, 10, seed=1)
    assert sorted(found.sources.tolist()) == ["a"] * 5 + ["b"] * 5
    assert len(set(found.texts)) == 10
    lengths = {"a": 2, "b": 1}
    assert [len(document) for document in found.documents] == [lengths[source] for source in found.sources]
    assert draw(corpus, 10, seed=1).texts == found.texts != draw(corpus, 10, seed=2).texts
    with pytest.raises(StudyError, match="documents=1 is less than one for each of 2 packages"):
        draw(corpus, 1, seed=1)


def test_tau_is_one_for_the_same_order_and_its_interval_covers_none():
    rng = np.random.default_rng(0)
    first = rng.random(200)
    assert [tau(first, second).value for second in (np.exp(first), -first)] == pytest.approx([1, -1])
    nothing = tau(first, rng.random(200))
    assert nothing.low < 0 < nothing.high
    assert nothing.n == 200


def test_tau_is_drawn_as_if_documents_were_drawn_one_by_one():
    rng = np.random.default_rng(1)
    first = np.round(rng.random(800), 2)
    found = tau(first, np.round(first + rng.random(800), 1))
    assert (found.value, found.low) == pytest.approx((0.5173005074132248, 0.4861335024234312), rel=1e-9)


def test_tau_over_groups_is_less_certain_where_documents_of_a_group_are_alike():
    rng = np.random.default_rng(0)
    group = np.repeat(np.arange(10), 20)
    first = rng.random(10)[group] + 0.01 * rng.random(200)
    second = rng.random(10)[group] + 0.01 * rng.random(200)
    alone, grouped = tau(first, second), tau(first, second, group)
    assert grouped.value == alone.value
    assert grouped.n == 10
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)
    assert np.isnan(tau(first, second, group > 4).low)  # two groups are too few


def test_amounts_are_counts_of_faults():
    sample = drawn(BAD, CLEAN)
    found = amounts(segment_scores(Pep8Scorer(), sample), sample)
    assert found == pytest.approx([2, 0])  # E231 and E225
    row = Agreement.of(drawn(BAD, CLEAN, BAD), Pep8Scorer(), FormatterScorer()).row()
    assert row["bad: training, %"] == pytest.approx(200 / 3)
    assert row["same verdict, %"].value == 100
    sample = drawn(BAD, CLEAN, BAD, sources=["p", "q", "q"])
    disagreed = Agreement(sample, np.array([1.0, 0, 0]), np.array([1.0, 0, 1.0]), np.zeros(3)).same_verdict()
    assert disagreed.value == pytest.approx(2 / 3)
    assert disagreed.low < disagreed.value < disagreed.high


def test_a_moved_threshold_marks_less_and_misses_more():
    task = Task(SimpleNamespace(), Pep8Scorer(), made([0.0, 0.5], [0.0, 0.1], [0.0]))  # type: ignore[arg-type]
    sample = drawn(BAD, CLEAN, BAD, CLEAN, sources=["p", "p", "q", "q"])
    found = Agreement(sample, np.zeros(4), np.array([1.0, 1.0, 1.0, 0]), np.array([0.5, 0.1, 0.5, 0.9]))
    table = moved_table({"any": (task, 0.0), "much": (task, 0.2), "alone": (task, 1.0)}, {Pep8Scorer().name: found})
    assert table["bad segments, %"].tolist() == pytest.approx([40, 20, 0])
    assert table["documents with one, %"].tolist() == pytest.approx([200 / 3, 100 / 3, 0])
    caught = table.iloc[:, -1].tolist()
    assert [one.value for one in caught] == pytest.approx([100, 200 / 3, 0])
    assert all(0 <= one.low <= one.high <= 100 for one in caught)
    assert moved_table({"any": (task, 0.0)}, {}).iloc[0, -1] is None


def test_the_largest_package_is_known_with_its_share():
    scored = made([1.0], [0.0], [0.0], [1.0])
    corpus = SimpleNamespace(splits={"train": {"source": ["a", "b", "b", "b"]}})
    task = Task(corpus, Pep8Scorer(), scored)  # type: ignore[arg-type]
    assert task.largest_source() == ("b", 0.75)
    assert task.bad_documents("b") == pytest.approx(1 / 3)


def test_a_function_as_a_linter_shows_it():
    shown = examples.as_linted(Pep8Scorer(), BAD).splitlines()
    assert shown[2] == f"{1 / 12:6.3f}  def f(a,b):"
    assert shown[3].index("^") == 8 + BAD.index(",")
    assert "E231" in shown[3]
    assert examples.as_reformatted(FormatterScorer(), BAD).splitlines()[2].index("^") == BAD.index("b)")
    assert "^" not in examples.as_reformatted(FormatterScorer(), CLEAN)
    with pytest.raises(StudyError, match="none of 2 functions breaks 3 rules"):
        examples.telling(Pep8Scorer(), drawn(BAD, CLEAN), seed=1)
    longer = BAD + "\n\n" + CLEAN
    assert examples.telling(Pep8Scorer(), drawn(longer, CLEAN), seed=1, codes=2) == longer


def test_codes_are_counted_by_family_and_package():
    sample = drawn(BAD, CLEAN, sources=["p", "q"])
    found = examples.broken_rules(sample)
    table = examples.family_table(found, sample)
    assert table.loc["E2", "per 1,000 characters"] == pytest.approx(2000 / len(BAD + CLEAN))
    assert table.loc["E2", "functions with one, %"] == 50
    assert table.loc["E9", "per 1,000 characters"] == 0
    rates = examples.codes_by_package(found, sample)
    assert rates.columns.tolist() == ["p", "q"]
    assert rates["q"].sum() == 0
    assert rates.loc["E231  missing whitespace after ','", "p"] == pytest.approx(1000 / len(BAD))
    plt.close(figures.rules(rates, ["q"]))


def test_headers_are_shown_without_what_is_private():
    sample = drawn(HEADER, CLEAN)
    shown = examples.header(PrivacyScorer(), sample, seed=1)
    assert not any(word in shown for word in ("Jane", "Doe", "Mary", "Smith", "example.org"))
    assert "{{EMAIL" in shown
    with pytest.raises(StudyError, match="none of 1 headers"):
        examples.header(PrivacyScorer(), drawn(CLEAN), seed=1)


def test_made_up_lines_say_what_the_chapter_says_of_them():
    table = examples.made_up_table({"training": PrivacyScorer(), "held-out": HeldOutPrivacyScorer()})
    assert (table.loc["# Author: J. Doe"] == "–").all()  # initials are overlooked
    assert "Jordan River" in table.loc["# Victoria Falls, Charlotte Airport and Jordan River", "training"]
    spelled = table.loc["# Author: Jane Doe, jane.doe (at) example (dot) org"]
    assert (spelled == "Jane Doe").all()  # so are addresses spelled out
    assert (table.loc["# 作者:王小明"] == "–").all()


def test_one_sided_documents_are_those_that_one_scorer_alone_minds():
    sample = drawn(BAD, CLEAN, CLEAN)
    agreement = Agreement(sample, np.array([2.0, 0, 1.0]), np.array([3.0, 4.0, 0]), np.zeros(3))
    assert examples.one_sided(agreement) == {"training": 2, "held-out": 1}
    assert examples.one_sided(Agreement(sample, np.zeros(3), np.zeros(3), np.zeros(3))) == {}


def ratings(*counts: dict[int, int]) -> Ratings:
    table = np.array([[own.get(int(level), 0) for level in LEVELS] for own in counts])
    names = tuple(str(n) for n in range(len(counts)))
    return Ratings(names, tuple(f"text {n}" for n in names), ("film",) * len(counts), table)


def test_single_ratings_on_the_other_side_of_the_threshold():
    rated = ratings({2: 3, 0: 1}, {2: 1, -1: 3})  # means 1.5 and -.25
    assert opinions.otherwise_minded(rated, -1.3) == pytest.approx((1 / 4, 1 / 4))


def test_agreement_of_opinions_about_the_same_texts():
    rated = ratings({2: 4}, {3: 4}, {-1: 4}, {0: 4})
    views = opinions.opinions(rated, {})
    assert list(views) == ["people", "one half of the people", "the other half"]
    views["wrong"] = -views["people"]
    table = opinions.verdict_table(views, [("people", "one half of the people"), ("people", "wrong")], -1.3)
    assert [one.value for one in table["same verdict, %"]] == [100, 50]
    assert table["same verdict, %"].iloc[1].low < 50 < table["same verdict, %"].iloc[1].high
    assert table.iloc[0]["τ of texts"].value == pytest.approx(1)
    assert opinions.furthest_apart(rated, views["people"], views["wrong"]) == 1


def test_a_reward_model_that_nobody_trained_is_left_out():
    models = {"half A": TRAINING_SCORER, "strong": STRONG}
    made = record(1, "reward", {**composed("reward", *TRAINING_SCORER), "seed": 1}, 1.0, seed=1)
    assert opinions.known(Shelf([made]), models) == {"half A": made}
    assert "`lmstudy-reward half=A`" in opinions.commands(models)


def test_figures_are_drawn():
    rng = np.random.default_rng(0)
    scores = np.where(rng.random(500) < 0.9, 0, rng.random(500) / 10)
    plt.close(figures.thresholds({"a": scores, "b": scores}, ("c", rng.uniform(-4, 4, 500), -1.3), ("d", scores > 0)))
    table = pd.DataFrame({"training": [1.0, 3, 0], "held-out": [2.0, 5, 1]}, index=["p", "q", "r"])
    plt.close(figures.two_scorers({"a": table, "b": table}, {"a": ("x", "y"), "b": ("x", "y")}))
