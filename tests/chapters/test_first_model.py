"""What the first two chapters show of a corpus and of a model is what they say it is."""

from dataclasses import replace

import numpy as np
import pytest

from lmstudy.chapters.corpus import corpus as counted
from lmstudy.chapters.first_model import first_model as chapter
from lmstudy.compose import compose_config
from lmstudy.runs.finished import load_run
from lmstudy.runs.pretraining import open_run, train
from lmstudy.show import tables


@pytest.fixture
def finished(tiny):
    config = compose_config("train", [*tiny, "budget.encoder_length=256", "budget.prefix_length=200"])
    train(config)
    return load_run(open_run(config).folder)


def test_what_is_read_and_written_is_that_of_the_model(finished):
    source, target = chapter.one_example(finished, 0)
    texts = finished.run.corpus.splits["train"]["text"]
    assert any(source + target.rstrip("\n") in text for text in texts)  # one document, cut in two
    found, gain = chapter.reading(finished, documents=12, seed=0)
    right, _, wrong = found.values()
    assert gain.value == pytest.approx(wrong.value - right.value)
    assert list(found) == ["after the right beginning", "after nothing", "after a wrong beginning"]
    for estimate in found.values():
        assert 1 < estimate.value < 12
        assert estimate.low < estimate.value < estimate.high
    assert (found, gain) == chapter.reading(finished, documents=12, seed=0)
    texts, share = chapter.sample(finished.module.model, finished.run.corpus, 4, seed=1)
    assert len(texts) == 4
    assert share.low <= share.value <= share.high


def test_agreement_says_inside_outside_or_nothing_to_compare(finished):
    record, key = finished.record, "valid/bits_per_byte"

    def others(more):
        scores = [record.metrics[key] + more + d for d in (-0.01, 0.0, 0.01)]
        return [replace(record, metrics={**record.metrics, key: score}) for score in scores]

    assert ", inside that interval." in chapter.agreement(record, others(0))
    assert "**outside**" in chapter.agreement(record, others(1))
    assert "Fewer than two other runs of budget *smoke*" in chapter.agreement(record, others(0)[:1])


def test_tables_add_up(finished):
    corpus, record = finished.run.corpus, finished.record
    sources = counted.source_table(corpus.report)
    assert sources.loc["all", "kept"] == sum(len(split) for split in corpus.splits.values())
    assert (sources["functions found"] - sources["removed"] == sources["kept"]).all()
    removed = counted.removal_table(corpus.report)
    assert removed.loc["all"].sum() == sources.loc["all", "removed"]
    reasons = tables.reason_table(corpus.report).rename(index=counted.in_words)
    assert list(reasons.index) == list(removed.columns)
    assert reasons["documents"].sum() == sources.loc["all", "removed"]
    parts = tables.parameter_table(finished.module.model)["parameters"]
    assert parts["all"] == parts.drop("all").sum() == record.metrics["parameters"]
    shown = chapter.metric_table(record, {"valid": "held out"})
    assert shown.loc["bits per byte", "held out"] == record.metrics["valid/bits_per_byte"]
    splits = counted.split_table(corpus.report)
    assert splits.loc["training", "documents"] == len(corpus.splits["train"])
    assert counted.token_counts(corpus.splits["train"]).sum() == splits.loc["training", "tokens"]
    rates, everything, codes = counted.survey(corpus, 50, seed=0)
    assert set(rates) <= set(sources.index)
    assert min(e.value for e in rates.values()) <= everything.value <= max(e.value for e in rates.values())
    assert all(count > 0 for *_, count in codes)


def test_figures_draw_what_they_are_given(finished):
    record = finished.record
    n_gram = replace(record, metrics={"valid/bits_per_byte": 2.0})
    held_out = chapter.learning_curves(record, [record], {"counting": n_gram}).axes[1]
    assert list(held_out.lines[1].get_ydata()) == record.curves["valid/bits_per_byte"]["value"]
    assert {text.get_text() for text in held_out.texts} >= {"this run", "counting", "this run, all documents"}
    assert any(line.get_ydata()[0] == 2.0 for line in held_out.lines)
    lengths = counted.token_lengths({"train": np.array([1, 2, 3, 4])}, context=3)
    assert list(lengths.axes[0].lines[0].get_ydata()) == [0.25, 0.5, 0.75, 1]


def test_the_memory_is_drawn_and_said_as_the_record_has_it(finished):
    record = finished.record
    rank, share = (panel.lines[0].get_ydata() for panel in chapter.memory_curves(record, []).axes)
    assert list(rank) == record.curves["valid/memory_rank"]["value"]
    assert list(share) == record.curves["valid/memory_common"]["value"]
    assert f"an effective rank of {rank[-1]:.0f} of {record.config['budget']['d_model']}, and" in chapter.memory_words(
        record
    )


def test_another_precision_is_marked(finished):
    record = finished.record
    assert chapter.precision_note(record, [record]) == ""
    trainer = {**record.config["trainer"], "precision": "bf16-mixed"}
    other = replace(record, config={**record.config, "trainer": trainer})
    expected = "This run computed its products in float32, the others in bfloat16."
    assert chapter.precision_note(record, [other]) == expected
