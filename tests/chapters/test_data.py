"""The chapter on data: claims, effects and verdicts from records; what the steps drop, rewrite and cost; figures."""

import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lmstudy.chapters.data import data, figures, steps
from lmstudy.data.documents import Document, lines
from lmstudy.data.settings import Pipeline
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.study.claims import all_claims, evaluate_claims
from tests.chapters.result_records import settings_of
from tests.claim_records import composed, record, trained

PYTHON, CHINESE = ("measure=likelihood", "data=python_functions"), ("measure=likelihood", "data=chinese_reviews")


def measured(number, experiment, seed, *asked_for, bits=2.0, budget="brief", **changes):
    """A run and its measurement; on the text that it was trained on if none is asked for."""
    run = trained(number, f"experiment={experiment}", f"budget={budget}", seed=seed, bits_per_byte=bits)
    text = composed("evaluate", "run=any", *asked_for)["data"]
    config = {
        "run": {"id": run.id, "config": run.config},
        "measure": settings_of(*asked_for),
        "data": None if text == run.config["data"] else text,
    }
    return run, record(5000 + number, "evaluation", config, bits, seed=seed, **changes)


def likelihoods(first, experiment, bits, asked_for=PYTHON, **changes):
    return [measured(first + s, experiment, s, *asked_for, bits=bits + 0.01 * s, **changes) for s in (1, 2, 3)]


def memorisations(first, experiment, hits, people=0, **changes):
    found = {"samples": hits, "documents": people}
    groups = {f"memorisation/{of}": [[float(i < n), 1.0] for i in range(100)] for of, n in found.items()}
    sizes = {"characters": 300.0, "longest_median": 20.0}
    metrics = {f"memorisation/{of}/{key}": size for of in found for key, size in sizes.items()}
    fields = {"groups": groups, "metrics": metrics, "data": experiment} | changes
    return [measured(first + seed, experiment, seed, "measure=memorisation", **fields) for seed in (1, 2, 3)]


def measurements(pairs):
    return [measurement for _, measurement in pairs]


@pytest.fixture(scope="module")
def study():
    bits = {"first_model": 2.0, "data_duplicates": 2.0, "data_noise": 2.0, "data_stop_words": 4.0, "data_bytes": 2.5}
    bits_zh = {"chinese": 2.0, "chinese_words": 2.0, "chinese_stop_words": 3.0}
    pairs = [pair for n, (name, of) in enumerate(bits.items()) for pair in likelihoods(100 + 10 * n, name, of)]
    for n, (name, of) in enumerate(bits_zh.items()):
        pairs += likelihoods(200 + 10 * n, name, of, CHINESE, data="reviews")
    pairs += likelihoods(300, "data_stop_words", 1.0, budget="quick")
    others = [*memorisations(100, "first_model", 5), *memorisations(110, "data_duplicates", 8)]
    others.append(measured(131, "data_stop_words", 1, "measure=likelihood", bits=1.0))  # on its own text
    return [*(one for pair in pairs for one in pair), *measurements(others)]


def results(records):
    claims = [c for c in all_claims() if c.id.startswith("data.")]
    return {result.id: result for result in evaluate_claims(records, claims)}


def test_claims_compare_on_the_text_of_the_corpus_as_it_is(study):
    found = results(study)
    assert len(found) == 7
    assert not [result.error for result in found.values() if result.error]
    values = {name: result.estimate.value for name, result in found.items()}
    assert values["data.stop_words_bits"] == pytest.approx(2.0, abs=0.02)
    assert values["data.bytes_bits"] == pytest.approx(0.5, abs=0.02)
    assert values["data.chinese_stop_words_bits"] == pytest.approx(1.0, abs=0.02)
    assert values["data.duplicates_memorisation"] == pytest.approx(3.0)
    assert all(found[f"data.{name}_bits"].holds for name in ("stop_words", "bytes", "chinese_stop_words"))


def test_a_claim_without_its_measurement_has_no_records(study):
    plain = composed("evaluate", "run=any", *PYTHON)["data"]
    found = results([r for r in study if r.kind == "train" or r.config["data"] != plain])
    assert found["data.stop_words_bits"].outcome == "no records"
    assert found["data.duplicates_memorisation"].error is None


def test_copies_of_all_seeds_are_pooled_and_people_s_texts_are_counted_once():
    arms = {"as it is": memorisations(0, "first_model", 5, 10), "left in": memorisations(10, "data_duplicates", 25)}
    arms = {name: measurements(pairs) for name, pairs in arms.items()}
    samples, people = (data.copied_share(arms["as it is"], of) for of in ("samples", "documents"))
    assert (samples.value, samples.n, people.value, people.n) == (0.05, 300, 0.1, 100)
    (more,) = data.more_copied(arms, "as it is").values()
    assert 0 < more.low < 20 < more.high
    assert (more.value, more.n) == (pytest.approx(20), 3)
    table = data.copied_table(arms)
    assert table.loc["left in", "samples that copy, %"].value == 25
    assert table.loc["as it is", ["length, held-out documents", "median longest run, samples"]].tolist() == [300, 20]


