"""What people type reaches the program as they typed it, in the type of its key."""

from pathlib import Path

import pytest

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.overrides import as_typed, home, listed, override, split
from lmstudy.runs.identity import digest, kept
from tests.conftest import ROOT

TEXTS = [
    "语料", "Корпус", "naïve",
    "a=b", "a,b", "corpus (final)", "my corpus", "2024", "007", "1e3", "true", "null", "it's",
    'a"b', "[x]", "{a: b}", "a{b", "a}b", "a:b", "x#y", "a;b", " x ", "x\\", "@x", "!", "a'b\"c", "choice(1,2)", "~/x",
]  # fmt: skip


def path(*overrides: str) -> str:
    return compose_config("prepare", ["data=files", *overrides])["data"]["path"]


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_what_was_typed(text):
    assert compose_config("train", ["data=files", f"data.path={text}"])["data"]["path"] == text


@pytest.mark.parametrize("text", [*TEXTS, "${x}", "'q'", "$x", "\\'", ""])
def test_a_value_in_code_is_that_value(text):
    config = compose_config("train", ["data=files", "data.path=x", override("data.name", text)])
    assert config["data"]["name"] == text


@pytest.mark.parametrize("value", [None, True, 3, 0.5, [1, 2], ["语料", "a,b"], []])
def test_other_values_in_code(value):
    from hydra.core.override_parser.overrides_parser import OverridesParser

    assert OverridesParser.create().parse_override(override("key", value)).value() == value


def test_quotes_and_interpolations_of_hydra_mean_what_they_do_there(monkeypatch):
    monkeypatch.setenv("PLACE", "/there")
    assert path("data.path='a b'") == "a b"
    assert path("data.path=${oc.env:PLACE}/语料") == "/there/语料"


def test_in_a_sweep_each_value_is_looked_at_by_itself():
    assert as_typed("data.path=语料,corpus (final),c", sweep=True) == "data.path='语料','corpus (final)',c"
    assert as_typed("seed=1,2", sweep=True) == "seed=1,2"
    assert as_typed("seed=range(1,3)", sweep=True) == "seed=range(1,3)"
    assert as_typed("data.path='a,b',it's", sweep=True) == "data.path='a,b','it\\'s'"


def test_what_stands_for_home():
    assert compose_config("train", ["runs=~/x"])["runs"] == str(Path.home() / "x")
    assert compose_config("train", [override("runs", "~/x, y")])["runs"] == str(Path.home() / "x, y")
    assert home("a/~") == "a/~"
    with pytest.raises(StudyError, match="~nobody-here/x: the home folder is not known"):
        home("~nobody-here/x")
    with pytest.raises(StudyError, match=r"^data\.path=~nobody-here/x: the home folder is not known"):
        home("~nobody-here/x", "data.path")


def test_no_place_looks_for_homes_by_itself():
    """A home that nobody knows is an error in a line, wherever a path is typed."""
    calling = {path.name for path in ROOT.glob("lmstudy/**/*.py") if ".expanduser(" in path.read_text()}
    assert calling == {"overrides.py", "folders.py"}  # the latter stands below, and says it of LMSTUDY_CACHE


def test_lists_as_text():
    assert list(split("a, [b, c], 'd,e', it's, f")) == ["a", "[b, c]", "'d,e'", "it's", "f"]
    assert listed("[1, 2,]") == listed("1,2") == [1, 2]
    assert listed("") == listed("[]") == []
    config = compose_config("train", ["data=files", "data.path=x", "data.suffixes=.文,md"])
    assert config["data"]["suffixes"] == [".文", "md"]


@pytest.mark.parametrize(
    ("same", "key"),
    [
        (["seed=2", "seed=2.0", "seed='2'", "seed=2e0"], "seed"),
        (["budget.steps=40", "budget.steps=4e1", "budget.steps='40'"], "budget.steps"),
        (["trainer.devices=1", "trainer.devices=1.0"], "trainer.devices"),
        (["optimizer.lr=1", "optimizer.lr=1.0", "optimizer.lr='1'"], "optimizer.lr"),
        (["optimizer.lr=0.02", "optimizer.lr=2e-2"], "optimizer.lr"),
        (["trunk=true", "trunk=True", "trunk=1", "trunk='true'", "trunk=on"], "trunk"),
        (["budget.final_documents=null", "budget.final_documents=null"], "budget.final_documents"),
    ],
)
def test_one_value_is_one_run_however_it_is_written(same, key):
    configs = [compose_config("train", [typed]) for typed in same]
    assert len({digest(kept(config)) for config in configs}) == 1
    values = [config.get(key, config.get(key.partition(".")[0], {})) for config in configs]
    assert all(repr(value) == repr(values[0]) for value in values)


def test_a_number_that_is_as_usual_is_written_as_usual():
    assert digest(compose_config("finetune", ["decoding.temperature=0.0", "decoding.length_penalty=1"])) == digest(
        compose_config("finetune", [])
    )


@pytest.mark.parametrize("typed", ["seed=true", "finetune.x=1", "ключ=1"])
def test_what_cannot_be_is_refused(typed):
    with pytest.raises(StudyError, match=typed.partition("=")[0]):
        compose_config("train", [typed])


def test_null_leaves_an_optional_group_out_over_an_experiment_too():
    plain = kept(compose_config("train", ["experiment=pep8", "~scorer"]))
    assert kept(compose_config("train", ["experiment=pep8", "scorer=null"])) == plain
    assert compose_config("train", ["experiment=pep8", "experiment=null"]) == compose_config("train", [])
    assert compose_config("evaluate", ["run=1", "data=null"])["data"] is None
    assert compose_config("train", ["experiment=article", "embedding=null"])["embedding"] is None
    with pytest.raises(StudyError, match=r"embedding\.frozen=true: embedding=null leaves out embedding and all of its"):
        compose_config("train", ["experiment=article", "embedding=null", "embedding.frozen=true"])
    with pytest.raises(StudyError, match=r"^embedding=null embedding\.frozen=true: embedding\.frozen: unknown key"):
        compose_config("train", ["embedding=null", "embedding.frozen=true"])
    with pytest.raises(StudyError, match="objective=null: objective cannot be left out; choose from awr"):
        compose_config("train", ["objective=null"])


def test_a_run_is_named_as_typed():
    for name in ("3e7", "007", "123", "runs/my=run", "运行"):
        assert compose_config("evaluate", [f"run={name}"])["run"] == name
