"""CONTRIBUTING.md does what it says: its files are written as a user would, and its commands are run."""

import os
import random
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from lmstudy.config import build
from lmstudy.data.batch import IGNORE
from lmstudy.preferences.objectives.mle import MLE
from lmstudy.runs.records import load
from lmstudy.study import claims
from tests.conftest import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^`([\w/.]+)`:\n\n```\w+\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
COMMANDS = [
    line for block in re.findall(r"^```bash\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL) for line in block.splitlines()
]
SMALL = shlex.split(
    "budget=smoke budget.steps=6 budget.evaluate_every=3 budget.samples=2 trainer.log_every=2 trainer.threads=1 "
    "logger=csv data.tokenizer.vocab_size=300 objective=smoothed"
)
PYTHON = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder with the page's files, and some sayings."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    rng = random.Random(1)
    words = ["".join(rng.choices("abcdefghij", k=rng.randint(2, 8))) for _ in range(300)]
    sayings = [" ".join(rng.choices(words, k=20)) + "\n" + " ".join(rng.choices(words, k=8)) for _ in range(200)]
    (tmp_path / "sayings").write_text("\n%\n".join(sayings), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for module in [name for name in sys.modules if name.startswith("my_")]:
        del sys.modules[module]


def run(line: str, *extra: str) -> subprocess.CompletedProcess:
    """A command of the page, made small: more overrides, one thread, its placeholder filled in."""
    program, *words = shlex.split(line.replace("SAYINGS", "sayings"))
    assert program.startswith("lmstudy-")
    assert words[-2:] == ["--config-dir", "conf"]
    module = program.removeprefix("lmstudy-")
    # a script of the environment, unlike `python -c`, does not look for modules in the current folder
    call = [sys.executable, "-c", f"import sys; sys.path.pop(0); from lmstudy.commands.{module} import main; main()"]
    environment = {**os.environ, "PYTHONPATH": "."}
    command = [*call, *words[:-2], *extra, *words[-2:]]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def finished(runs: Path) -> list:
    return [load(path) for path in sorted(runs.glob("*/record.json"))]


def test_the_page_holds_every_file_it_lists():
    listed = re.search(r"^```\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)[1].split()
    assert sorted(listed) == sorted(FILES)
    assert all(text.startswith("# ") for name, text in FILES.items() if name.endswith(".yaml"))
    assert {line.split()[0] for line in COMMANDS} == {"export", "lmstudy-train", "lmstudy-register"}
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(re.findall(r"`make ([a-z-]+)`", PAGE)) <= set(targets)


@pytest.mark.slow
def test_corpus_and_objective_train_together(folder):
    (line,) = [command for command in COMMANDS if "data=fortune" in command]
    done = run(line, *SMALL)
    assert done.returncode == 0, done.stderr
    (record,) = finished(folder / "runs")
    assert record.name == "my_objective-transformer-smoke-s1"
    assert record.config["objective"] == {"_target_": "my_objective.Smoothed", "smoothing": 0.1}
    assert "train/cross_entropy" in record.curves
    assert 0 < record.metrics["valid/bits_per_byte"] < 12


@pytest.mark.slow
def test_mistakes_in_a_part_of_ones_own_are_named_like_others(folder):
    (line,) = [command for command in COMMANDS if "data=fortune" in command]
    typo = run(line, "objective=smoothd")
    said = typo.stderr.splitlines()[-1]
    assert said.startswith("lmstudy-train: objective=smoothd: no such choice; choose from awr, ")
    assert {"mle", "smoothed"} <= set(said.rpartition("choose from ")[2].split(", "))
    key = run(line, "objective=smoothed", "objective.smothing=1")
    assert "objective.smothing: unknown key; did you mean objective.smoothing?" in key.stderr
    assert "Traceback" not in typo.stderr + key.stderr
    missing = run(line, "data.path=nowhere")
    assert "data.path='nowhere' cannot be read" in missing.stderr.splitlines()[-1]


@pytest.mark.slow
def test_the_new_objective_is_swept_beside_the_old_one(folder, tiny):
    (line,) = [command for command in COMMANDS if " -m " in command]
    done = run(line.replace("seed=1,2,3", "seed=1"), *tiny)
    assert done.returncode == 0, done.stderr
    records = finished(folder / "runs")
    assert [record.name for record in records] == ["mle-transformer-smoke-s1", "my_objective-transformer-smoke-s1"]
    mle, smoothed = (record.metrics["valid/bits_per_byte"] for record in records)
    assert mle != smoothed


def test_the_corpus_is_read_as_documents(folder):
    from lmstudy.data.corpus import prepare

    settings = yaml.safe_load(FILES["conf/data/fortune.yaml"])
    corpus = prepare({**settings, "path": str(folder / "sayings")}, folder / "cache", lambda message: None)
    assert sum(map(len, corpus.splits.values())) == 200
    assert set(corpus.splits) == {"train", "valid", "test"}
    assert corpus.splits["train"][0]["name"].startswith("saying ")
    moved = (folder / "sayings").rename(folder / "elsewhere")
    again = prepare({**settings, "path": str(moved)}, folder / "cache", lambda message: None)
    assert again.fingerprint == corpus.fingerprint


def test_the_scorer_scores_what_the_page_says(folder):
    scorer = build(yaml.safe_load(FILES["conf/scorer/shouting.yaml"]), "scorer")
    assert scorer.score(["STOP it, AT once\n", "", "ABC"]) == [4 / 17, 0, 1]
    (example,) = [code for code in PYTHON if code.startswith("from pathlib")]
    *lines, last = example.splitlines()
    names: dict = {}
    exec("\n".join(lines), names)
    assert str(eval(last, names)) == last.split("# ")[1]


def test_the_objective_is_maximum_likelihood_without_smoothing(folder):
    node = yaml.safe_load(FILES["conf/objective/smoothed.yaml"])
    logits = torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(1))
    labels = torch.tensor([[0, 1, IGNORE], [4, 2, 3]])
    plain = MLE()(logits, labels, None).loss
    assert build({**node, "smoothing": 0.0}, "objective")(logits, labels, None).loss == pytest.approx(plain.item())
    smooth = build(node, "objective")(logits, labels, None)
    log_p = logits.log_softmax(-1).flatten(0, 1)[labels.flatten() != IGNORE]
    assert smooth.loss.item() == pytest.approx((0.9 * plain - 0.1 * log_p.mean()).item(), rel=1e-5)
    assert smooth.scalars["cross_entropy"].item() == pytest.approx(plain.item())


def test_the_claim_of_the_page_is_one(monkeypatch):
    claims.all_claims()
    monkeypatch.setattr(claims, "REGISTRY", {})
    (example,) = [code for code in PYTHON if "from lmstudy.study.verdicts import below" in code]
    exec(example, {"__name__": "example"})
    (result,) = [one for one in claims.evaluate_claims([]) if one.claim.registered is None]
    assert (result.id, result.outcome) == ("topic.good_enough", "no records")
