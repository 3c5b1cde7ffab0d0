"""Composing: the same as Hydra, remembered while the files stay as they are; and what the files say of themselves."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from lmstudy import compose
from lmstudy.compose import compose_config, documented_keys, search_path
from lmstudy.errors import StudyError
from tests.conftest import ROOT

ASKED = ["budget=smoke", "seed=3"]


@pytest.fixture
def files(tmp_path, monkeypatch):
    """YAML files and a cache folder of the test's own, and a count of what Hydra composes."""
    folder = shutil.copytree(ROOT / "conf", tmp_path / "conf")
    monkeypatch.setenv("LMSTUDY_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(compose, "_folder", lambda: folder)
    monkeypatch.setattr(compose, "_composed", {})
    monkeypatch.setattr(compose, "_state", {"stamps": None, "fingerprint": None, "looked": -1.0, "registered": True})
    made, by_hydra = [], compose._compose
    monkeypatch.setattr(compose, "_compose", lambda *asked: made.append(asked) or by_hydra(*asked))
    return folder, made


def forget():
    """As in a new process."""
    compose._composed.clear()
    compose._state.update(stamps=None, looked=-1.0)


def test_a_configuration_is_composed_once_and_given_as_a_copy(files):
    _, made = files
    first = compose_config("train", ASKED)
    assert first == compose._compose("train", ASKED)
    first["budget"]["steps"] = 0
    again = compose_config("train", tuple(ASKED))
    assert (again["budget"]["steps"], again["seed"]) == (20, 3)
    assert len(made) == 2
    compose._write()
    forget()
    assert compose_config("train", ASKED) == again
    assert len(made) == 2


def test_a_changed_file_is_seen(files):
    folder, made = files
    compose_config("train", ASKED)
    compose._write()
    path = folder / "budget" / "smoke.yaml"
    path.write_text(path.read_text() + "# changed\n")
    forget()
    compose_config("train", ASKED)
    assert len(made) == 2


@pytest.mark.parametrize("content", ["", "[]", '{"fingerprint": 1}', '{"fingerprint": "x", "comp'])
def test_a_damaged_or_older_memory_is_no_memory(files, content, tmp_path):
    path = tmp_path / "cache" / "configurations.json"
    path.parent.mkdir()
    path.write_text(content)
    assert compose_config("train", ASKED)["seed"] == 3
    compose._write()
    assert len(json.loads(path.read_text())["composed"]) == 1


def test_a_cache_that_cannot_be_written_to_costs_time_only(files, tmp_path):
    (tmp_path / "cache").write_text("a file in its place")
    assert compose_config("train", ASKED)["seed"] == 3
    compose._write()


def test_a_folder_of_ones_own_is_never_remembered(files, tmp_path):
    own = tmp_path / "own" / "budget"
    own.mkdir(parents=True)
    for steps in (7, 8):
        (own / "mine.yaml").write_text(f"# Mine.\ndefaults: [smoke, _self_]\nsteps: {steps}\n")
        found = compose_config("train", [*search_path(["--config-dir", str(own.parent)]), "budget=mine"])
        assert found["budget"]["steps"] == steps
    assert compose._composed == {}


def test_types_are_settled_with_a_folder_of_ones_own(tmp_path):
    (tmp_path / "scorer").mkdir()
    yaml = "_target_: lmstudy.preferences.scorers.pep8.Pep8Scorer\nfamily: all\nmax_line_length: 79\n"
    (tmp_path / "scorer" / "own.yaml").write_text(yaml)
    asked = ["scorer=own", "scorer.max_line_length=80.0"]
    composed = compose_config("train", [*search_path(["--config-dir", str(tmp_path)]), *asked])
    composed["scorer"]["max_line_length"] = 80.0
    found = compose.settled_as_typed("train", composed, asked, [f"file://{tmp_path}"])
    assert repr(found["scorer"]["max_line_length"]) == "80"


def test_mistakes_name_what_was_asked(files):
    with pytest.raises(StudyError, match=r"^model=none: model=none: no such choice; choose from decoder_only, dense, "):
        compose_config("train", ["model=none"])
    with pytest.raises(StudyError, match=r"^sed=4: sed: unknown key; did you mean seed\?$"):
        compose_config("train", ["sed=4"])
    with pytest.raises(StudyError, match=r"^budget: KEY=VALUE is wanted"):
        compose_config("train", ["seed=1", "budget"])


def test_a_process_leaves_what_it_composed_for_the_next(tmp_path):
    code = (
        "import sys, lmstudy.compose as c; c.compose_config('train', ['budget=smoke', 'seed=3', 'optimizer.lr=1e-3']); "
        "print('hydra' in sys.modules)"
    )
    call = [sys.executable, "-c", code]
    environment = {"LMSTUDY_CACHE": str(tmp_path), "PATH": ""}
    shown = [subprocess.run(call, capture_output=True, text=True, env=environment, cwd=ROOT).stdout for _ in range(2)]
    assert shown == ["True\n", "False\n"]


def test_keys_are_documented_by_the_comments_of_a_file_and_of_what_it_is_based_on():
    own = documented_keys("finetune")
    assert own["steps=300"] == "optimiser steps"
    assert own["head=false"].endswith("it is on the decoder, which reads the text, and tells the label")
    assert own["decoding.beams=1"] == "sequences that go on side by side; 1 is greedy"
    based = documented_keys("optimizer/muon_fast")
    assert based["lr=2.0e-2"].startswith("AdamW's")
    assert "momentum=0.95" in based
    assert not [key for key in (*own, *based) if key.startswith(("hydra", "_target_", "defaults"))]


def test_a_second_checkout_reads_its_own_configuration(tmp_path):
    for folder in ("lmstudy", "conf"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "conf/budget/mine.yaml").write_text("defaults:\n  - smoke\n  - _self_\n\nname: mine\n")
    code = "from lmstudy.compose import compose_config as c; print(c('train', ['budget=mine'])['budget']['name'])"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "mine\n", done.stderr
