"""A reward model is trained once, from what its configuration names, and its record says how good it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lmstudy.commands.reward import reward
from lmstudy.compose import compose_config
from lmstudy.config import RewardConfig, check
from lmstudy.data import parallel
from lmstudy.data.corpus import prepare
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import ratio_of_sums_bootstrap
from lmstudy.preferences.scorers.reward_model import RewardModelScorer
from lmstudy.runs import rewards
from lmstudy.runs.pretraining import train
from lmstudy.runs.records import Record, load
from lmstudy.runs.reward_examples import fitted, learned_from, means, rated_texts
from lmstudy.runs.rewards import open_reward, reward_name, train_reward
from tests.data.rated import WORDS, rated_files, rated_settings
from tests.data.wheels import build_sdist, pin_sdist, put

TINY = [
    "encoder=own", "encoder.buckets=600",
    "encoder.d_model=16", "encoder.heads=2", "encoder.d_ff=24", "encoder.layers=1", "encoder.dropout=0",
    "optimizer.lr=0.02", "optimizer.warmup_steps=3", "epochs=3", "batch=16", "trainer.threads=1",
]  # fmt: skip
WORTH = {"good": 2, "fine": 1, "lovely": 2, "bad": -2, "dull": -1, "poor": -2}


def snippets(count: int, seed: int) -> list[tuple[str, str, list[int]]]:
    """Texts whose ratings follow from their words, but for the taste of four people."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        words = rng.choice(WORDS, size=int(rng.integers(8, 14)))
        worth = sum(WORTH.get(word, 0) for word in words)
        made.append((str(number), " ".join(words), np.clip(worth + rng.integers(-1, 2, 4), -4, 4).tolist()))
    return made


@pytest.fixture(scope="module")
def data(cache: Path) -> dict[str, Any]:
    settings = rated_settings(cache, rated_files({"film": snippets(240, 0), "tweet": snippets(60, 1)}))
    return {**settings, "split": {"by": "document", "valid": 0.15, "test": 0.15}}


@pytest.fixture
def config(data, tmp_path, monkeypatch) -> dict[str, Any]:
    monkeypatch.setattr(parallel, "processors", lambda: 1)
    return {**compose_config("reward", [*TINY, f"runs={tmp_path / 'runs'}"]), "data": data}


@pytest.fixture
def record(config) -> Record:
    return train_reward(config)


def test_a_reward_model_is_trained_once(config, record, capsys):
    run = open_reward(config)
    kept = load(run.record_path)
    assert (kept.id, kept.metrics) == (record.id, record.metrics)
    assert record.kind == "reward"
    assert record.name == "reward-ratedsnippets-own-bradleyterry-all-s1"
    assert not list(run.folder.rglob("*.ckpt"))
    assert train_reward(config) == kept
    assert "exists, nothing to train" in capsys.readouterr().err


def test_it_learns_and_its_record_says_so(config, record):
    assert record.metrics["test/film/pair_accuracy"] > 0.75
    assert record.metrics["test/film/accuracy"] > 0.5
    assert min(record.metrics[f"test/film/pair_accuracy_{name}"] for name in ("encoder", "ngrams")) > 0.7
    assert record.metrics["test/film/calibration_error_scaled"] < 0.15
    estimate = ratio_of_sums_bootstrap(np.array([record.groups["test/film/pairs"]]))
    assert estimate.value == pytest.approx(record.metrics["test/film/pair_accuracy"], abs=1e-3)
    rated = rated_texts(prepare(config["data"]), config["data"])
    assert record.metrics["train/ratings"] == rated.splits["train"].counts.sum()
    assert len(record.samples) == len(rated.splits["test"].of_domain("film"))


def test_the_scorer_gives_what_the_record_says(config, record):
    rated = rated_texts(prepare(config["data"]), config["data"])
    texts = rated.splits["test"].of_domain("film").texts
    scorer = RewardModelScorer(record.name, config["runs"])
    found = [-score for (score,) in scorer.score_batch([[text] for text in texts])]
    assert found == pytest.approx([rating for _, rating in record.samples], abs=1e-3)
    truth = means(rated.levels, rated.splits["test"].of_domain("film"))
    assert np.corrcoef(found, truth)[0, 1] > 0.8
    assert abs(np.mean(found) - truth.mean()) < 0.5


def test_a_stopped_training_goes_on_as_if_nothing_had_happened(config, record, tmp_path, monkeypatch):
    halfway = {**config, "runs": str(tmp_path / "again"), "trainer": {**config["trainer"], "checkpoint_every": 10}}

    class StoppedError(Exception):
        pass

    def stop(*arguments: Any) -> None:
        raise StoppedError

    with monkeypatch.context() as patched:
        patched.setattr(rewards, "_judge", stop)
        with pytest.raises(StoppedError):
            train_reward(halfway)
    assert list(open_reward(halfway).folder.glob("checkpoints/step=*.ckpt"))
    resumed = train_reward(halfway)
    assert resumed.id == record.id
    assert resumed.metrics == pytest.approx(record.metrics)
    assert resumed.curves["train/loss"] == record.curves["train/loss"]


def test_identity(config, data):
    name = lambda **changed: open_reward({**config, **changed}).id  # noqa: E731
    assert name() == name(runs="elsewhere") == name(logger={"names": ["tensorboard"]})
    assert len({name(), name(half="A"), name(seed=2), name(share=0.5), name(ratings=3), name(epochs=4)}) == 6
    typed = check(RewardConfig, {**config, "half": "B", "share": 0.5, "ratings": 3, "seed": 4})
    assert reward_name(typed) == "reward-ratedsnippets-own-bradleyterry-B-share0.5-ratings3-s4"


