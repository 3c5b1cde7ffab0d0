"""Judgements of answers: by hand, and by the libraries that the field uses."""

import numpy as np
import pytest

from lmstudy.errors import StudyError
from lmstudy.tasks.base import PARTS, Example, Pairs, in_order
from lmstudy.tasks.classification import LabelledReviews, RatedSentiment, calibration_error
from lmstudy.tasks.translation import Translation, signatures
from tests.conftest import write_files


def examples(*targets: str) -> list[Example]:
    return [Example(str(i), f"source {i}", target) for i, target in enumerate(targets)]


def test_a_classification_counts_what_was_told_of_each_label():
    truth = examples("negative", "negative", "neutral", "positive")
    found = RatedSentiment({}).judge(truth, ["negative", " positive", "neutral", "happy"])
    assert found.metrics["accuracy"] == 0.5
    assert [found.metrics[f"recall/{label}"] for label in RatedSentiment.labels] == [0.5, 1, 0]
    assert found.metrics["f1/negative"] == pytest.approx(2 / 3)
    assert found.metrics["f1"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found.rows["confusion/negative/positive"][:, 0].tolist() == [0, 1, 0, 0]
    assert found.rows["confusion/positive/no label"][:, 0].tolist() == [0, 0, 0, 1]
    table = sum(rows[:, 0].sum() for name, rows in found.rows.items() if name.startswith("confusion"))
    assert table == len(truth)


def test_groups_are_sums_of_rows_by_part():
    truth = examples(*["negative", "positive"] * 50)
    found = LabelledReviews({}).judge(truth, ["negative"] * 100)
    groups = np.array(found.groups(truth)["accuracy"])
    assert groups.shape == (PARTS, 2)
    assert groups.sum(0).tolist() == [50, 100]
    assert len({example.part for example in truth}) > PARTS / 2


def test_a_label_that_nobody_knows_is_named():
    with pytest.raises(StudyError, match="task: 0 has the label 'good'; this task knows negative, positive"):
        LabelledReviews({}).judge(examples("good"), ["negative"])


def test_calibration_is_the_distance_of_confidence_and_accuracy():
    sure = np.array([[0.9, 0.1]] * 10)
    assert calibration_error(sure, np.array([0] * 9 + [1])) == pytest.approx(0, abs=1e-6)
    assert calibration_error(sure, np.array([0] * 5 + [1] * 5)) == pytest.approx(0.4, abs=1e-6)


def test_translations_are_judged_by_sacrebleu_and_by_their_placeholders():
    pairs = [
        Example("0", "Open %(name)s", "打开%(name)s"),
        Example("1", "<b>{0}</b> files", "<b>{0}</b>个文件"),
        Example("2", "Save", "保存"),
    ]
    perfect = Translation({}).judge(pairs, [pair.target for pair in pairs]).metrics
    assert (perfect["chrf"], perfect["exact"], perfect["placeholders_kept"]) == (100, 1, 1)
    assert perfect["bleu"] == pytest.approx(100)
    found = Translation({}).judge(pairs, ["打开", "<b>{0}个文件", "保存"])
    assert found.metrics["exact"] == pytest.approx(1 / 3)
    assert found.metrics["placeholders_kept"] == 0.5
    assert found.rows["placeholders"].tolist() == [[0, 1], [2, 3], [0, 0]]
    assert 0 < found.metrics["chrf"] < 100
    assert found.rows["chrf"][2].tolist() == [100, 1]
    assert set(signatures()) == {"BLEU", "chrF"}
    assert "tok:zh" in signatures()["BLEU"]


def test_the_first_examples_do_not_depend_on_the_order_of_reading():
    own = examples(*"abcdefgh")
    there = dict.fromkeys(("train", "valid", "test"), own)
    back = dict.fromkeys(there, own[::-1])
    assert in_order(there) == in_order(back)
    assert in_order(there)["train"] != own
    with pytest.raises(StudyError, match="no example in the split 'test'"):
        in_order({**there, "test": []})


def test_documents_that_are_no_pairs_are_refused(tmp_path):
    write_files(tmp_path / "texts", {f"{i}.txt": f"line {i}\n" * 3 for i in range(20)})
    settings = {
        "_target_": "lmstudy.data.source_files.Files", "path": str(tmp_path / "texts"), "suffixes": [".txt"],
        "deduplication": None, "split": {"by": "file", "valid": 0.2, "test": 0.2}, "tokenizer": {"vocab_size": 300},
    }  # fmt: skip
    with pytest.raises(StudyError, match=r"task\.pairs: .* has 3 segments, a pair has two"):
        Pairs(settings).examples(tmp_path / "cache", lambda message: None)
