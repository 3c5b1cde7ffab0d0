"""The workload `quality`: which runs it trains, what it makes of them, and that it says so when a goal is missed."""

import json
import math

import numpy as np
import pytest
import torch

from lmstudy.benchmark.contenders.ours import ConfiguredTraining
from lmstudy.benchmark.quality import Quality, Runs, Screening, our_run, peer_run
from lmstudy.benchmark.quality_lines import (
    BOTH,
    VALID,
    Comparison,
    Reach,
    StepSeconds,
    comparable_but_for_rows,
    reach,
)
from lmstudy.benchmark.result import Bench
from lmstudy.benchmark.train import packed_batches
from lmstudy.compose import compose_config
from lmstudy.data.batch import Shape
from lmstudy.data.corpus import prepare
from lmstudy.data.store import TokenStore
from lmstudy.errors import StudyError
from lmstudy.evaluation.rounds import over_rounds
from lmstudy.evaluation.statistics import seed_interval
from lmstudy.runs import pretraining as study_runs
from lmstudy.runs.identity import run_id
from lmstudy.runs.records import Record
from lmstudy.training.muon import MuonAndAdamW
from lmstudy.training.precision import FULL, HALF
from tests import claim_records
from tests.benchmark.cases import SIZES, account, contest, tiny_data

DEFAULTS = compose_config("benchmark", ["workload=quality", "runs=somewhere"])["workload"]
TINY_BUDGET = ["budget=smoke", "budget.d_model=16", "budget.d_ff=24", "budget.encoder_layers=1",
               "budget.decoder_layers=1", "budget.evaluate_every=2", "budget.evaluation_documents=8",
               "budget.final_documents=8", "budget.samples=0"]  # fmt: skip
TINY_WORKLOAD = {"minutes": 1.0, "peer_steps": 4, "peer_evaluate_every": 2, "rows": [2], "rates": [1e-3, 2e-3],
                 "screening_tokens": 2 * 128 * 3, "steps": [4], "seeds": [1, 2], "batches": 2, "train": True,
                 "evaluate_every": 2, "experiment": "encoder_decoder",
                 "overrides": TINY_BUDGET}  # fmt: skip


def screening(**changes) -> Screening:
    chosen = {key: DEFAULTS[key] for key in ("rows", "rates")} | {"tokens": DEFAULTS["screening_tokens"]}
    return Screening(**(chosen | {"decoder_length": 256} | changes))


def record(bits: float, curve: dict[int, float], tokens: float = 1000.0, seed: int = 1) -> Record:
    """A run with these bits per byte on all documents, and this curve on the first ones."""
    curves = {VALID: {"step": list(curve), "value": list(curve.values())}}
    metrics = {VALID: bits, "train/tokens": tokens}
    return claim_records.record(seed, "train", {"budget": {"steps": max(curve)}}, bits, metrics=metrics, curves=curves)


def comparison(ours: dict[int, list[Record]], peer: Record | None = None, steady: bool = True) -> Comparison:
    """A peer of 4000 steps that take 0.3 s, 0.2 s and 0.4 s, where ours take 0.1 s, 0.1 s and 0.2 s."""
    theirs = record(1.8, {1000: 2.4, 2000: 2.2, 4000: 1.9}, tokens=8000.0) if peer is None else peer
    return Comparison(theirs, 4000, ours, np.array([0.3, 0.2, 0.4]), np.array([0.1, 0.1, 0.2]), steady)


def by_name(found: Comparison) -> dict:
    return {(line.contender, line.measure): line for line in found.lines()}


