"""A training that starts from a finished run: its weights, its id in the identity, and what does not fit."""

import pytest
import torch

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.finished import load_run
from lmstudy.runs.folders import find_folder
from lmstudy.runs.identity import kept
from lmstudy.runs.pretraining import initial_module, open_run, train
from lmstudy.runs.records import load
from lmstudy.study.shelf import Shelf


@pytest.fixture
def tiny(small, tmp_path):
    return [*small, f"runs={tmp_path / 'runs'}"]


@pytest.fixture
def base(tiny):
    return train(compose_config("train", tiny))


def started(tiny: list[str], start: str, *overrides: str) -> dict:
    return compose_config("train", [*tiny, f"start='{start}'", "budget.steps=3", *overrides])


def test_the_first_weights_are_those_of_the_start(tiny, base):
    config = started(tiny, base.id[:8], "seed=2")
    there = load_run(open_run(compose_config("train", tiny)).folder).module.model.state_dict()
    module, vectors = initial_module(open_run(config))
    assert vectors is None
    here = module.model.state_dict()
    assert all(torch.equal(here[name], value) for name, value in there.items())
    fresh = initial_module(open_run({**config, "start": None}))[0].model.state_dict()
    assert not torch.equal(fresh["embedding.weight"], here["embedding.weight"])


def test_a_model_that_was_tuned_gently_is_still_the_base_and_knows_where_it_came_from(tiny, base):
    config = started(tiny, base.id[:8], "optimizer=adamw_public", "optimizer.lr=1e-9")
    train(config)
    record = load(open_run(config).record_path)
    assert record.config["start"] == base.id
    assert record.name == "mle-transformer-smoke-tuned-s1"
    assert record.metrics["valid/bits_per_byte"] == pytest.approx(base.metrics["valid/bits_per_byte"], rel=1e-4)
    assert load_run(find_folder(record.id, open_run(config).folder.parent)).run.id == record.id
    by_folder = {**config, "start": str(open_run(config).folder.parent / f"{base.name}-{base.id}")}
    assert train(by_folder) == record


def test_the_start_is_part_of_the_identity_by_its_whole_id_and_no_start_is_none(tiny, base):
    run = lambda *more: open_run(compose_config("train", [*tiny, *more]))  # noqa: E731
    plain, tuned = run(), run(f"start='{base.id[:6]}'")
    assert "start" not in plain.config
    assert "dpo" not in plain.config
    assert "start" not in kept(compose_config("train", tiny))
    assert tuned.config["start"] == base.id
    assert tuned.id == run(f"start='{base.id}'").id == run(f"start={plain.folder}").id
    assert len({plain.id, tuned.id, run(f"start='{'0' * 16}'").id}) == 3
    shelf = Shelf([base])
    assert [shelf.known("train", run.config, base.seed) for run in (tuned, plain)] == [None, base]


def test_what_does_not_fit_is_named_and_leaves_nothing_behind(tiny, base):
    runs = open_run(compose_config("train", tiny)).folder.parent
    for overrides, said in (
        (["start=zzz"], "start=zzz: no finished run in"),
        ([f"start='{'0' * 16}'"], f"start={'0' * 16}: no finished run in"),
        (["start=3e7"], "start=3e7: no finished run in"),
        ([f"start='{base.id}'", "data.tokenizer.vocab_size=600"], "learned the tokens of data .* same data"),
        ([f"start='{base.id}'", "budget.d_model=24"], r"do not fit this model \(size mismatch for .*same model"),
        ([f"start='{base.id}'", "budget.decoder_layers=3"], "do not fit this model"),
        (["+dpo={beta: 1, samples: 2, temperature: 1, partners: 1, pairs: 1}"], "start=ID.* see lmstudy-dpo"),
    ):
        with pytest.raises(StudyError, match=said):
            train(compose_config("train", [*tiny, *overrides]))
    assert [path.parent.name for path in runs.glob("*/record.json")] == [f"{base.name}-{base.id}"]
    assert not [path for path in runs.glob("*/config.json") if path.parent.name != f"{base.name}-{base.id}"]
    weights = runs / f"{base.name}-{base.id}" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:100])
    with pytest.raises(StudyError, match=r"model\.safetensors is damaged .*train that run again under another runs="):
        train(started(tiny, base.id))
    weights.unlink()
    with pytest.raises(StudyError, match=r"model\.safetensors is missing, only the record is left"):
        train(started(tiny, base.id))
