"""What the chapters show of a model is what they say it is."""

import numpy as np
import pandas as pd
import pytest

from lmstudy.chapters.first_model import looks
from lmstudy.compose import compose_config
from lmstudy.runs.finished import load_run
from lmstudy.runs.pretraining import open_run, train
from lmstudy.show import style as figures
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


def test_samples_are_parsed_and_fenced(finished):
    texts, share = looks.sample(finished.module.model, finished.run.corpus, 4, seed=1)
    assert len(texts) == 4
    assert share.low <= share.value <= share.high
    assert looks.parses("def f():\n    return 1\n")
    assert not looks.parses("def f(:\n")
    assert not looks.parses("")
    assert not looks.parses("x\0")
    assert looks.as_code(["a ``` b"]).startswith("````text")
    assert looks.as_code(["x = 1"]).startswith("```python")
    assert "# ... (cut)" in looks.as_code(["x" * 50], limit=10)


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
    sources = tables.source_table(corpus.report)
    assert sources.loc["all", "kept"] == sum(len(split) for split in corpus.splits.values())
    assert (sources["functions found"] - sources["removed"] == sources["kept"]).all()
    removed = tables.removal_table(corpus.report)
    assert removed.loc["all"].sum() == sources.loc["all", "removed"]
    reasons = tables.reason_table(corpus.report)
    assert reasons["documents"].sum() == sources.loc["all", "removed"]
    assert "1,234.5" in tables.show(pd.DataFrame({"x": [1234.5]}), 1).to_html()
    parts = tables.parameter_table(finished.module.model)["parameters"]
    assert parts["all"] == parts.drop("all").sum() == record.metrics["parameters"]
    shown = tables.metric_table([record], {"valid": "held out"})
    assert shown.loc["bits per byte", "held out"] == pytest.approx(record.metrics["valid/bits_per_byte"])
    splits = tables.split_table(corpus.report)
    assert splits.loc["train", "documents"] == len(corpus.splits["train"])
    assert tables.token_counts(corpus.splits["train"]).sum() == splits.loc["train", "tokens"]


def test_figures_draw_what_they_are_given(finished):
    record = finished.record
    drawn = figures.learning_curves(record, [record], {"counting": 2.0})
    right = drawn.axes[1]
    assert list(right.lines[1].get_ydata()) == record.curves["valid/bits_per_byte"]["value"]
    assert any(line.get_ydata()[0] == 2.0 for line in right.lines)
    lengths = figures.token_lengths({"train": np.array([1, 2, 3, 4])}, context=3)
    assert list(lengths.axes[0].lines[0].get_ydata()) == [0.25, 0.5, 0.75, 1]
    points = figures.points(looks.reading(finished, 6, 0)[0], "bits per byte")
    assert len(points.axes[0].get_yticks()) == 3
