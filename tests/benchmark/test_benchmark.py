"""The command: what it prints, what it records, what it refuses; one real contest, end to end."""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra.utils import get_object
from scipy.stats import gmean

from lmstudy.benchmark import run as running
from lmstudy.benchmark.contest import Entry
from lmstudy.benchmark.peers import All, Peer, taking_part
from lmstudy.benchmark.ratios import TOO_NOISY, memory_ratio, rate, rate_ratio, result
from lmstudy.benchmark.result import Line
from lmstudy.commands.benchmark import COMMAND
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.records import load
from tests.conftest import ROOT, TINY

DATA = [override for override in TINY if override.startswith("data")]
SHAPE = "rows=2 encoder_length=16 decoder_length=32 prefix_length=12 batches=2"
NETWORK = "d_model=32 d_ff=48 encoder_layers=1 decoder_layers=1"
TINY_TRAINING = [f"workload.{setting}" for setting in f"{SHAPE} {NETWORK}".split()]
TRIVIAL = "tests.benchmark.trivial.Clock"


class Counting:
    """A workload whose contenders say themselves how fast they are."""

    name = "counting"

    def __init__(self) -> None:
        pass

    def run(self, bench):
        entries = [Entry("lmstudy", TRIVIAL, {"units": 6.0}), Entry("peer", TRIVIAL, {"units": 2.0})]
        contest = bench.hold(entries)
        lines = [rate_ratio(contest, "lmstudy", "peer", "speed", "things/s"), memory_ratio(contest, "lmstudy", "peer")]
        return result(contest, [*lines, rate(contest, "lmstudy", "speed", "things/s")], "speed")


class Unsteady(Counting):
    """The same on a machine that is too noisy."""

    def run(self, bench):
        found = super().run(bench)
        found.lines = [Line("speed", "x/s", peer="peer", ratio=1.0, low=0.1, high=9.0, conclusive=False)]
        return found


def config(tmp_path: Path, workload: str, **others) -> dict:
    return {
        **compose_config("benchmark", ["rounds=3", "threads=1", "seconds=0", "format=json", f"runs={tmp_path}"]),
        "workload": {"_target_": f"{__name__}.{workload}"},
        **others,
    }


