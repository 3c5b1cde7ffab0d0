"""A class that moves takes nothing with it: its runs keep their ids, and configurations of both places load."""

import importlib

import pytest

from lmstudy import places
from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.data.settings import parse_source
from lmstudy.runs.identity import run_id, run_name, with_versions
from lmstudy.runs.records import load_folder, published_folder
from lmstudy.study.shelf import Shelf

OLD, NEW = "lmstudy.preferences.objectives.mle.MLE", "lmstudy.preferences.objectives.moved.Likelihood"


@pytest.fixture
def moved(monkeypatch):
    """MLE as if it had moved: the new place is where it is found, and the old one is gone."""
    import lmstudy.preferences.objectives.mle as home

    class Module:
        Likelihood = home.MLE

    monkeypatch.setitem(importlib.import_module("sys").modules, "lmstudy.preferences.objectives.moved", Module)
    monkeypatch.setattr(places, "MOVED", {OLD: NEW})
    monkeypatch.delattr(home, "MLE")


def config(place):
    return {**compose_config("train", ["experiment=encoder_decoder", "budget=brief"]), "objective": {"_target_": place}}


def test_a_run_keeps_its_id_and_its_name(moved):
    known = with_versions(config(NEW))
    assert known == with_versions(config(OLD))
    assert known["objective"] == {"_target_": OLD}
    assert run_id(config(NEW), "data") == run_id(config(OLD), "data")
    assert run_name(known).startswith("mle-transformer")


@pytest.mark.parametrize("place", [OLD, NEW])
def test_both_places_are_built(moved, place):
    assert build({"_target_": place}, "objective").name == "mle"


def test_published_records_are_found_by_the_new_place(moved):
    records = [record for record in load_folder(published_folder()) if record.kind == "train"]
    one = next(record for record in records if record.config["objective"] == {"_target_": OLD})
    asked = {**one.config, "objective": {"_target_": NEW}}
    assert Shelf(records).known("train", asked, one.seed).id == one.id


def test_every_class_that_a_published_record_names_is_found_today():
    def named(node):
        for key, value in node.items():
            if isinstance(value, dict):
                yield from named(value)
            elif key == "_target_":
                yield value

    found = {place for record in load_folder(published_folder()) for place in named(record.config)}
    assert len(found) > 30
    gone = []
    for place in found:
        module, _, name = places.now(place).rpartition(".")
        try:
            getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError):
            gone.append(place)
    assert gone == [], "add a line to lmstudy.places.MOVED"


def test_a_source_is_parsed_from_its_old_place(monkeypatch):
    settings = compose_config("train", ["data=rated_snippets"])["data"]
    source = {key: settings[key] for key in ("_target_", "sdist", "archive", "domains")}
    monkeypatch.setattr(places, "MOVED", {"lmstudy.data.gone.Snippets": source["_target_"]})
    assert parse_source({**source, "_target_": "lmstudy.data.gone.Snippets"}) == parse_source(source)
