"""What the speed chapter reads from records of benchmarks."""

import math
from dataclasses import replace

import matplotlib.pyplot as plt
import pytest

from lmstudy.chapters.speed import figures
from lmstudy.chapters.speed.speed import TARGETS, core_hours, ratios, target_table, training_table, value_table
from lmstudy.errors import StudyError
from lmstudy.study.claims import all_claims, evaluate_claims
from lmstudy.study.estimates import benchmark_line, line_estimate
from tests.claim_records import TRAIN, Line, benchmark


def test_lines_become_estimates():
    found = benchmark("train", TRAIN)
    eager = line_estimate(benchmark_line(found, "tokens_per_second", "hf_t5", "lmstudy_eager"))
    assert (eager.value, eager.low, eager.high, eager.n) == (1.2, 1.1, 1.3, 12)
    memory = line_estimate(benchmark_line(found, "peak_memory", "hf_t5"))
    assert memory.value == 0.6
    assert math.isnan(memory.low)
    with pytest.raises(StudyError, match=r"no line of tokens_per_second of any against nanoT5"):
        benchmark_line(found, "tokens_per_second", "nanoT5")
    never = benchmark("quality", [Line("time_to_quality", "never", "hf_t5")])
    with pytest.raises(StudyError, match="no number was found"):
        line_estimate(benchmark_line(never, "time_to_quality", "hf_t5"))


def test_tables_name_contenders_and_keep_units():
    found = benchmark("train", TRAIN)
    assert [name.count("Hugging Face T5") for name in ratios(found, "tokens_per_second")] == [1, 1, 1, 1]
    assert training_table(found).loc["lmstudy, compiled"].tolist() == [14000.0, 70.0, 800.0, 400.0]
    share = value_table(found, {"utilisation": "share"}).loc["share"]
    assert (share["measured"].low, share["unit"]) == (0.68, "of a matrix product")


def test_targets_name_claims_and_say_what_was_reached():
    assert {target[1] for target in TARGETS} <= {claim.id for claim in all_claims()}
    records = [benchmark("train", TRAIN)]
    (result,) = evaluate_claims(records, [c for c in all_claims() if c.id == "speed.train.hf_eager"])
    assert result.holds
    table = target_table(records)
    assert table.loc["training tokens/s against T5, uncompiled", "measured"].value == 1.5
    outcome = {words: table.loc[words, "outcome"] for words, *_ in TARGETS}
    assert outcome["training tokens/s against T5, uncompiled"] == "missed"
    assert outcome["share of the matrix peak while training"] == "reached"
    assert outcome["sampling 64 sequences against T5"] is None  # no record
    once = [replace(line, low=None, high=None) for line in TRAIN]
    undecided = target_table([benchmark("train", once)])["outcome"]
    assert undecided["training tokens/s against T5, uncompiled"] == "undecided"  # measured once


def test_core_hours_count_the_cores_a_run_used():
    one_thread = benchmark("train", TRAIN, kind="train", config={"trainer": {"threads": 1}})
    table = core_hours([benchmark("train", TRAIN), one_thread])["core-hours"]
    assert table["published records: benchmark"] == pytest.approx(1.0)  # half an hour on two cores
    assert table["published records: train"] == pytest.approx(0.5)
    assert table["estimate with 10 times the parameters"] == 150


def test_figures_are_drawn_from_records():
    curve = {"step": [10, 20], "value": [3.0, 2.0]}
    runs = [{"run": name, "minutes": 4.0} for name in ("hf_t5/screening/a", "hf_t5/final/b", "lmstudy/20/1")]
    quality = benchmark("quality", [], curves={f"{run['run']}/valid/bits_per_byte": curve for run in runs})
    quality.samples.extend(runs)
    figure = figures.time_to_quality(quality)
    assert [line.get_xdata()[-1] for line in figure.axes[0].lines[:3]] == [4.0] * 3
    growth = benchmark("growth", [Line("step_slope_context", "", value=0.1), Line("step_slope_width", "", value=1.5)])
    growth.samples.extend(
        [
            {"contexts": [{"context": 64, "seconds": [1.0]}, {"context": 128, "seconds": [1.1, 1.2, 9.0]}]},
            {"widths": [{"width": 64, "seconds": [1.0]}, {"width": 128, "seconds": [3.0]}]},
            {"stores": [{"megabytes": 10, "memory": {"end": {"VmHWM": 500.0}}}]},
            {"processes": [{"processes": 1, "tokens_per_second": 5.0}]},
        ]
    )
    panels = figures.growth(growth).axes
    assert list(panels[0].lines[0].get_ydata()) == [1.0, 1.2]
    assert "context to the power of 0.10" in panels[0].get_title(loc="left")
    plt.close("all")