@pytest.mark.usefixtures("counting_machine")
def test_json_is_one_object_a_line_and_the_main_measure_comes_first(tmp_path, capsys):
    running.run(config(tmp_path, "Counting"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["measure"] for line in lines] == ["speed", "peak_memory", "speed"]
    first = lines[0]
    assert (first["workload"], first["peer"], first["unit"]) == ("counting", "peer", "things/s")
    assert (first["ratio"], first["low"], first["high"], first["rounds"]) == pytest.approx((3.0, 3.0, 3.0, 3))
    assert isinstance(first["conclusive"], bool)
    assert lines[1]["ratio"] == pytest.approx(1, abs=0.1)
    assert lines[2]["peer"] is None
    assert lines[2]["value"] == pytest.approx(3.0)


@pytest.mark.usefixtures("counting_machine")
def test_a_record_comes_back_and_its_ratios_can_be_computed_again(tmp_path):
    record = running.run(config(tmp_path, "Counting"))
    path = tmp_path / f"{record.name}-{record.id}" / "record.json"
    again = load(path)
    assert again.to_json() == record.to_json()
    assert (again.kind, again.data, again.seed) == ("benchmark", "none", None)
    assert again.name.startswith("counting-20")
    assert again.config["threads"] == 1
    ours, theirs = (np.array(again.curves[f"{name}/speed"]["value"]) for name in ("lmstudy", "peer"))
    assert gmean(ours / theirs) == pytest.approx(again.metrics["peer/ratio/speed"]) == pytest.approx(3.0)
    assert again.metrics["machine/flops_per_second"] > 0
    assert again.samples[0]["lines"][0]["ratio"] == pytest.approx(3.0)


@pytest.mark.usefixtures("counting_machine")
def test_noise_is_said_plainly_and_the_numbers_are_still_shown(tmp_path, capsys):
    record = running.run(config(tmp_path, "Unsteady"))
    shown = capsys.readouterr()
    assert json.loads(shown.out)["conclusive"] is False
    assert TOO_NOISY in shown.err
    assert TOO_NOISY in record.notes
    running.run(config(tmp_path, "Unsteady", format="table", rounds=2))
    shown = capsys.readouterr().out
    assert "0.1 to 9" in shown
    assert TOO_NOISY in shown


def test_the_verdict_is_on_ratios_where_there_are_any():
    ratio = Line("speed", "x/s", peer="peer", ratio=2.0)
    value = Line("speed", "x/s", value=3.0, conclusive=False)
    assert running.noise([ratio, value]) is None
    assert running.noise([value]) == f"{TOO_NOISY}: speed of lmstudy"
    doubtful = Line("speed", "x/s", peer="peer", ratio=2.0, conclusive=False)
    assert running.noise([doubtful, value]) == f"{TOO_NOISY}: speed of lmstudy against peer"


def missing(**changes) -> Peer:
    return Peer(**{"name": "ghost", "package": "no_such_package", "compiler": False, "contenders": {"train": "x.Y"}}
                | changes)  # fmt: skip


def test_a_missing_peer_is_skipped_among_all_and_refused_by_name(monkeypatch):
    told = []
    with pytest.raises(StudyError, match=r"peer=ghost needs the package no_such_package \(pip install lmstudy\[bench"):
        taking_part(missing(), "train", told.append)
    there = missing(name="there", package=None)
    monkeypatch.setattr(All, "peers", lambda self: [missing(), there, missing(contenders={"score": "x.Y"})])
    assert taking_part(All(), "train", told.append) == [there]
    assert told == ["ghost is skipped: it needs the package no_such_package (pip install lmstudy[bench])"]
    assert taking_part(All(), "prepare", told.append) == []
    with pytest.raises(StudyError, match="peer=ghost takes no part in workload=score; choose from ghost"):
        taking_part(missing(), "score", told.append)


def test_a_compiled_peer_needs_a_compiler(monkeypatch):
    monkeypatch.setenv("CXX", "/nowhere/g++")
    with pytest.raises(StudyError, match="peer=ghost is compiled, and CXX=/nowhere/g"):
        taking_part(missing(package=None, compiler=True), "train", print)


def test_peers_ship_with_contenders_for_training():
    peers = {peer.name: peer for peer in All().peers()}
    assert set(peers) == {path.stem for path in (ROOT / "conf" / "peer").glob("*.yaml")} - {"all"}
    assert {"hf_t5", "hf_t5_compiled", "torch_transformer"} <= set(peers)
    for peer in peers.values():
        assert callable(get_object(peer.contenders["train"]))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["peer=hf_t6"], "peer=hf_t6: no such choice; choose from all, hf_t5, hf_t5_compiled"),
        (["workload=fly"], "workload=fly: no such choice; choose from"),
        (["workload.rows=0"], "workload.rows=0: input should be greater than 0"),
        (["rounds=0"], "rounds=0: input should be greater than 0"),
        (["format=xml"], "format='xml': input should be 'table' or 'json'"),
        (["threads=999"], "threads=999: this process may use"),
        (["rouds=3"], "rouds: unknown key; did you mean rounds?"),
    ],
)
def test_mistakes_are_one_line(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["lmstudy-benchmark", *DATA, *arguments])
    with pytest.raises(SystemExit):
        COMMAND.main()
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("lmstudy-benchmark: ")
    assert message in last


def test_an_interruption_says_that_nothing_was_recorded(monkeypatch, capsys, tmp_path):
    def interrupt(config):
        raise KeyboardInterrupt

    monkeypatch.setattr(running, "run", interrupt)
    monkeypatch.setattr(sys, "argv", ["lmstudy-benchmark", *DATA, f"runs={tmp_path}"])
    with pytest.raises(SystemExit) as stopped:
        COMMAND.main()
    assert stopped.value.code == 130
    assert "interrupted; a benchmark leaves a record only when it is finished" in capsys.readouterr().err