def test_a_difference_of_shares_is_newcombe_s_and_none_found_is_not_none_there():
    found = data.difference_of_shares(data.wilson(56, 70), data.wilson(48, 80), seeds=3)
    assert (found.value, found.low, found.high) == pytest.approx((20.0, 5.24, 33.39), abs=0.01)  # his example (a)
    none = data.difference_of_shares(data.wilson(0, 768), data.wilson(0, 768), seeds=3)
    assert (none.value, none.low) == (0, pytest.approx(-none.high))
    assert 0.3 < none.high < 0.6


def test_the_longest_copy_is_of_a_sample_and_not_of_a_person():
    found = [{"of": "samples", "characters": n, "run": "x" * n, "document": str(n)} for n in (40, 90, 60)]
    people = {"of": "documents", "characters": 200, "run": "", "document": ""}
    made = partial(record, kind="evaluation", config={}, bits_per_byte=2.0)
    assert data.longest_copy([made(1, samples=found[:1]), made(2, samples=[people, *found[1:]])])["document"] == "90"


def test_bytes_a_token_come_from_two_units_of_the_same_loss():
    loss = 3 * 2.0 * math.log(2)  # three bytes a token at two bits a byte
    metrics = {"valid/loss": loss, "valid/bits_per_byte": 2.0, "train/tokens": 1e6}
    records = [record(1, "train", {}, 2.0, seed=1, metrics=metrics)]
    assert data.read_table({"a": records}).loc["a"].tolist() == pytest.approx([1e6, 3.0, 3.0])


def test_the_two_columns_keep_a_model_s_own_text_and_the_common_one_apart():
    own = {"stopped": [record(s, "train", {}, 1.0, seed=s) for s in (1, 2, 3)]}
    table = data.own_and_plain(own, {"stopped": measurements(likelihoods(10, "data_stop_words", 4.0))})
    assert [e.value for e in table.loc["stopped"][:2]] == pytest.approx([1.0, 4.02], abs=0.05)


WORSE, BETTER, OPEN = Estimate(1, 0.5, 2, 3), Estimate(-1, -2, -0.5, 3), Estimate(1, -1, 3, 3)


@pytest.mark.parametrize(
    ("bits", "whatever", "advice"),
    [
        (WORSE, None, "no: the text costs more"),
        (WORSE, "tests", "no: the text costs more"),
        (BETTER, None, "yes: the text costs less"),
        (BETTER, "tests", "yes: tests"),
        (OPEN, None, "undecided"),
        (OPEN, "tests", "yes: tests"),
        (None, "tests", "yes: tests"),
        (Estimate(1, math.nan, math.nan, 1), None, "undecided"),
    ],
)
def test_advice_follows_the_effect_and_then_the_reason_beyond_it(bits, whatever, advice):
    assert data.Verdict("x", bits, whatever=whatever or "").advice() == advice


@pytest.mark.parametrize("bits", [WORSE, BETTER, OPEN, None])
def test_a_reason_against_a_step_comes_first(bits):
    assert data.Verdict("x", bits, whatever="tests", against="it breaks").advice() == "no: it breaks"


def test_verdicts_say_of_each_effect_what_it_shows():
    table = data.verdicts({"a": data.Verdict("half", -WORSE, OPEN), "b": data.Verdict("all", WORSE)})
    assert table["verdict on bits"].tolist() == ["better", "worse"]
    assert table["verdict on copies"].tolist() == ["undecided", ""]
    assert table.loc["b", "samples that copy, points"] is None


LONG = "def area(width, height):\n    # of a rectangle\n" + "".join(
    f"    step_{i} = width * height\n" for i in range(9)
)
TEXTS = {
    "long": LONG,
    "copy": LONG.replace("    #", "  #"),
    "near": LONG.replace("step_8", "last"),
    "short": "x = 1",
    "shorter": "y",
    "table": "[(1, 2, 3), (4, 5, 6), (7, 8, 9), (10, 11, 12)]",
}


@pytest.fixture
def found():
    cleaning = {"too_short": {"characters": 10}, "few_letters": {"share": 0.5}}
    others = {"deduplication": {"threshold": 0.7}, "split": {"by": "document"}, "tokenizer": {"vocab_size": 300}}
    pipeline = Pipeline(cleaning=cleaning, **others)
    documents = [Document(text, lines(text), "source", "file.py", name) for name, text in TEXTS.items()]
    return steps.Found(documents, pipeline, 0.5)


