"""Tables and figures of a task's labels and of its data, of records whose truth is known."""

import numpy as np
import pytest

from lmstudy.chapters.applications import classification as task_labels
from lmstudy.chapters.applications import data as task_data
from lmstudy.chapters.applications.scores import named
from lmstudy.study.applications import MLE, PEER, Arm
from lmstudy.tasks.baselines import LOGISTIC
from tests.chapters.test_applications import LABELS, baseline, classified
from tests.claim_records import record


@pytest.fixture(scope="module")
def told():
    return [classified(0.7, seed) for seed in (1, 2, 3)]


def test_confusion_is_shares_of_each_true_label(told):
    labels, shares = task_labels.confusion(told)
    assert labels == list(LABELS)
    assert shares.sum(1) == pytest.approx(1)
    assert np.diag(shares) == pytest.approx(0.7, abs=0.06)
    figure = task_labels.confusion_figure({"one": told, "two": told})
    assert [axes.get_title() for axes in figure.axes] == ["one", "two"]
    assert figure.axes[0].texts[0].get_text() == f"{100 * shares[0, 0]:.0f}"
    assert list(task_labels.per_label(told).index) == list(LABELS)


def test_calibration_is_of_networks_and_of_their_rival(told):
    for one in told:
        one.metrics["test/calibration_error"] = 0.25
    known = record(50, "task_baseline", {}, 2.0, metrics={f"test/{LOGISTIC}/calibration_error": 0.5})
    silent = {Arm(PEER, 1000): [classified(0.5, 1)], Arm(MLE, 100): told}
    table = task_labels.calibration({"one": {Arm(MLE, 1000): told} | silent}, 1000, {"one": known})
    assert table["one"].to_dict() == {LOGISTIC: "0.500", named(MLE): "0.250"}


def test_data_is_counted_with_what_was_left_out_and_cut():
    known = baseline()
    assert task_data.data_table(known).loc["train", "examples"] == "5"
    assert task_data.left_out(known).loc["too long", "left out"] == "3"
    known.metrics["data/test/known sources"] = 1.0
    assert task_data.shared(known).startswith("Of 2 test examples, 1 ask")
    counts = {"train/examples": 1000.0, "train/cut": 7.0, "test/examples": 300.0, "test/cut": 2.0}
    few = record(51, "tuning", {}, 2.0, metrics={**counts, "train/examples": 100.0, "train/cut": 0.0})
    said = task_data.cut({Arm(MLE, 100): [few], Arm(MLE, 1000): [record(52, "tuning", {}, 2.0, metrics=counts)]})
    assert said.endswith("7 of 1,000 training examples and 2 of 300 test examples.")


def test_settings_that_validation_chose_are_told():
    chosen = [{f"test/{LOGISTIC}/strength": c, f"test/{LOGISTIC}/balanced": b} for c, b in ((0.25, 1.0), (16.0, 0.0))]
    known = {str(i): record(60 + i, "task_baseline", {}, 2.0, metrics=own) for i, own in enumerate(chosen)}
    assert task_labels.chosen(known) == "0: C = 0.25, labels balanced\n1: C = 16, labels as they are"