def test_the_runs_are_ordinary_ones(tmp_path):
    by_hand = {
        (4, 4e-3): "budget.rows=4 budget.steps=1200 optimizer.lr=4e-3 budget.evaluate_every=400",
        (4, 2e-3): "budget.rows=4 budget.steps=1200 optimizer.lr=2e-3 budget.evaluate_every=400",
        (4, 8e-3): "budget.rows=4 budget.steps=1200 optimizer.lr=8e-3 budget.evaluate_every=400",
        (8, 4e-3): "budget.rows=8 budget.steps=600 optimizer.lr=4e-3 budget.evaluate_every=200",
        (2, 4e-3): "budget.rows=2 budget.steps=2400 optimizer.lr=4e-3 budget.evaluate_every=800",
    }
    plan = screening().plan()
    assert set(plan) == set(by_hand)
    runs = Runs(compose_config("train", [])["data"], [], str(tmp_path), 1)
    for pair, line in by_hand.items():
        wanted = compose_config("train", ["experiment=peer_t5", *line.split()])
        assert run_id(runs.config(plan[pair].overrides), "data") == run_id(wanted, "data")
    own = our_run("first_model", 8, 1600, 50, 3)
    line = "experiment=first_model budget.steps=1600 budget.evaluate_every=50 seed=3"
    wanted = compose_config("train", line.split())
    assert run_id(runs.config(own.overrides), "data") == run_id(wanted, "data")
    assert runs.config(own.overrides)["runs"] == str(tmp_path)
    assert runs.command(own) == f"lmstudy-train {line} runs={tmp_path}"
    by_us = runs.config(our_run("encoder_decoder", 8, 4, 2, 3).overrides)
    assert by_us["trainer"]["precision"] in (FULL, HALF)  # decided before a run is looked for


def test_every_screening_run_sees_as_many_positions():
    assert {planned.rows * planned.steps * 256 for planned in screening().plan().values()} == {1_228_800}
    with pytest.raises(StudyError, match=r"workload\.screening_tokens=1228800 .* 7 rows of 256"):
        screening(rows=[7, 8])


def test_the_batch_wins_first_then_the_rate():
    bits = {(2, 4e-3): 2.1, (4, 4e-3): 2.2, (8, 4e-3): 2.3, (4, 2e-3): 2.15, (4, 8e-3): math.nan}
    assert screening().winner(bits) == (2, 2e-3)
    assert screening().winner(bits | {(4, 2e-3): 2.2}) == (2, 2e-3)  # the first of equals
    assert screening().winner(bits | {(2, 4e-3): 2.2001}) == (4, 2e-3)
    assert screening().edges(2, 4e-3) == ["workload.rows=[2, 4, 8]: 2 won"]
    assert screening().edges(4, 8e-3) == ["workload.rates=[0.002, 0.004, 0.008]: 0.008 won"]
    assert screening().edges(4, 4e-3) == []


def test_a_length_reaches_by_its_mean_and_surely_by_its_interval():
    bits = {300: [1.0, 1.0], 200: [1.1, 1.3], 100: [1.3, 1.5]}
    wide = seed_interval(bits[200], BOTH)
    assert wide.low < 1.25 < wide.high
    assert reach(bits, 1.25, BOTH) == Reach(steps=200, surely=300, perhaps=100)
    assert reach({100: [1.3, 1.30001]}, 1.2, BOTH) == Reach(None, None, None)
    assert reach({100: [1.1]}, 1.2, BOTH) == Reach(steps=100, surely=None, perhaps=None)  # one seed


