"""An embedding as part of a run: its identity, what is trained, and how a finished run comes back."""

import shutil

import pytest
import torch
import yaml

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder
from lmstudy.runs.finished import load_run
from lmstudy.runs.pretraining import build_data, build_module, initial_module, open_run, train
from tests.conftest import ROOT


def config_of(tiny: list[str], kind: str | None = None, **settings: object) -> dict:
    """A tiny run's configuration with an embedding of that kind."""
    config = compose_config("train", tiny)
    if kind is not None:
        config["embedding"] = yaml.safe_load((ROOT / "conf" / "embedding" / f"{kind}.yaml").read_text()) | settings
    return config


QUICK = {"epochs": 1, "tokens": 20_000, "min_count": 2}


@pytest.fixture
def vectors(tmp_path):
    """A file with vectors as wide as the tiny model's embedding."""
    width = compose_config("train", ["budget=smoke"])["model"]["d_model"]
    path = tmp_path / "vectors.txt"
    rng = torch.Generator().manual_seed(0)
    lines = [
        " ".join([word, *(f"{x:.4f}" for x in torch.randn(width, generator=rng))]) for word in ("self", "return", "if")
    ]
    path.write_text("\n".join(lines))
    return path


def test_no_embedding_and_null_are_the_run_they_were(tiny):
    plain = open_run(config_of(tiny))
    null = open_run({**config_of(tiny), "embedding": None})
    assert plain.id == null.id
    assert "embedding" not in null.config


def test_every_setting_of_an_embedding_counts(tiny):
    configs = [
        config_of(tiny),
        config_of(tiny, "random"),
        config_of(tiny, "random", frozen=True),
        config_of(tiny, "random", tied=False),
        config_of(tiny, "word2vec"),
        config_of(tiny, "word2vec", window=3),
        config_of(tiny, "glove"),
    ]
    assert len({open_run(config).id for config in configs}) == len(configs)
    with pytest.raises(StudyError, match=r"embedding\.widow: unknown key; choose from epochs, "):
        open_run(config_of(tiny, "word2vec", widow=3))


def test_a_file_counts_by_its_content_not_by_its_place(tiny, tmp_path, vectors):
    run = open_run(config_of(tiny, "file", path=str(vectors)))
    moved = shutil.copy(vectors, tmp_path / "elsewhere.txt")
    assert open_run(config_of(tiny, "file", path=str(moved))).id == run.id
    assert open_run(run.config).id == run.id  # the content is pinned: opening again changes nothing
    vectors.write_text(vectors.read_text().replace("if ", "or "))
    assert open_run(config_of(tiny, "file", path=str(vectors))).id != run.id
    vectors.unlink()
    assert open_run(run.config).id == run.id


def test_a_wrong_width_is_said_before_anything_is_written(tiny, vectors):
    vectors.write_text("self 1 2 3\n")
    config = config_of(tiny, "file", path=str(vectors))
    with pytest.raises(StudyError, match=r"vectors of 3 numbers, and the model's embedding has \d+"):
        train(config)
    assert not (open_run(config).folder / "config.json").exists()


@pytest.mark.parametrize("frozen", [True, False])
def test_a_frozen_embedding_stays_while_all_else_learns(tiny, frozen):
    run = open_run(config_of(tiny, "word2vec", frozen=frozen, **QUICK))
    module, found = initial_module(run)
    model = module.model
    assert found is not None
    assert found.found.sum() > 100
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    optimizer = module.optimizer_settings.build(model)
    data = build_data(run)
    for _, batch in zip(range(5), data.train_dataloader(), strict=False):
        logits = model(batch)
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), batch.labels.flatten(), ignore_index=-100)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    changed = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert ("embedding.weight" in changed) is not frozen
    assert {n for n in before if n.endswith(("norm.weight", "output.weight")) or n == "output"} <= changed
    assert (model.output_weight is model.embedding.weight) is not frozen


def test_seeds_share_vectors_and_nothing_else(tiny):
    models = [
        initial_module(open_run({**config_of(tiny, "word2vec", **QUICK), "seed": seed}))[0].model for seed in (1, 2)
    ]
    found = initial_module(open_run(config_of(tiny, "word2vec", **QUICK)))[1].found
    first, second = (model.embedding.weight.detach() for model in models)
    units = [torch.nn.functional.normalize(w[torch.from_numpy(found)]) for w in (first, second)]
    torch.testing.assert_close(units[0], units[1])
    assert not torch.equal(first[~torch.from_numpy(found)], second[~torch.from_numpy(found)])


def test_a_finished_run_comes_back_without_its_vectors(tiny, vectors, capsys):
    record = train(config_of(tiny, "file", path=str(vectors), frozen=True))
    run = open_run(config_of(tiny, "file", path=str(vectors), frozen=True))
    assert record.metrics["embedding/tokens_found"] >= 3
    assert "start at random" in capsys.readouterr().err
    started = initial_module(run)[0].model.embedding.weight.detach()
    vectors.unlink()
    for folder in (cache_folder() / "corpora").glob("vectors-file-*"):
        shutil.rmtree(folder)
    finished = load_run(run.folder)
    model = finished.module.model
    assert finished.run.id == record.id
    assert torch.equal(model.embedding.weight, started)  # frozen: as it began
    assert not torch.equal(model.output_weight, started)
    plain = sum(p.numel() for p in build_module(open_run(config_of(tiny))).model.parameters())
    assert record.metrics["parameters"] == plain + started.numel()
