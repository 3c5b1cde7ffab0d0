"""Pairs that people have given: how a model reads them, what is cut, and what learns from them."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lmstudy.commands.dpo import dpo
from lmstudy.compose import compose_config
from lmstudy.config import PairSettings
from lmstudy.data.batch import IGNORE
from lmstudy.data.tokenizer import BOS, EOS, decode
from lmstudy.errors import StudyError
from lmstudy.preferences.losses.dpo import DPO
from lmstudy.preferences.losses.kto import KTO
from lmstudy.preferences.scorers.reward_model import ComparisonModelScorer, RewardModelScorer
from lmstudy.runs.dpo import train_dpo, training_config
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.own_pairs import Lengths, OwnPairs, held_out_order, own_pairs
from lmstudy.runs.pretraining import open_run, train
from lmstudy.runs.rewards import open_reward, train_reward
from lmstudy.training.dpo import DPOModule, text_batch, text_log_probabilities

NAMES = ("count", "total", "width", "height", "colour", "number", "length", "result")
ROWS = [
    {
        "prompt": f"def {name}_{number}(value):\n",
        "chosen": f"    return value + {number}\n",
        "rejected": f"    {name}=value ; return {name}\n",
    }
    for name in NAMES
    for number in range(6)
]
SMALL = ["pairs=8", "steps=4", "optimizer.lr=0.001", "trainer.threads=1", "trainer.log_every=1"]


def written(folder: Path, rows: list[dict[str, Any]], name: str = "pairs.jsonl") -> str:
    (folder / name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(folder / name)


@pytest.fixture(scope="module")
def base(small, tmp_path_factory) -> Finished:
    config = compose_config("train", [*small, f"runs={tmp_path_factory.mktemp('base')}"])
    train(config)
    return load_run(open_run(config).folder)


@pytest.fixture
def runs(base, tmp_path) -> Path:
    """A folder of runs with a copy of the base."""
    folder = base.run.folder
    shutil.copytree(folder, tmp_path / "runs" / folder.name)
    return tmp_path / "runs"


def settings(path: str, **changed: Any) -> dict[str, Any]:
    return {
        **compose_config("dpo", ["run=x", "comparisons=file", f"comparisons.path={path}"])["comparisons"],
        **changed,
    }


def pairs_of(base: Finished, path: str, loss: Any = DPO(0.1), read: int = 40, write: int = 50, **given) -> OwnPairs:  # noqa: B008
    learned = PairSettings(beta=0.1, pairs=given.pop("pairs", 4))
    return own_pairs(
        base.module.model, base.run.corpus, settings(path, **given), loss, learned, given.pop("steps", 100),
        Lengths(read, write), seed=1,
    )  # fmt: skip


def dpo_config(base: Finished, runs: Path, path: str, *overrides: str) -> dict[str, Any]:
    named = [f"run='{base.record.id}'", "comparisons=file", f"comparisons.path={path}", f"runs={runs}"]
    return compose_config("dpo", [*named, *SMALL, *overrides])


def test_whole_lines_of_a_prompt_are_read_and_a_begun_one_is_gone_on_with(base, tmp_path):
    rows = [{"prompt": "import os\ndef area(", "chosen": "r):\n    pass\n", "rejected": "x"}]
    found = pairs_of(base, written(tmp_path, rows), pairs=1, held_out=0.0).train
    tokenizer, texts = base.run.corpus.tokenizer, found.texts
    assert [decode(tokenizer, source) for source in texts.sources] == ["import os\n"] * 2
    assert [decode(tokenizer, target[:begun]) for target, begun in zip(texts.targets, texts.begun, strict=True)] == [
        "def area("
    ] * 2
    assert [decode(tokenizer, target) for target in texts.targets] == ["def area(r):\n    pass\n", "def area(x"]
    assert all(target[-1] == EOS for target in texts.targets)
    batch = found.batch(np.array([0])).texts
    begun = texts.begun[0]
    assert batch.encoder_tokens[0].tolist() == [BOS, *texts.sources[0]]
    assert batch.decoder_tokens[0, : begun + 1].tolist() == [BOS, *texts.targets[0][:begun]]
    assert (batch.labels[:, :begun] == IGNORE).all()
    assert batch.labels[0, begun:].tolist() == texts.targets[0][begun:].tolist()


def test_the_reference_is_what_the_model_says_of_each_text_behind_its_prompt(base, tmp_path):
    found = pairs_of(base, written(tmp_path, ROWS[:6]), held_out=0.0).train
    for chosen, rejected in zip(found.chosen, found.rejected, strict=True):
        for i in (chosen, rejected):
            texts = found.texts
            alone = text_batch([texts.targets[i]], [texts.sources[i]], [texts.begun[i]])
            logits = base.module.model(alone)[0].detach().log_softmax(-1)
            steps = [float(logits[t, label]) for t, label in enumerate(alone.labels[0].tolist()) if label != IGNORE]
            assert float(found.reference[i]) == pytest.approx(sum(steps), rel=1e-4)
    assert held_out_order(base.module.model, found) == [[pytest.approx(0.5), 1.0]] * 6  # nothing has moved yet


def test_what_is_too_long_is_cut_and_counted_and_what_then_is_equal_is_left_out(base, tmp_path, capsys):
    long = "    value = value + 1\n" * 20
    rows = [
        *ROWS[:4],
        {"prompt": "def f():\n" + long, "chosen": "    return 1\n", "rejected": "    return 2\n"},
        {"prompt": "def f():\n", "chosen": "    return 1\n" + long, "rejected": "    return 2\n"},
        {"prompt": "def g():\n", "chosen": long + "    return 1\n", "rejected": long + "    return 2\n"},
    ]
    found = pairs_of(base, written(tmp_path, rows), held_out=0.0)
    assert found.metrics["dpo/pairs"] == 6
    assert (found.metrics["dpo/cut_prompts"], found.metrics["dpo/cut_texts"]) == (1, 3)
    said = capsys.readouterr().err
    assert "7 pairs of 7 rows, 0 of them held out; left out: none" in said
    assert "cut to fit: 1 prompts to their last 40 tokens, 3 texts to their first 50" in said
    assert "differ only behind the cut: 1 pairs" in said
    lengths = [len(target) for target in found.train.texts.targets]
    assert max(lengths) == 50
    cut = found.train.texts.targets[lengths.index(50)]
    assert cut[-1] != EOS  # it goes on, as far as the model is told
    assert max(map(len, found.train.texts.sources)) == 40


def test_no_more_pairs_are_prepared_than_are_learned_from(base, tmp_path, capsys):
    path = written(tmp_path, ROWS)
    few = own_pairs(
        base.module.model, base.run.corpus, settings(path), DPO(0.1), PairSettings(beta=0.1, pairs=4), 2,
        Lengths(40, 50), seed=1,
    )  # fmt: skip
    assert few.metrics["dpo/pairs"] == 8
    assert "8 pairs are learned from: steps=2 of pairs=4" in capsys.readouterr().err
    with pytest.raises(StudyError, match=r"pairs are left to learn from, and a step takes pairs=100: give more"):
        pairs_of(base, path, pairs=100)


def test_kto_asks_how_far_the_model_drifted_on_texts_of_other_prompts(base, tmp_path):
    path = written(tmp_path, ROWS[:12])
    assert pairs_of(base, path).train.strangers is None
    found = pairs_of(base, path, KTO(0.1), held_out=0.0).train
    assert found.strangers is not None
    assert found.strangers_reference is not None
    own = found.strangers // 2
    assert sorted(own.tolist()) == list(range(12))  # every pair lends one text
    assert (own != np.arange(12)).all()
    batch = found.batch(np.array([3, 5]))
    texts, other = found.texts, int(found.strangers[3])
    assert batch.strangers is not None
    assert batch.strangers.encoder_tokens[0, 1 : 1 + len(texts.sources[6])].tolist() == texts.sources[6].tolist()
    assert (
        batch.strangers.decoder_tokens[0, 1 : len(texts.targets[other])].tolist() == texts.targets[other][:-1].tolist()
    )
    module = DPOModule(
        loss=KTO(0.1), model=base.module.model, objective=base.module.objective, optimizer=None, steps=1,
        token_bytes=torch.ones(base.run.corpus.tokenizer.get_vocab_size()), groups=2,
    )  # fmt: skip
    reference = torch.zeros(2)
    drift = module._drift(batch._replace(strangers_reference=reference), torch.zeros(2, 2))
    assert float(drift) == pytest.approx(float(text_log_probabilities(base.module.model, batch.strangers).mean()))
    assert float(module._drift(batch, torch.zeros(2, 2))) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("loss", "first"), [("dpo", 0.693147), ("ipo", 25.0), ("kto", 0.5), ("orpo", None)])
def test_each_loss_learns_from_pairs_of_ones_own(base, runs, tmp_path, loss, first):
    record = train_dpo(dpo_config(base, runs, written(tmp_path, ROWS), f"loss={loss}", "steps=6"))
    assert record.name == f"pairs-{loss}-transformer-smoke-s1"
    losses = record.curves["train/loss"]["value"]
    assert losses[0] > 1 if first is None else losses[0] == pytest.approx(first, rel=1e-2)
    assert losses[-1] < losses[0]
    assert record.curves["train/accuracy"]["value"][-1] > 0.9
    assert record.metrics["dpo/held_out_accuracy"] > 0.6
    order = record.groups["dpo/held_out"]
    assert len(order) == record.metrics["dpo/held_out_pairs"] > 2
    assert record.metrics["dpo/held_out_accuracy"] == pytest.approx(np.mean([right for right, _ in order]))
    assert record.config["dpo"] == {"beta": 0.1, "pairs": 8}
    assert ("loss" in record.config) == (loss != "dpo")


def test_identity_is_of_the_loss_and_the_pairs_wherever_they_lie(base, runs, tmp_path):
    path = written(tmp_path, ROWS)

    def name(*overrides: str, path: str = path) -> str:
        return open_run(training_config(dpo_config(base, runs, path, *overrides))).id

    other = written(tmp_path, [{"about": 1, **row} for row in ROWS], "moved.json")
    assert name() == name("samples=7") == name(path=other)
    renamed = [{"q": row["prompt"], "a": row["chosen"], "b": row["rejected"]} for row in ROWS]
    keys = ("comparisons.prompt=q", "comparisons.chosen=a", "comparisons.rejected=b")
    assert name() == name(*keys, path=written(tmp_path, renamed, "renamed.jsonl"))
    fewer = written(tmp_path, ROWS[1:], "fewer.jsonl")
    others = [
        name("loss=ipo"), name("loss=kto"), name("loss=kto", "loss.desirable=2"), name("beta=0.2"), name("pairs=4"),
        name("comparisons.held_out=0.2"), name(path=fewer),
    ]  # fmt: skip
    assert len({name(), *others}) == 1 + len(others)


def test_a_run_can_be_opened_when_its_pairs_are_gone(base, runs, tmp_path, capsys):
    path = written(tmp_path, ROWS)
    config = dpo_config(base, runs, path)
    record = train_dpo(config)
    dpo(config)
    assert "dpo/held_out_accuracy 0." in capsys.readouterr().out or record.metrics["dpo/held_out_accuracy"] == 1
    Path(path).unlink()
    folder = runs / f"{record.name}-{record.id}"
    assert load_run(folder).run.id == record.id
    with pytest.raises(StudyError, match=r"pairs\.jsonl: cannot be read"):
        train_dpo(config)


def test_mistakes_are_named(base, runs, tmp_path):
    path = written(tmp_path, ROWS)
    for overrides, said in (
        (["loss=bradley_terry"], "is no loss of pairs: choose loss=dpo, ipo, kto or orpo"),
        (["loss=kto", "loss.desirable=0"], r"loss\.desirable=0\.0 must be above 0"),
        (["comparisons.held_out=1"], r"comparisons\.held_out=1\.0 must be"),
        (["pairs=100"], r"pairs are left to learn from, and a step takes pairs=100"),
    ):
        with pytest.raises(StudyError, match=said):
            train_dpo(dpo_config(base, runs, path, *overrides))
    with pytest.raises(StudyError, match="loss and comparisons go with dpo"):
        open_run({**base.record.config, "loss": {"_target_": "lmstudy.preferences.losses.ipo.IPO"}})
    assert len(list(runs.glob("*/record.json"))) == 1


REWARD = [
    "encoder=own", "encoder.buckets=600", "encoder.d_model=16", "encoder.heads=2", "encoder.d_ff=24",
    "encoder.layers=1", "encoder.dropout=0", "optimizer.lr=0.02", "optimizer.warmup_steps=3", "epochs=4", "batch=8",
    "trainer.threads=1", "comparisons=file", "comparisons.held_out=0.25",
]  # fmt: skip


def reward_config(base: Finished, runs: Path, path: str, *overrides: str) -> dict[str, Any]:
    named = [f"comparisons.path={path}", f"runs={runs}", *overrides]
    return {**compose_config("reward", [*REWARD, *named]), "data": base.record.config["data"]}


def test_a_reward_is_learned_from_pairs_and_judges_any_text(base, runs, tmp_path, capsys):
    rows = [*ROWS, {"prompt": "p", "chosen": "x " * 300 + "a", "rejected": "x " * 300 + "b"}]
    record = train_reward(reward_config(base, runs, written(tmp_path, rows)))
    assert record.name == "reward-pairs-own-bradleyterry-all-s1"
    assert record.metrics["train/pairs"] + record.metrics["held_out/pairs"] == 49
    assert record.metrics["held_out/pair_accuracy"] > 0.9
    assert np.mean([right for right, _ in record.groups["held_out/pairs"]]) == record.metrics["held_out/pair_accuracy"]
    assert record.curves["valid/pair_accuracy"]["value"][-1] > 0.9
    assert "2 texts are cut to their first 128 tokens" in capsys.readouterr().err
    scorer = ComparisonModelScorer(record.id, str(runs))
    good, bad = (scorer.score([row])[0] for row in ("def total_9(value):\n    return value + 9\n", "total=value ; x\n"))
    assert 0 < good < 0.5 < bad < 1
    with pytest.raises(StudyError, match="it learned comparisons, this scorer wants ratings"):
        RewardModelScorer(record.id, str(runs)).score(["x\n"])
    again = train_reward(reward_config(base, runs, written(tmp_path, rows)))
    assert (again.id, again.finished) == (record.id, record.finished)


def test_a_reward_from_a_pretrained_encoder_reads_its_tokens(base, runs, tmp_path):
    path = written(tmp_path, ROWS)
    config = {**reward_config(base, runs, path, f"run='{base.record.id[:8]}'"), "data": {"_target_": "nothing"}}
    opened = open_reward(config)
    assert opened.name == "reward-pairs-own-bradleyterry-pretrained-all-s1"
    assert opened.config["data"] == base.record.config["data"]
    assert opened.corpus.fingerprint == base.record.data
    assert (
        opened.config["comparisons"]["fingerprint"]
        != open_reward(reward_config(base, runs, written(tmp_path, ROWS[1:], "fewer.jsonl"))).config["comparisons"][
            "fingerprint"
        ]
    )


def test_mistakes_of_a_reward_from_pairs_are_named(base, runs, tmp_path):
    path = written(tmp_path, ROWS)
    for overrides, said in (
        (["loss=ipo"], r"loss=ipo teaches language models \(lmstudy-dpo\); a reward is learned by"),
        (["loss=regression"], "loss=regression needs ratings; comparisons are learned from by loss=bradley_terry"),
        (["half=A"], "half=A is of ratings; leave it out with comparisons"),
        (["comparisons.held_out=0"], "no pair is held out"),
    ):
        with pytest.raises(StudyError, match=said):
            train_reward(reward_config(base, runs, path, *overrides))
