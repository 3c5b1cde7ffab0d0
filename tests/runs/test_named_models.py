"""A reward model in a configuration is one model alone, wherever it was trained and however it was named."""

import pytest

from lmstudy.errors import StudyError
from lmstudy.runs import named_models
from lmstudy.runs.named_models import definite
from tests.preferences.test_reward_model import write


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Two models here, of which one is published."""
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "reward-own-A-s1-aa11.json").write_text("{}")
    (tmp_path / "published" / "reward-own-A-s11-cc33.json").write_text("{}")
    monkeypatch.setattr(named_models, "published_folder", lambda: tmp_path / "published")
    write(tmp_path / "runs", "reward-own-A-s1", "aa11")
    write(tmp_path / "runs", "reward-own-B-s1", "bb22")
    return str(tmp_path / "runs")


@pytest.mark.parametrize("said", ["reward-own-A-s1", "aa11", "aa", "reward-own-A-s1-aa11"])
def test_the_published_model_keeps_its_name(runs, said):
    assert definite({"model": said, "runs": runs})["model"] == "reward-own-A-s1"


@pytest.mark.parametrize("said", ["reward-own-B-s1", "bb22", "b"])
def test_another_is_said_by_its_whole_id(runs, said):
    found = definite({"scorers": {"held_out": {"model": said, "runs": runs, "threshold": 0.5}}, "samples": 4})
    assert found == {"scorers": {"held_out": {"model": "bb22", "runs": runs, "threshold": 0.5}}, "samples": 4}


def test_a_folder_elsewhere_is_said_by_its_id(runs, tmp_path):
    folder = write(tmp_path / "elsewhere", "mine", "dd44")
    assert definite({"model": str(folder), "runs": runs})["model"] == "dd44"


def test_what_is_not_here_and_what_is_no_reward_model_stay(runs):
    for node in ({"model": "reward-own-C-s1", "runs": runs}, {"model": "original", "label": "toxicity"}, None):
        assert definite(node) == node


def test_a_published_name_means_no_other_model(runs, tmp_path):
    write(tmp_path / "other", "reward-own-A-s1", "ee55")
    with pytest.raises(StudyError, match=r"means the published model aa11, and the one in .* is ee55.*model=ee55"):
        definite({"model": "reward-own-A-s1", "runs": str(tmp_path / "other")})


def test_without_published_records_names_become_ids(runs, monkeypatch):
    def none():
        raise StudyError("there are none")

    monkeypatch.setattr(named_models, "published_folder", none)
    assert definite({"model": "reward-own-A-s1", "runs": runs})["model"] == "aa11"