def test_each_step_shows_the_shortest_text_that_it_drops(found):
    dropped = steps.dropped(found)
    assert {step: (example.document.name, example.count) for step, example in dropped.items()} == {
        "too_short": ("shorter", 2),
        "few_letters": ("table", 1),
        "exact_duplicate": ("copy", 1),
        "near_duplicate": ("near", 1),
    }
    assert dropped["near_duplicate"].twin == LONG
    assert set(steps.dropped(found, near=False)) == {"too_short", "few_letters"}
    shown = steps.as_markdown("near_duplicate", dropped["near_duplicate"])
    assert "-    step_8 = width * height\n+    last = width * height" in shown
    shown = steps.as_markdown("too_short", dropped["too_short"])
    assert "**too short** (2 here). `source`, file.py, `shorter`" in shown


def test_what_cannot_be_seen_is_written_out():
    assert steps.visible("a\ue139b\u0007\n好") == "a\\ue139b\\u0007\n好"


def test_the_table_of_removals_adds_up_to_what_was_found():
    removed, kept = {"documents": 2, "characters": 50}, {"documents": 8, "characters": 950}
    source = {"documents": 10, "characters": 1000, "removed": {"too_short": removed}, "kept": kept}
    table = steps.removal_table({"sources": {"a": source, "b": source}, "steps": {"too_short": "short"}})
    assert table.loc["too_short", ["documents", "characters"]].tolist() == [4, 100]
    assert table["% of documents"].tolist() == [20, 80]
    assert table["% of characters"].sum() == 100


def test_stop_words_of_a_function_are_counted_and_leave_no_function():
    text = "def f(self):\n    if not self.ready:\n        return None\n    return self.value_of_it"
    removed = steps.remove_stop_words([text, text], "en")
    assert dict(removed.frequent)["self"] == 6
    assert removed.left[0] == removed.left[1]
    assert removed.characters == pytest.approx(1 - len(removed.left[0]) / len(text))
    assert removed.words == pytest.approx(sum(n for _, n in removed.frequent) / 2 / 12)  # twelve words in all
    table = steps.frequent_table(removed)
    assert table.set_index("stop word").loc[["none", "self"], "a keyword of Python"].tolist() == [True, False]


def test_the_example_is_the_text_that_loses_most():
    texts, left = ["a b c d", "a b c e", "a\nb\nc"], ["a b", "a", ""]
    assert steps.before_and_after(texts, left, lines=(1, 1), characters=(1, 9)) == ("a b c e", "a")
    with pytest.raises(StudyError, match="none of 3 texts"):
        steps.before_and_after(texts, left, lines=(9, 9))


def test_costs_are_medians_of_steps_taken_in_turns(found, monkeypatch):
    clock = iter(np.cumsum([0, 1, 0, 10, 0, 3, 0, 30, 0, 2, 0, 20]).tolist())
    monkeypatch.setattr(steps.time, "process_time", lambda: next(clock))
    calls = []
    jobs = {name: lambda texts, n=name: calls.append(n) for name in ("a", "b")}
    times = steps._in_turns(jobs, [])
    assert calls == ["a", "b"] * 3
    assert times == {"a": [1, 3, 2], "b": [10, 30, 20]}


def test_every_step_has_its_cost_and_the_shares_add_up(found):
    from lmstudy.data.corpus import Corpus
    from lmstudy.data.tokenizer import train

    corpus = Corpus("0", train(found.texts, 300), {}, {})
    table = steps.step_costs(found, corpus, found.texts, "en")
    assert list(table.index[:3]) == ["reading the source", "cleaning: too short", "cleaning: few letters"]
    assert len(table) == 7
    assert table["share of all, %"].sum() == pytest.approx(100)
    size = sum(len(text.encode()) for text in found.texts) / 1e6
    assert table.iloc[0, 0] == pytest.approx(0.5 / size)
    said = steps.in_words("here", pd.DataFrame({"share of all, %": {"cleaning: a": 1.0, "b": 69, "c": 30}}))
    assert said == "- here: b 69 %, c 30 %, cleaning: a 1 %. All steps of cleaning together take 1.0 %."


def test_small_effects_get_a_panel_of_their_own():
    large, small = Estimate(3, 2.9, 3.1, 3), Estimate(0.01, -0.01, 0.03, 3)
    _, right = figures.effects({"large": large, "small": small}, "bits").axes
    assert right.lines[0].get_xdata().tolist() == [-0.01, 0.03]
    assert len(figures.effects({"a": large, "b": large}, "bits").axes) == 1
    assert len(figures.effects({"a": Estimate(3, math.nan, math.nan, 1)}, "bits").axes) == 1
    plt.close("all")


def test_figures_show_what_they_are_given():
    curve = {1000.0: Estimate(50, 40, 60, 9), 2000.0: Estimate(30, 20, 40, 9)}
    (axes,) = figures.unknown({"words": curve}, 1500).axes
    assert axes.lines[0].get_ydata().tolist() == [50, 30]
    table = pd.DataFrame({"seconds a million bytes": {"a": 1.0, "b": 2.0}})
    assert [bar.get_width() for bar in figures.costs({"here": table}).axes[0].patches] == [1, 2]
    plt.close("all")
