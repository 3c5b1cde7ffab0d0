"""The peer and the workload of CONTRIBUTING.md, written as a user would, found through --config-dir, and held."""

import re
import sys
from pathlib import Path

import pytest
import torch
import yaml

from lmstudy.benchmark import run as running
from lmstudy.benchmark.contenders import ours
from lmstudy.benchmark.peers import All
from lmstudy.benchmark.train import packed_batches
from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.errors import StudyError
from tests.benchmark.cases import Store
from tests.benchmark.test_benchmark import DATA, TINY_TRAINING
from tests.benchmark.test_training_contenders import SHAPE, SIZES
from tests.test_contributing import FILES

MINE = [name for name in FILES if re.search(r"my_(peer|workload)\.py|conf/(peer|workload)/", name)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A user's folder, which Python and Hydra look into."""
    for name in MINE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for module in ("my_peer", "my_workload"):
        sys.modules.pop(module, None)


def config(folder: Path, *overrides: str) -> dict:
    few = ["rounds=2", "threads=1", "seconds=0", f"runs={folder / 'runs'}"]
    return compose_config("benchmark", [f"hydra.searchpath=[file://{folder / 'conf'}]", *DATA, *few, *overrides])


def test_the_page_has_both_recipes():
    assert sorted(MINE) == ["conf/peer/plain.yaml", "conf/workload/tokenise.yaml", "my_peer.py", "my_workload.py"]


@pytest.mark.usefixtures("contest_here")
def test_the_peer_is_measured(folder, monkeypatch):
    monkeypatch.setattr("lmstudy.training.compilation.compilation_problem", lambda *_: "no compiler today")
    record = running.run(config(folder, "peer=plain", *TINY_TRAINING))
    (held,) = [sample for sample in record.samples if sample.get("contender") == "plain"]
    (own,) = [sample for sample in record.samples if sample.get("contender") == "lmstudy_eager"]
    assert held["facts"]["parameters"] == own["facts"]["parameters"]
    assert record.metrics["plain/ratio/tokens_per_second"] > 0


def test_the_peer_learns_as_this_package_does(folder):
    """Its loss is ours but for rounding: the chunked loss changes no result."""
    import my_peer

    given = {"batches": packed_batches(Store(), SHAPE, 2), "documents": "packed", **SIZES}
    theirs, mine = my_peer.Training(**given), ours.Training(compiled=False, **given)
    batch = mine.batches[0]
    torch.testing.assert_close(theirs.loss(batch), mine.loss(batch), rtol=1e-5, atol=0)


@pytest.mark.usefixtures("contest_here")
def test_the_workload_runs(folder, capfd):
    record = running.run(config(folder, "workload=tokenise", "workload.documents=5"))
    head, first, *_ = capfd.readouterr().out.splitlines()
    assert head.split()[:2] == ["contender", "against"]
    assert first.split()[:2] == ["lmstudy", "bytes_per_second"]
    (sample,) = [sample for sample in record.samples if sample.get("contender") == "lmstudy"]
    assert sample["facts"]["documents"] == 5
    assert [units for _, units in sample["blocks"]] == [sample["facts"]["bytes"]] * 2
    assert len(record.data) == 16
    assert record.name.startswith("tokenise-")
    with pytest.raises(StudyError, match=r"workload\.documents=0 must be at least 1"):
        running.run(config(folder, "workload=tokenise", "workload.documents=0"))


def test_files_are_named_as_what_they_hold(folder):
    peer = build(yaml.safe_load(FILES["conf/peer/plain.yaml"]), "peer")
    workload = build(yaml.safe_load(FILES["conf/workload/tokenise.yaml"]), "workload")
    assert (peer.name, workload.name) == ("plain", "tokenise")
    assert peer.lacking() is None
    assert "plain" not in {each.name for each in All().peers()}  # only those that ship
