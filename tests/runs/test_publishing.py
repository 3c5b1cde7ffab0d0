"""What comes with the book: records without folders, and models that write without their corpus."""

import shutil
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from lmstudy.commands.runs import main
from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.finished import load_run
from lmstudy.runs.folders import check_files, find_folder, published_models
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.publishing import publish_model, without_folder
from lmstudy.runs.records import load, load_folder
from lmstudy.runs.shown_samples import write


@pytest.fixture(scope="module")
def trained(small, tmp_path_factory):
    """The folder of a tiny conditional run, by code that is in a commit."""
    own = ["objective=conditional", "scorer=pep8", "budget.samples=0", "budget.evaluate_every=12"]
    config = compose_config("train", [*small, *own, f"runs={tmp_path_factory.mktemp('to_publish') / 'runs'}"])
    train(config)
    folder = open_run(config).folder
    clean = replace(load(folder / "record.json"), commit="0" * 40)
    (folder / "record.json").unlink()
    clean.write(folder / "record.json")
    return folder


@pytest.fixture
def book(tmp_path, monkeypatch):
    """The published records of a book of one's own."""
    records = tmp_path / "book" / "records"
    records.mkdir(parents=True)
    monkeypatch.setenv("LMSTUDY_RECORDS", str(records))
    return records.parent


def test_a_published_model_writes_without_its_corpus_what_its_run_would_write(trained, book, tmp_path, monkeypatch):
    folder = publish_model(trained.name.rpartition("-")[2], "specimen", trained.parent)
    assert folder.parent == book / "models"
    assert folder.name.startswith("specimen-")
    monkeypatch.setattr("lmstudy.runs.pretraining.prepare", lambda _: pytest.fail("the corpus was asked for"))
    asked = ["run=specimen", "n=2", "seed=3", "temperature=0", f"runs={tmp_path / 'none'}", 'prompt="def f("']
    published = write(compose_config("generate", asked))
    monkeypatch.undo()
    own = {key: value.bfloat16() for key, value in load_file(trained / "model.safetensors").items()}
    assert load_file(folder / "model.safetensors").keys() == own.keys()
    assert all(torch.equal(value, own[key]) for key, value in load_file(folder / "model.safetensors").items())
    finished = load_run(trained)
    finished.module.model.load_state_dict(own)
    monkeypatch.setattr("lmstudy.runs.shown_samples.load_run", lambda _, writes_only: finished)
    alone = write(compose_config("generate", [f"run={trained}", *asked[1:]]))
    assert [sample.segments for sample in published.samples] == [sample.segments for sample in alone.samples]


def test_a_card_says_what_the_model_is_and_the_record_names_no_folder(trained, book):
    folder = publish_model(str(trained), "specimen", trained.parent)
    card = (folder / "README.md").read_text(encoding="utf-8")
    record = load(folder / "record.json")
    assert f"{record.metrics['parameters']:,.0f} parameters" in card
    assert f"| valid | {record.metrics['valid/bits_per_byte']:.3f} |" in card
    assert "control=good" in card
    assert record.config["runs"] == "runs"


def test_published_models_are_found_by_name_or_whole_id_where_no_run_fits(trained, book, tmp_path):
    folder = publish_model(str(trained), "specimen", trained.parent)
    run = load(folder / "record.json").id
    empty = tmp_path / "none"
    assert find_folder("specimen", empty) == find_folder(run, empty) == find_folder(run[:5], empty) == folder
    assert find_folder(run, trained.parent) == trained
    for runs, known in ((empty, folder.name), (trained.parent, f"{trained.name}, {folder.name}")):
        with pytest.raises(StudyError, match=f"run=speciman: no finished run in .* choose from {known}"):
            find_folder("speciman", runs, kind="train")


def test_what_cannot_be_published_is_refused_and_nothing_is_written(trained, book, monkeypatch, capsys):
    with pytest.raises(StudyError, match="a model's name has small letters"):
        publish_model(str(trained), "My model", trained.parent)
    monkeypatch.setattr("lmstudy.runs.publishing.LARGEST", 1000)
    with pytest.raises(StudyError, match="bytes, and 1,000 at most"):
        publish_model(str(trained), "specimen", trained.parent)
    monkeypatch.undo()
    monkeypatch.setenv("LMSTUDY_RECORDS", str(book / "records"))
    other = trained.with_name(trained.name + "_dirty")
    shutil.copytree(trained, other)
    dirty = replace(load(other / "record.json"), commit="0" * 40 + "+dirty")
    (other / "record.json").unlink()
    dirty.write(other / "record.json")
    with pytest.raises(SystemExit):
        main(["--publish-model", str(other), "specimen"])
    assert "was made by code that differed from commit 0000000" in capsys.readouterr().err
    shutil.rmtree(other)
    assert not (book / "models").exists()
    publish_model(str(trained), "specimen", trained.parent)
    renamed = next((book / "models").iterdir()).with_name("specimen-" + "f" * 16)
    next((book / "models").iterdir()).rename(renamed)
    with pytest.raises(StudyError, match="has that name"):
        publish_model(str(trained), "specimen", trained.parent)


def test_what_is_missing_or_not_what_was_published_is_an_error_in_a_line(trained, book):
    folder = publish_model(str(trained), "specimen", trained.parent)
    for name in ("model.safetensors", "tokenizer.json"):
        content = bytearray((folder / name).read_bytes())
        content[len(content) // 2] ^= 1
        (folder / name).write_bytes(content)
        with pytest.raises(StudyError, match=rf"{name} is not what was published: get it again from where it was"):
            load_run(folder, writes_only=True)
        (folder / name).unlink()
        with pytest.raises(StudyError, match=rf"{name} is missing: get it again from where it was published"):
            load_run(folder, writes_only=True)
        publish_model(str(trained), "specimen", trained.parent)
    load_run(folder, writes_only=True)


def test_the_published_models_are_whole():
    assert published_models()
    for folder in published_models():
        check_files(folder)


def test_publishing_copies_the_record(trained, book):
    main(["--runs", str(trained.parent), "--publish", str(trained)])
    (published,) = load_folder(book / "records")
    assert published == replace(load(trained / "record.json"), config=published.config)


def test_a_published_record_names_no_folder_of_a_machine():
    config = {"runs": "/home/me/runs", "run": {"id": "a", "config": {"runs": "elsewhere", "seed": 1}}, "seed": 2}
    published = {"runs": "runs", "run": {"id": "a", "config": {"runs": "runs", "seed": 1}}, "seed": 2}
    assert without_folder(config) == published