def test_the_headline_is_minutes_over_minutes_with_both_intervals():
    curve = {500: 2.0, 1000: 1.88}
    close = [record(bits, curve, 2000.0, seed) for seed, bits in enumerate((1.75, 1.751, 1.752))]
    shorter = [record(bits, {400: 2.2, 800: 2.0}, 1600.0) for bits in (1.70, 1.80, 1.92)]  # 1.807 on average
    found = by_name(comparison({1000: close, 800: shorter}))
    time = found["lmstudy", "time_to_quality"]
    assert next(iter(found)) == ("lmstudy", "time_to_quality")
    step = over_rounds([3, 2, 2], BOTH)  # ratios of a step; the shorter length might be enough
    assert time.ratio == pytest.approx(4000 / 1000 * step.value)
    assert time.low == pytest.approx(4000 / 1000 * step.low)
    assert time.high == pytest.approx(4000 / 800 * step.high)
    assert (time.peer, time.rounds, time.better) == ("hf_t5", 3, "higher")
    tokens = found["lmstudy", "tokens_to_quality"]
    assert (tokens.ratio, tokens.low, tokens.high) == pytest.approx((8000 / 2000, 4.0, 8000 / 1600))
    assert found["hf_t5", "minutes"].value == pytest.approx(4000 * over_rounds([0.3, 0.2, 0.4]).value / 60)
    assert found["lmstudy", "minutes_1000_steps"].value == pytest.approx(1000 * over_rounds([0.1, 0.1, 0.2]).value / 60)
    assert found["lmstudy", "bits_per_byte_1000_steps"].value == pytest.approx(1.751)


def test_equal_minutes_compare_curves():
    ends = (1.70, 1.74)
    longest = [record(1.5, {500: 2.0, 1000: end}, seed=seed) for seed, end in enumerate(ends)]
    line = by_name(comparison({1000: longest}))["lmstudy", "bits_per_byte_at_equal_minutes"]
    expected = seed_interval([end - 2.2 for end in ends])  # 1000 steps of ours take as long as 500 * 4 of the peer's
    # The median ratio of a step is 2: after 1000 steps of ours the peer has made 500.
    assert line.value is None
    assert "no point about its step 500" in line.unit
    peer = record(1.8, {250: 2.4, 750: 2.0, 4000: 1.9})
    line = by_name(comparison({1000: longest}, peer))["lmstudy", "bits_per_byte_at_equal_minutes"]
    assert (line.value, line.low, line.high) == pytest.approx((expected.value, expected.low, expected.high))


def test_what_was_not_reached_has_no_ratio():
    ours = {1000: [record(bits, {500: 2.0, 1000: 1.95}) for bits in (1.85, 1.86)]}
    found = comparison(ours).lines()
    for line in (found[0], found[2]):
        assert (line.ratio, line.value, line.low, line.high) == (None, None, None, None)
        assert "not reached in 1000 steps (1.7 min)" in line.unit
        assert line.conclusive
        assert json.loads(line.to_json("quality"))["ratio"] is None
    assert [line.measure for line in (found[0], found[2])] == ["time_to_quality", "tokens_to_quality"]


def test_one_seed_leaves_the_interval_open():
    line = comparison({1000: [record(1.7, {1000: 1.7})]}, steady=False).time_to_quality()
    assert line.ratio == pytest.approx(4 * over_rounds([3, 2, 2]).value)
    assert (line.low, line.high) == (None, None)
    assert line.conclusive is False