def test_halves_share_neither_text_nor_rating(data):
    rated = rated_texts(prepare(data), data)
    whole = rated.splits["train"]
    a, b = (learned_from(rated, half, 1.0, None, 1) for half in ("A", "B"))
    assert not set(a.ids) & set(b.ids)
    assert len(a) + len(b) == len(whole)
    assert a.counts.sum() + b.counts.sum() == whole.counts.sum() / 2
    known = dict(zip(whole.ids, whole.counts, strict=True))
    assert all((row <= known[one]).all() for part in (a, b) for one, row in zip(part.ids, part.counts, strict=True))


def test_fewer_texts_and_fewer_ratings(data):
    rated = rated_texts(prepare(data), data)
    whole = rated.splits["train"]
    fewer = learned_from(rated, "all", 0.25, 2, 1)
    assert len(fewer) == round(len(whole) / 4)
    assert (fewer.counts.sum(1) == 2).all()
    known = dict(zip(whole.ids, whole.counts, strict=True))
    assert all((row <= known[one]).all() for one, row in zip(fewer.ids, fewer.counts, strict=True))
    again, other = (learned_from(rated, "all", 0.25, 2, seed) for seed in (1, 2))
    assert again.ids == fewer.ids != other.ids


def test_rewards_are_brought_onto_the_scale_of_ratings(data):
    rated = rated_texts(prepare(data), data)
    texts = rated.splits["valid"]
    truth = means(rated.levels, texts)
    assert fitted(rated, (truth - 1) / 3, texts) == pytest.approx((3, 1))
    assert fitted(rated, np.zeros(len(texts)), texts) == pytest.approx((0, truth.mean()))


def test_from_a_pretrained_encoder(config, data, tmp_path):
    overrides = ["budget=smoke", "budget.steps=2", "budget.samples=0", "logger=csv", "trainer.threads=1"]
    pretraining = {**compose_config("train", [*overrides, f"runs={config['runs']}"]), "data": data}
    trained = train(pretraining)
    found = train_reward({**config, "run": trained.id[:8], "epochs": 1})
    assert found.config["run"] == trained.id
    assert found.name == "reward-ratedsnippets-own-bradleyterry-pretrained-all-s1"
    size = pretraining["budget"]["d_model"]
    assert RewardModelScorer(found.id, config["runs"]).judge.model.encoder.text.d_model == size
    with pytest.raises(StudyError, match="no finished run"):
        train_reward({**config, "run": "ffff"})


@pytest.fixture
def reviews(cache, tmp_path) -> dict[str, Any]:
    good, bad = (
        "\n".join(f"{word}{'的这家酒店'[: 1 + n % 5]}{n}号房间，{word}！" for n in range(60))
        for word in ("很好", "太差")
    )
    sdist = build_sdist(tmp_path, "labelled", {"pos.txt": good, "neg.txt": bad})
    pinned = pin_sdist(sdist)
    put(sdist, pinned, cache)
    named = {"name": "labelled", "version": "1.0", "file": sdist.name, "sha256": pinned.sha256, "licence": "MIT"}
    overrides = ["data=chinese_reviews", "~data.deduplication", "+data.deduplication=null"]
    sizes = ["data.tokenizer.vocab_size=400", "data.split.valid=0.2", "data.split.test=0.2"]
    node = compose_config("reward", [*overrides, *sizes])["data"]
    return {**node, "sdist": named, "files": {"positive": "pos.txt", "negative": "neg.txt"}}


def test_labels_are_ratings_on_a_scale_of_two(config, reviews):
    loss = {"_target_": "lmstudy.training.reward_losses.Logistic"}
    record = train_reward({**config, "data": reviews, "loss": loss, "epochs": 8})
    assert record.name == "reward-reviews-own-logistic-all-s1"
    assert record.metrics["test/review/accuracy"] > 0.9
    assert record.metrics["test/review/pair_accuracy"] > 0.9
    assert 0 <= record.metrics["test/review/label_calibration_error"] < 0.2


def test_mistakes_are_named(config, tiny):
    unrated = compose_config("train", tiny)["data"]
    for changed, said in (
        ({"data": unrated}, "nobody rated its texts; choose data=rated_snippets"),
        ({"half": "C"}, "half='C'"),
        ({"share": 0.0}, "share=0.0"),
        ({"batch": 1}, "batch=1"),
        ({"ratings": 0}, "ratings=0"),
        ({"run": 3e7}, "reads as a number"),
        ({"temperature": 1}, "temperature: unknown key"),
        ({"trainer": {**config["trainer"], "devices": 2}}, "trainer.devices=2"),
        ({"encoder": {**config["encoder"], "size": 1}}, "encoder.size: unknown key"),
    ):
        with pytest.raises(StudyError, match=said):
            train_reward({**config, **changed})
    assert not list(Path(config["runs"]).glob("*/record.json"))


def test_the_command_prints_what_it_found(config, capsys):
    train_reward(config)
    reward(config)
    shown = capsys.readouterr().out.split()
    assert shown[1] == "reward-ratedsnippets-own-bradleyterry-all-s1"
    assert shown[2] == "valid/film/pair_accuracy"
    assert float(shown[3]) > 0.7
