"""A folder with a reward model is all that scoring a text needs."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lmstudy.data.text_rows import Reader
from lmstudy.data.tokenizer import BOS, train
from lmstudy.errors import StudyError
from lmstudy.models.reward import OwnRewardModel
from lmstudy.preferences.scored import judge as judge_documents
from lmstudy.preferences.scorers.reward_model import Judge, LabelModelScorer, RewardModelScorer, Scale, find
from lmstudy.preferences.scorers.taught import shared, taught_by

TEXTS = ["a good film", "a bad film", "an actor", "a very, very long text about a good film and a bad actor"]
RATING = Scale("rating", 2.0, 0.5, -4.0, 4.0)


def write(runs: Path, name: str, run: str, scale: Scale = RATING) -> Path:
    folder = runs / f"{name}-{run}"
    folder.mkdir(parents=True)
    torch.manual_seed(0)
    model = OwnRewardModel(300, 24, 16, 2, 24, 1, buckets=90).eval()
    torch.nn.init.normal_(model.encoder.head.weight, std=2.0)
    torch.nn.init.normal_(model.linear.weight.weight)
    judge = Judge(run, model, Reader(train(TEXTS * 5, 300), 24, BOS, buckets=90), scale)
    judge.save_settings(folder, "lmstudy.models.reward.OwnRewardModel", model.arguments)
    save_file(model.state_dict(), folder / "model.safetensors")
    (folder / "record.json").write_text("{}")
    return folder


@pytest.fixture
def runs(tmp_path):
    write(tmp_path, "reward-own-A-s1", "aa11")
    write(tmp_path, "reward-own-B-s1", "bb22", Scale("label", 1.0, 0.0, 0.0, 1.0))
    return tmp_path


def test_a_score_is_minus_the_rating_on_the_human_scale(runs):
    scorer = RewardModelScorer("aa", str(runs))
    rewards = scorer.judge.rewards(TEXTS)
    assert rewards.std() > 0.1
    scores = [scorer.score([text])[0] for text in TEXTS]
    assert scores == pytest.approx((-np.clip(2 * rewards + 0.5, -4, 4)).tolist(), abs=1e-5)


def test_a_batch_scores_as_its_documents_do(runs):
    scorer = RewardModelScorer("aa", str(runs))
    documents = [[text] for text in TEXTS] * 40  # more than are judged at once
    alone = [scorer.score(document)[0] for document in documents[:4]]
    assert [score for (score,) in scorer.score_batch(documents)] == pytest.approx(alone * 40, abs=1e-5)


def test_segments_have_the_score_of_their_text_and_empty_ones_none(runs):
    scorer = RewardModelScorer("aa", str(runs))
    (whole,) = scorer.score(["a good film"])
    assert scorer.score(["a good", "", " film"]) == pytest.approx([whole, 0.0, whole])
    assert scorer.score([""]) == [0.0]
    assert scorer.score([]) == []
    scorer.ready()
    assert not judge_documents(scorer, [["\x00\ud7ff", "电影"], ["x" * 5000]]).failures


def test_ratings_are_clipped_and_labels_are_probabilities(runs):
    assert Scale("rating", 100.0, 0.0, -4.0, 4.0)(np.array([-1.0, 0, 1])).tolist() == [-4, 0, 4]
    scorer = LabelModelScorer("bb", str(runs))
    rewards = scorer.judge.rewards(TEXTS)
    assert scorer.score([TEXTS[0]])[0] == pytest.approx(1 - 1 / (1 + np.exp(-rewards[0])), abs=1e-6)


def test_a_model_of_another_kind_is_refused(runs):
    with pytest.raises(StudyError, match=r"scorer\.model=bb: .*labels, this scorer wants ratings"):
        RewardModelScorer("bb", str(runs)).ready()


def test_found_by_folder_name_and_id(runs):
    folder = runs / "reward-own-A-s1-aa11"
    assert {find(name, runs) for name in ("reward-own-A-s1", "aa11", "a", folder.name, str(folder))} == {folder}
    with pytest.raises(StudyError, match=r"no reward model in .* has that name or id; choose from reward-own-A"):
        find("cc", runs)
    with pytest.raises(StudyError, match="choose from"):
        find("", runs)
    with pytest.raises(StudyError, match="lmstudy-reward trains one"):
        find("aa", runs / "nowhere")
    write(runs, "reward-own-A-s1", "aa12")
    with pytest.raises(StudyError, match=r"several reward models fit; choose from .*aa11, .*aa12"):
        find("reward-own-A-s1", runs)


def test_a_half_trained_model_is_no_model(runs):
    (runs / "reward-own-A-s1-aa11" / "record.json").unlink()
    with pytest.raises(StudyError, match="no reward model"):
        find("aa11", runs)


@pytest.mark.parametrize("file", ["reward.json", "model.safetensors", "tokenizer.json"])
def test_a_damaged_model_is_named(runs, file):
    folder = runs / "reward-own-A-s1-aa11"
    (folder / file).write_bytes(b"{}")
    with pytest.raises(StudyError, match=folder.name):
        Judge.load(folder)


def test_it_can_be_sent_to_another_process(runs):
    scorer = RewardModelScorer("aa", str(runs))
    before = scorer.score(["a good film"])
    assert pickle.loads(pickle.dumps(scorer)).score(["a good film"]) == before


def test_a_grader_that_learned_from_what_steers_the_training_is_told_from_one_that_did_not(runs):
    snippets, reviews = ("lmstudy.data.source_ratings.RatedSnippets", "lmstudy.data.source_reviews.Reviews")
    for half, run, data in (("A", "aa11", snippets), ("B", "bb22", snippets)):
        config = {"data": {"_target_": data}, "half": half}
        (runs / f"reward-own-{half}-s1-{run}" / "record.json").write_text(json.dumps({"config": config}))
    a, b = (taught_by({"model": run, "runs": str(runs)}) for run in ("aa11", "bb22"))
    people = taught_by({"source": {"_target_": snippets}})
    others = taught_by({"source": {"_target_": reviews}})
    assert shared(a, a)
    assert not shared(a, b)
    assert shared(people, a)
    assert shared(people, b)
    assert not shared(others, b)
    assert taught_by({"threshold": 0.1}) is None
    assert not shared(taught_by({"threshold": 0.1}), b)