def test_seconds_a_step_follow_from_rates_and_shapes():
    tokens = {"eager": 2 * (8 + 16), "compiled": 2 * (8 + 16), "lmstudy": 4 * (8 + 16)}
    seconds = {"lmstudy": [0.5, 0.6], "eager": [1.0, 2.0], "compiled": [1.1, 1.1]}
    held = contest(**{
        name: account(seconds[name], tokens[name], shape=[tokens[name] // 24, 8, 16]) for name in seconds
    })  # fmt: skip
    times = StepSeconds(held, "lmstudy", {2: ["eager", "compiled"]})
    for name in seconds:
        assert times.of(name) == pytest.approx(seconds[name])
    assert times.fastest(2) == "compiled"
    facts = {"a": {"shape": [4, 8, 16], "parameters": 100}, "b": {"shape": [2, 8, 16], "parameters": 101}}
    comparable_but_for_rows(facts)
    with pytest.raises(StudyError, match="not comparable"):
        comparable_but_for_rows(facts | {"c": {"shape": [4, 8, 32], "parameters": 100}})


def test_our_contender_steps_with_the_optimiser_of_the_experiment():
    corpus = prepare(tiny_data())
    batches = packed_batches(TokenStore(corpus.splits["train"]), Shape(2, 16, 32, 8), 2)
    muon = compose_config("train", ["experiment=first_model"])["optimizer"]
    given = {"batches": batches, "documents": "packed", "vocab_size": corpus.tokenizer.get_vocab_size(), **SIZES}
    contender = ConfiguredTraining(optimizer=muon, compiled=False, **given)
    assert isinstance(contender.optimizer, MuonAndAdamW)
    before = [p.detach().clone() for p in contender.model.parameters()]
    assert [contender.block() for _ in range(3)] == [2 * 48] * 3  # the first step has gradients of zero behind zeros
    assert all(not torch.equal(a, b) for a, b in zip(before, contender.model.parameters(), strict=True))
    groups = {group["orthogonal"]: group["lr"] for group in contender.optimizer.param_groups}
    assert groups == {True: muon["matrix_lr"], False: muon["lr"]}


class Held(Bench):
    """A bench whose contest is made up: our steps take a tenth of a second, the peer's three."""

    def hold(self, entries, check=None):
        accounts = {}
        for entry in entries:
            _, read, written = shape = [entry.settings["batches"][0][0].shape[0], 64, 128]
            seconds = 0.1 if entry.name.startswith("lmstudy") else 0.3
            accounts[entry.name] = account([seconds] * 2, shape[0] * (read + written), shape=shape)
        check({name: each.facts for name, each in accounts.items()})
        return contest(**accounts)


def test_a_tiny_study_trains_once_and_keeps_its_curves(tmp_path, monkeypatch):
    told: list[str] = []
    workload = Quality(**TINY_WORKLOAD, runs=str(tmp_path))
    place = Held(2, 1, 0.0, tiny_data(), (), told.append)
    with pytest.raises(StudyError, match=r"workload.train=false, and 4 runs are missing") as refused:
        Quality(**TINY_WORKLOAD | {"train": False}, runs=str(tmp_path)).run(place)
    first = peer_run("", 2, 1e-3, 3, 1)
    assert " ".join(["lmstudy-train", *TINY_BUDGET, *first.overrides, f"runs={tmp_path}"]) in str(refused.value)
    assert told == []  # nothing is measured before that is said

    result = workload.run(place)
    assert any("quality trains 5 runs, about 0 min and evaluations: hf_t5/screening/rows_2" in each for each in told)
    assert result.lines[0].measure == "time_to_quality"
    samples = {sample["run"]: sample for sample in result.samples if "run" in sample}
    final = next(sample for name, sample in samples.items() if name.startswith("hf_t5/final/"))
    assert final["minutes"] == pytest.approx(4 * 0.3 / 60)
    tried = {name: each for name, each in samples.items() if name.startswith("hf_t5/screening/")}
    best = min(tried, key=lambda name: tried[name]["bits_per_byte"])
    assert final["run"].removeprefix("hf_t5/final/") == best.removeprefix("hf_t5/screening/")
    ours = {name for name in samples if name.startswith("lmstudy/")}
    assert ours == {"lmstudy/4_steps/seed_1", "lmstudy/4_steps/seed_2"}
    for name in samples:
        assert result.curves[f"{name}/{VALID}"]["step"][-1] == samples[name]["steps"]
    mean = np.mean([samples[f"lmstudy/4_steps/seed_{seed}"]["bits_per_byte"] for seed in (1, 2)])
    assert result.metrics["lmstudy/bits_per_byte_4_steps"] == pytest.approx(mean)
    assert "workload.minutes=1 would take workload.peer_steps=200 here" in result.notes
    assert any("the peer may do better beyond" in note for note in result.notes)

    def must_not_train(run):
        raise AssertionError(f"{run.folder} exists")

    monkeypatch.setattr(study_runs, "_fit", must_not_train)
    again = Quality(**TINY_WORKLOAD | {"train": False}, runs=str(tmp_path)).run(place)
    assert again.lines == result.lines
    assert again.curves == result.curves
