"""The workload `architectures`: each contender trains as its experiment does, all of them on the same batches."""

import json
from functools import partial
from itertools import islice

import numpy as np
import pytest
import torch
from scipy.stats import gmean

from lmstudy.benchmark import run as running
from lmstudy.benchmark.architectures import Architectures, _batches, _compiled
from lmstudy.benchmark.contenders.ours import ExperimentTraining as Training
from lmstudy.benchmark.contenders.ours import build_model
from lmstudy.benchmark.contenders.training import to_batches
from lmstudy.compose import compose_config
from lmstudy.data.batch import IGNORE
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from lmstudy.runs.pretraining import build_data, build_module, open_run
from lmstudy.training.muon import MuonAndAdamW
from tests.benchmark.cases import bench, tiny_data
from tests.conftest import TINY

BUDGET = ["budget=smoke", "budget.rows=2", "budget.encoder_length=32", "budget.prefix_length=24",
          "budget.decoder_length=64", "budget.encoder_layers=1", "budget.decoder_layers=1"]  # fmt: skip
DATA = [override for override in TINY if override.startswith("data")]
EXPERIMENTS = ["first_model", "lstm", "lstm_attention", "dense_wide"]


def workload(experiments: list[str], *overrides: str, batches: int = 2) -> Architectures:
    return Architectures(experiments, [*BUDGET, *overrides], batches)


def config(experiment: str, *overrides: str) -> dict:
    given = [f"experiment={experiment}", *BUDGET, *overrides, "logger=csv"]
    return compose_config("train", given) | {"data": tiny_data()}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_contender_begins_as_its_run_and_takes_the_same_steps(experiment):
    given = config(experiment)
    run = open_run(given)
    made = _batches(run.corpus, given, 3)
    real = list(islice(iter(build_data(run).train_dataloader()), 3))
    for ours, theirs in zip(to_batches(made), real, strict=True):
        assert all(map(torch.equal, ours, theirs))
    module = build_module(run)
    one = Training(made, given, run.corpus.tokenizer.get_vocab_size(), compiled=False)
    for name, value in module.model.state_dict().items():
        assert torch.equal(value, one.training.model.state_dict()[name]), name
    labels = sum(int((batch.labels != IGNORE).sum()) for batch in real)
    assert 0 < one.block() == labels <= 3 * 2 * 64  # rows may be full to the last place
    settings = module.optimizer_settings
    optimizer = settings.build(module.model)
    losses = []
    for step, batch in enumerate(real):
        for group, after in zip(optimizer.param_groups, one.training.optimizer.param_groups, strict=True):
            assert after["lr"] == pytest.approx(after["initial_lr"] * settings.factor(3, given["budget"]["steps"]))
            group["lr"] = after["initial_lr"] * settings.factor(step, given["budget"]["steps"])
        loss = torch.nn.functional.cross_entropy(module.model(batch).flatten(0, 1), batch.labels.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(module.model.parameters(), settings.clip)
        optimizer.step()
        losses.append(loss.item())
    assert one.facts["losses"] == pytest.approx([losses[0], losses[-1]], rel=1e-4)
    assert one.facts["steps"] == 3
    assert isinstance(one.training.optimizer, MuonAndAdamW) == (experiment == "first_model")


@pytest.mark.usefixtures("contest_here")
def test_every_architecture_is_compared_with_the_first(tmp_path, capfd):
    named = f"workload.experiments=[{','.join(EXPERIMENTS)}]"
    overrides = ["workload=architectures", named, f"workload.overrides={BUDGET}", "workload.batches=2",
                 "rounds=3", "threads=1", "seconds=0", "format=json", f"runs={tmp_path}"]  # fmt: skip
    record = running.run(compose_config("benchmark", [*DATA, *overrides]))
    shown = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    compared = [(line["measure"], line["contender"], line["peer"]) for line in shown if line["peer"]]
    assert compared == [
        (measure, name, "first_model") for measure in ("tokens_per_second", "peak_memory") for name in EXPERIMENTS[1:]
    ]
    rates = {name: np.array(record.curves[f"{name}/tokens_per_second"]["value"]) for name in EXPERIMENTS}
    for line in shown[:3]:
        assert line["ratio"] == pytest.approx(gmean(rates[line["contender"]] / rates["first_model"]))
        assert line["low"] <= line["ratio"] <= line["high"]
    facts = {sample["contender"]: sample for sample in record.samples if "contender" in sample}
    assert list(facts) == EXPERIMENTS  # runs as short as these are not compiled: none has an eager form beside it
    assert len({tuple(units for _, units in each["blocks"]) for each in facts.values()}) == 1
    for name, each in facts.items():
        assert each["facts"]["steps"] == 2 * 4  # warmed up, then three rounds
        assert each["facts"]["compiled"] is False
        assert each["facts"]["model"]["_target_"] == config(name)["model"]["_target_"]
    assert record.data == prepare(tiny_data()).fingerprint


@pytest.mark.usefixtures("contest_here")
def test_what_training_compiles_has_an_eager_form_beside_it(monkeypatch, capfd):
    """Graphs are captured, but not turned into C++, which takes half a minute each."""
    monkeypatch.setattr("lmstudy.training.compilation.compilation_problem", lambda *_: None)
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager", fullgraph=True))
    found = workload(["first_model", "lstm"], "budget.steps=500").run(bench())
    torch._dynamo.reset()
    pairs = [(line.contender, line.peer) for line in found.lines if line.peer and line.measure == "tokens_per_second"]
    assert pairs == [("lstm", "first_model"), ("first_model_eager", "first_model")]
    facts = {sample["contender"]: sample["facts"] for sample in found.samples if "contender" in sample}
    assert {name: each["compiled"] for name, each in facts.items()} == {
        "first_model": True, "lstm": False, "first_model_eager": False
    }  # fmt: skip
    assert facts["first_model"]["losses"] == pytest.approx(facts["first_model_eager"]["losses"], rel=1e-5)
    assert "model Seq2SeqLSTM names no layers to compile" in capfd.readouterr().err


def test_networks_of_another_size_are_refused_before_any_is_timed():
    one = config("first_model")
    other = {**one, "model": {**one["model"], "d_ff": 48}}
    assert _compiled({"one": one, "two": one}, 512) == {"one": False, "two": False}
    sizes = [sum(p.numel() for p in build_model(each, 512).parameters()) for each in (one, other)]
    with pytest.raises(StudyError, match=f"one has {sizes[0]:,} parameters and two {sizes[1]:,}; they may differ"):
        _compiled({"one": one, "two": other}, 512)


@pytest.mark.parametrize(
    ("experiments", "overrides", "message"),
    [
        (["first_model", "flyer"], [], "experiment=flyer: no such choice; choose from article, "),
        (["first_model", "copy_lstm"], [], r"not comparable: batches of first_model are .*PrefixLM.*, of copy_lstm"),
        (["article"], [], "experiment=article is given an embedding"),
        (["first_model"], ["trainer=gpu"], "experiment=first_model trains with trainer.accelerator=gpu .* cpu with 32"),
        (["first_model"], ["budget.row=3"], "budget.row"),
        (["first_model", "lstm"], ["trainer.compile=true"], "trainer.compile=true: model Seq2SeqLSTM names no layers"),
    ],
)
def test_what_cannot_stand_beside_the_others_is_named(experiments, overrides, message, monkeypatch):
    monkeypatch.setattr("lmstudy.training.compilation.compilation_problem", lambda *_: None)
    with pytest.raises(StudyError, match=message):
        workload(experiments, *overrides).run(bench())
