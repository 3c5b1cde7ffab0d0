"""What the speed chapter reads from records of benchmarks."""

import math

import matplotlib.pyplot as plt
import pytest
from claim_records import TRAIN, benchmark

from lmstudy.benchmark.result import Line
from lmstudy.chapters.speed import figures as speed_figures
from lmstudy.chapters.speed import speed
from lmstudy.errors import StudyError
from lmstudy.study.claims import all_claims, evaluate_claims


def test_the_newest_record_of_a_workload_counts():
    old, new = benchmark("train", TRAIN), benchmark("train", TRAIN, started="2026-01-03T00:00:00Z")
    assert speed.benchmark([new, old, benchmark("score", [])], "train") is new
    with pytest.raises(StudyError, match="lmstudy-benchmark workload=growth"):
        speed.benchmark([old], "growth")


def test_lines_become_estimates():
    found = benchmark("train", TRAIN)
    eager = speed.estimate(speed.line(found, "tokens_per_second", "hf_t5", "lmstudy_eager"))
    assert (eager.value, eager.low, eager.high, eager.n) == (1.2, 1.1, 1.3, 12)
    memory = speed.estimate(speed.line(found, "peak_memory", "hf_t5"))
    assert memory.value == 0.6
    assert math.isnan(memory.low)
    with pytest.raises(StudyError, match=r"no line of tokens_per_second of any against nanoT5"):
        speed.line(found, "tokens_per_second", "nanoT5")
    with pytest.raises(StudyError, match="no number was found"):
        speed.estimate(
            speed.line(benchmark("quality", [Line("time_to_quality", "never", "hf_t5")]), "time_to_quality", "hf_t5")
        )


def test_tables():
    found = benchmark("train", TRAIN)
    assert list(speed.ratios(found, "tokens_per_second")) == [
        "lmstudy, compiled / Hugging Face T5",
        "lmstudy / Hugging Face T5",
        "lmstudy, compiled / Hugging Face T5, compiled",
    ]
    assert speed.training_table(found).loc["lmstudy, compiled"].tolist() == [14000.0, 70.0, 800.0, 400.0]
    values = speed.value_table(found, {"utilisation": "share"})
    assert values.loc["share"].tolist() == [0.7, "of a matrix product", "0.68 to 0.72"]


def test_targets_name_claims_and_say_what_was_reached():
    assert {target[1] for target in speed.TARGETS} <= {claim.id for claim in all_claims()}
    results = evaluate_claims([benchmark("train", TRAIN)])
    by_id = {result.id: result for result in results}
    assert by_id["speed.train.hf_eager"].holds
    assert by_id["speed.generate"].outcome == "no records"
    table = speed.target_table(results)
    assert table.loc["training tokens/s against T5, eager", ["measured", "reached"]].tolist() == ["1.50", "no"]
    assert table.loc["share of the matrix peak while training", "reached"] == "yes"
    assert table.loc["peak memory against T5", ["95 % interval", "reached"]].tolist() == ["one measurement", "yes"]


def test_core_hours_count_the_cores_a_run_used():
    one_thread = benchmark("train", TRAIN, kind="train", config={"trainer": {"threads": 1}})
    table = speed.core_hours([benchmark("train", TRAIN), one_thread])["core-hours"]
    assert table["published records: benchmark"] == pytest.approx(1.0)  # half an hour on two cores
    assert table["published records: train"] == pytest.approx(0.5)
    assert table["all, 10 times the parameters"] == pytest.approx(150)


def test_figures_are_drawn_from_records():
    curve = {"step": [10, 20], "value": [3.0, 2.0]}
    runs = [{"run": name, "minutes": 4.0} for name in ("hf_t5/screening/a", "hf_t5/final/b", "lmstudy/20/1")]
    quality = benchmark("quality", [], curves={f"{run['run']}/valid/bits_per_byte": curve for run in runs})
    quality.samples.extend(runs)
    figure = speed_figures.time_to_quality(quality)
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
    panels = speed_figures.growth(growth).axes
    assert list(panels[0].lines[0].get_ydata()) == [1.0, 1.2]
    assert panels[0].get_title(loc="left") == "grows as context to the 0.10"
    plt.close("all")
