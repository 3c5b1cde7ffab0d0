"""The command: what it prints, what it records, what it refuses; one real contest, end to end."""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hydra.utils import get_object

from lmstudy.benchmark import run as running
from lmstudy.benchmark.contest import Entry
from lmstudy.benchmark.peers import All, Peer, taking_part
from lmstudy.benchmark.ratios import TOO_NOISY, memory_ratio, rate, rate_ratio, result
from lmstudy.benchmark.result import Line
from lmstudy.benchmark.table import table
from lmstudy.commands.benchmark import COMMAND
from lmstudy.compose import compose_config
from lmstudy.config import build, target_type
from lmstudy.errors import StudyError
from lmstudy.runs.records import load
from tests.conftest import ROOT, TINY

DATA = [override for override in TINY if override.startswith("data")]
TINY_TRAINING = [
    "workload.rows=2",
    "workload.encoder_length=16",
    "workload.decoder_length=32",
    "workload.prefix_length=12",
    "workload.batches=2",
    "workload.d_model=32",
    "workload.d_ff=48",
    "workload.encoder_layers=1",
    "workload.decoder_layers=1",
]
TRIVIAL = "tests.benchmark.trivial.Clock"


class Counting:
    """A workload whose contenders say themselves how fast they are."""

    name = "counting"

    def __init__(self, rate: float = 3.0) -> None:
        self.rate = rate

    def run(self, bench):
        entries = [Entry("lmstudy", TRIVIAL, {"units": 2 * self.rate}), Entry("peer", TRIVIAL, {"units": 2.0})]
        contest = bench.hold(entries)
        lines = [rate_ratio(contest, "lmstudy", "peer", "speed", "things/s"), memory_ratio(contest, "lmstudy", "peer")]
        return result(contest, [*lines, rate(contest, "lmstudy", "speed", "things/s")], "speed")


class Unsteady:
    """A workload on a machine that is too noisy."""

    name = "unsteady"

    def __init__(self) -> None:
        pass

    def run(self, bench):
        found = Counting().run(bench)
        found.lines = [Line("speed", "x/s", peer="peer", ratio=1.0, low=0.1, high=9.0, conclusive=False)]
        return found


def config(tmp_path: Path, workload: str, **others) -> dict:
    return {
        "workload": {"_target_": f"{__name__}.{workload}"},
        "peer": {"_target_": "lmstudy.benchmark.peers.All"},
        "data": {},
        "rounds": 3,
        "threads": 1,
        "seconds": 0,
        "format": "json",
        "runs": str(tmp_path / "runs"),
        **others,
    }


@pytest.mark.usefixtures("counting_machine")
def test_json_is_one_object_a_line_and_the_main_measure_comes_first(tmp_path, capsys):
    running.run(config(tmp_path, "Counting"))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["measure"] for line in lines] == ["speed", "peak_memory", "speed"]
    first = lines[0]
    assert (first["workload"], first["peer"], first["ratio"], first["unit"]) == ("counting", "peer", 3.0, "things/s")
    assert (first["low"], first["high"], first["rounds"]) == (3.0, 3.0, 3)
    assert isinstance(first["conclusive"], bool)
    assert lines[1]["ratio"] == pytest.approx(1, abs=0.1)
    assert lines[2]["peer"] is None
    assert lines[2]["value"] == 3.0


@pytest.mark.usefixtures("counting_machine")
def test_a_record_comes_back_and_its_ratios_can_be_computed_again(tmp_path):
    record = running.run(config(tmp_path, "Counting"))
    path = tmp_path / "runs" / f"{record.name}-{record.id}" / "record.json"
    again = load(path)
    assert again.to_json() == record.to_json()
    assert (again.kind, again.data, again.seed) == ("benchmark", "none", None)
    assert again.name.startswith("counting-20")
    assert again.config["threads"] == 1
    ours, theirs = (np.array(again.curves[f"{name}/speed"]["value"]) for name in ("lmstudy", "peer"))
    assert np.median(ours / theirs) == again.metrics["peer/ratio/speed"] == 3.0
    assert again.metrics["machine/flops_per_second"] > 0
    assert again.samples[0]["lines"][0]["ratio"] == 3.0


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


def test_a_table_is_aligned():
    lines = [Line("tokens_per_second", "tokens/s", peer="hf_t5", ratio=1.234, low=1.2, high=1.3, rounds=12),
             Line("peak_memory", "MiB", value=1234.5, conclusive=False)]  # fmt: skip
    head, first, second = table(lines).splitlines()
    assert first.split() == ["lmstudy", "hf_t5", "tokens_per_second", "1.23", "x", "1.2", "to", "1.3", "tokens/s"]
    assert second.split() == ["lmstudy", "peak_memory", "1,234", "MiB", "too", "noisy"]
    assert head.index("unit") == first.index("tokens/s") == second.index("MiB")


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


@pytest.mark.parametrize("path", sorted((ROOT / "conf" / "workload").glob("*.yaml")), ids=lambda path: path.stem)
def test_workloads_are_named_as_their_file(path):
    workload = build(yaml.safe_load(path.read_text()), "workload")
    assert workload.name == path.stem
    assert set(target_type(type(workload)).model_fields) | {"_target_"} == set(yaml.safe_load(path.read_text()))


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
        (["workload.rows=0"], "workload.rows=0 must be at least 1"),
        (["workload.documents=some"], "workload.documents='some': input should be 'packed' or 'whole'"),
        (["rounds=0"], "rounds=0: input should be greater than 0"),
        (["format=xml"], "format='xml': input should be 'table' or 'json'"),
        (["threads=4096"], "threads=4096: this process may use"),
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
    assert (lines[0]["measure"], lines[0]["peer"], lines[0]["contender"]) == (
        "tokens_per_second",
        "hf_t5",
        "lmstudy_eager",
    )
    assert lines[0]["low"] <= lines[0]["ratio"] <= lines[0]["high"]
    assert "lmstudy is left out, lmstudy_eager stands for it: no compiler today" in shown.err
    found = {(line["contender"], line["measure"]) for line in lines if line["peer"] is None}
    measures = ("tokens_per_second", "utilisation", "peak_memory", "peak_memory_above_start")
    assert found == {(name, measure) for name in ("lmstudy_eager", "hf_t5") for measure in measures}
    ours, theirs = (np.array(record.curves[f"{n}/tokens_per_second"]["value"]) for n in ("lmstudy_eager", "hf_t5"))
    assert np.median(ours / theirs) == pytest.approx(record.metrics["hf_t5/ratio/tokens_per_second"])
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
    record = running.run(compose_config("benchmark", [*DATA, *TINY_TRAINING, *overrides]))
    torch._dynamo.reset()
    ratios = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    pairs = [(r["peer"], r["contender"]) for r in ratios if r["peer"] and r["measure"] == "tokens_per_second"]
    assert pairs == [
        ("hf_t5", "lmstudy"),
        ("hf_t5", "lmstudy_eager"),
        ("hf_t5_compiled", "lmstudy"),
        ("torch_transformer", "lmstudy"),
        ("torch_transformer", "lmstudy_eager"),
    ]
    losses = {sample["contender"]: sample["facts"]["losses"] for sample in record.samples if "contender" in sample}
    assert losses["lmstudy"] == pytest.approx(losses["lmstudy_eager"], rel=1e-5)
    assert losses["hf_t5_compiled"] == pytest.approx(losses["hf_t5"], rel=1e-5)
