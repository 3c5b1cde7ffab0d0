"""What the chapters show of a model is what they say it is."""

import numpy as np
import pytest

from lmstudy.chapters.corpus import corpus as counted
from lmstudy.chapters.first_model import first_model, looks
from lmstudy.compose import compose_config
from lmstudy.runs.finished import load_run
from lmstudy.runs.pretraining import open_run, train
from lmstudy.show import tables


@pytest.fixture
def finished(tiny):
    config = compose_config("train", [*tiny, "budget.encoder_length=256", "budget.prefix_length=200"])
    train(config)
    return load_run(open_run(config).folder)


def test_an_example_is_one_document_cut_in_two(finished):
    source, target = looks.one_example(finished, 0)
    texts = finished.run.corpus.splits["train"]["text"]
    assert any(source + target.rstrip("\n") in text for text in texts)


def test_reading_measures_the_same_continuations_three_times(finished):
    result, gain = looks.reading(finished, documents=12, seed=0)
    right, _, wrong = result.values()
    assert gain.value == pytest.approx(wrong.value - right.value)
    assert list(result) == ["behind the right beginning", "behind nothing", "behind a wrong beginning"]
    for estimate in result.values():
        assert 1 < estimate.value < 12
        assert estimate.low < estimate.value < estimate.high
    again = looks.reading(finished, documents=12, seed=0)
    assert (result, gain) == again


def test_samples_are_parsed(finished):
    texts, share = looks.sample(finished.module.model, finished.run.corpus, 4, seed=1)
    assert len(texts) == 4
    assert share.low <= share.value <= share.high


def test_agreement_says_inside_outside_or_nothing_to_compare(finished):
    from dataclasses import replace

    record = finished.record
    bits = record.metrics["valid/bits_per_byte"]
    near = [
        replace(record, id=f"{i:016x}", metrics={**record.metrics, "valid/bits_per_byte": bits + d})
        for i, d in enumerate((-0.01, 0.0, 0.01))
    ]
    far = [replace(r, metrics={**r.metrics, "valid/bits_per_byte": r.metrics["valid/bits_per_byte"] + 1}) for r in near]
    assert ": inside." in looks.agreement(record, near)
    assert "**outside**" in looks.agreement(record, far)
    assert "Fewer than two other runs of budget *smoke*" in looks.agreement(record, [record])


def test_tables_add_up(finished):
    corpus, record = finished.run.corpus, finished.record
    sources = counted.source_table(corpus.report)
    assert sources.loc["all", "kept"] == sum(len(split) for split in corpus.splits.values())
    assert (sources["functions found"] - sources["removed"] == sources["kept"]).all()
    removed = counted.removal_table(corpus.report)
    assert removed.loc["all"].sum() == sources.loc["all", "removed"]
    reasons = tables.reason_table(corpus.report)
    assert reasons["documents"].sum() == sources.loc["all", "removed"]
    parts = tables.parameter_table(finished.module.model)["parameters"]
    assert parts["all"] == parts.drop("all").sum() == record.metrics["parameters"]
    shown = first_model.metric_table([record], {"valid": "held out"})
    assert shown.loc["bits per byte", "held out"] == pytest.approx(record.metrics["valid/bits_per_byte"])
    splits = counted.split_table(corpus.report)
    assert splits.loc["train", "documents"] == len(corpus.splits["train"])
    assert counted.token_counts(corpus.splits["train"]).sum() == splits.loc["train", "tokens"]


def test_figures_draw_what_they_are_given(finished):
    record = finished.record
    drawn = first_model.learning_curves(record, [record], {"counting": 2.0})
    right = drawn.axes[1]
    assert list(right.lines[1].get_ydata()) == record.curves["valid/bits_per_byte"]["value"]
    assert any(line.get_ydata()[0] == 2.0 for line in right.lines)
    lengths = counted.token_lengths({"train": np.array([1, 2, 3, 4])}, context=3)
    assert list(lengths.axes[0].lines[0].get_ydata()) == [0.25, 0.5, 0.75, 1]