@pytest.mark.slow
def test_training_end_to_end(tmp_path, capfd, monkeypatch):
    """The one contest of real contenders in processes of their own."""
    check_training("packed", tmp_path, capfd, monkeypatch)


@pytest.mark.usefixtures("contest_here")
def test_training_on_whole_documents(tmp_path, capfd, monkeypatch):
    check_training("whole", tmp_path, capfd, monkeypatch)


def check_training(documents, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("lmstudy.training.compilation.compilation_problem", lambda *_: "no compiler today")
    overrides = [f"workload.documents={documents}", "rounds=3", "threads=1", "seconds=0", "format=json"]
    record = running.run(
        compose_config("benchmark", [*DATA, *TINY_TRAINING, *overrides, f"runs={tmp_path}", "peer=hf_t5"])
    )
    shown = capfd.readouterr()
    lines = [json.loads(line) for line in shown.out.splitlines()]
    first = [lines[0][key] for key in ("measure", "peer", "contender")]
    assert first == ["tokens_per_second", "hf_t5", "lmstudy_eager"]
    assert lines[0]["low"] <= lines[0]["ratio"] <= lines[0]["high"]
    assert "lmstudy is left out, lmstudy_eager stands for it: no compiler today" in shown.err
    found = {(line["contender"], line["measure"]) for line in lines if line["peer"] is None}
    measures = ("tokens_per_second", "utilisation", "peak_memory", "peak_memory_above_start")
    assert found == {(name, measure) for name in ("lmstudy_eager", "hf_t5") for measure in measures}
    ours, theirs = (np.array(record.curves[f"{n}/tokens_per_second"]["value"]) for n in ("lmstudy_eager", "hf_t5"))
    assert gmean(ours / theirs) == pytest.approx(record.metrics["hf_t5/ratio/tokens_per_second"])
    assert record.data == record.data.lower() != "none"
    contenders = [sample for sample in record.samples if "contender" in sample]
    for sample in contenders:
        assert sample["facts"]["steps"] == 4
        assert [units for _, units in sample["blocks"]] == [2 * 48.0] * 3


@pytest.mark.usefixtures("contest_here")
def test_contenders_are_compiled_where_that_can_be(tmp_path, capfd, monkeypatch):
    """Graphs are captured, but not turned into C++, which takes half a minute each."""
    monkeypatch.setattr("lmstudy.training.compilation.compilation_problem", lambda *_: None)
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager", fullgraph=True))
    overrides = ["rounds=2", "threads=1", "seconds=0", "format=json", f"runs={tmp_path}"]
    monkeypatch.setattr("lmstudy.benchmark.train.emulated", lambda *_: False)
    record = running.run(compose_config("benchmark", [*DATA, *TINY_TRAINING, *overrides]))
    torch._dynamo.reset()
    ratios = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    pairs = [(r["peer"], r["contender"]) for r in ratios if r["peer"] and r["measure"] == "tokens_per_second"]
    assert pairs[:5] == [
        ("hf_t5", "lmstudy"),
        ("hf_t5", "lmstudy_eager"),
        ("hf_t5_compiled", "lmstudy"),
        ("torch_transformer", "lmstudy"),
        ("torch_transformer", "lmstudy_eager"),
    ]
    # The fastest forms, whichever they are; not once more where that is a pair from above.
    forms = {"lmstudy", "lmstudy_eager", "lmstudy_bf16"}
    assert all(peer.startswith("hf_t5_compiled") and ours in forms for peer, ours in pairs[5:])
    assert len(set(pairs)) == len(pairs) in (5, 6)
    losses = {sample["contender"]: sample["facts"]["losses"] for sample in record.samples if "contender" in sample}
    assert losses["lmstudy"] == pytest.approx(losses["lmstudy_eager"], rel=1e-5)
    assert losses["hf_t5_compiled"] == pytest.approx(losses["hf_t5"], rel=1e-5)
    for name in ("lmstudy", "hf_t5_compiled"):
        assert losses[f"{name}_bf16"] == pytest.approx(losses[name], rel=2e-2)
        assert losses[f"{name}_bf16"] != losses[name]
