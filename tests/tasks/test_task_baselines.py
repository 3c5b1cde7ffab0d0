"""Baselines of tasks, on examples whose answers are known."""

import numpy as np
import pytest

from lmstudy.compose import compose_config
from lmstudy.config import BaselineConfig, TuneConfig, check
from lmstudy.errors import StudyError
from lmstudy.runs.task_baseline import task_baselines
from lmstudy.tasks import baselines
from lmstudy.tasks.base import Example
from tests.tasks.made_tasks import Echo, Loops


def test_rules_answer_without_training():
    train = [Example("0", "a", "x"), Example("1", "b", "y"), Example("2", "c", "y")]
    asked = [Example("3", "One sentence.  Another one.", "?"), Example("4", "no end", "?")]
    assert baselines.majority(train, asked) == ["y", "y"]
    assert baselines.copied(train, asked) == [example.source for example in asked]
    assert baselines.lead(train, asked) == ["One sentence.", "no end"]
    assert baselines.lead_behind_question([], [Example("q", "What is x?\nAdd x. And y.", "")]) == ["Add x."]


def test_the_nearest_source_gives_its_target():
    train = [Example("0", "Open the file", "打开文件"), Example("1", "Delete the user %(name)s", "删除用户%(name)s")]
    asked = [Example("2", "Open a file", "?"), Example("3", "Delete the group %(group)s", "?")]
    assert baselines.nearest(train, asked) == ["打开文件", "删除用户%(name)s"]
    assert baselines.translation_memory(train, asked) == ["打开文件", "删除用户%(group)s"]


@pytest.mark.parametrize(
    ("docstring", "answer"),
    [
        (
            "Adds.\n\nParameters\n----------\na : int\n    The first\n    number.\nb : int\n    Other.",
            "The first number.",
        ),
        ("Adds.\n\nArgs:\n    a: The first number.\n    b: Other.", "The first number."),
        ("Adds.\n\nArgs:\n    a (int): The first\n        number.\n", "The first number."),
        ("Adds.\n\n:param a: The first number.\n:param b: Other.", "The first number."),
        ("Adds.\n\n@param a: The first number.", "The first number."),
        ("Adds a to b.", ""),
    ],
)
def test_a_rule_finds_what_a_docstring_says_of_a_parameter(docstring, answer):
    assert baselines.described([], [Example("0", f"What is a?\n{docstring}", "?")]) == [answer]


def test_logistic_regression_learns_what_words_tell():
    task = Loops(200)
    examples = task.examples()
    found = baselines.judged(task, examples["train"], examples["test"], examples["valid"])
    assert set(found) == {"majority", "nearest", baselines.LOGISTIC}
    assert found[baselines.LOGISTIC].judgement.metrics["accuracy"] > 0.9
    assert found["majority"].judgement.metrics["f1"] < 0.5
    assert "calibration_error" in found[baselines.LOGISTIC].judgement.metrics
    linear = baselines.logistic(task, examples["train"][:50], examples["test"], examples["valid"])
    assert np.allclose(linear.probabilities.sum(1), 1)


def test_validation_examples_choose_the_settings_of_logistic_regression():
    """In training nearly all are bad, in validation half: balanced weights tell the good ones best."""
    rng = np.random.default_rng(0)

    def drawn(count, good):
        labels = ["yes" if one else "no" for one in rng.random(count) < good]
        words = [label if rng.random() < 0.4 else "so" for label in labels]
        return [Example(f"{count}-{i}", word, label) for i, (word, label) in enumerate(zip(words, labels, strict=True))]

    task = Loops()
    train, valid = drawn(300, 0.05), drawn(200, 0.6)
    found = baselines.logistic(task, train, valid, valid)
    scores = {
        (strength, weights): _f1(task, train, valid, strength, weights)
        for weights in baselines.WEIGHTS
        for strength in baselines.STRENGTHS
    }
    assert len(set(scores.values())) > 1
    assert (found.strength, found.weights) == max(scores, key=lambda key: scores[key])
    told = [task.labels[i] for i in found.probabilities.argmax(1)]
    assert task.judge(valid, told).metrics["f1"] == pytest.approx(max(scores.values()))


def _f1(task, train, valid, strength, weights):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "STRENGTHS", (strength,))
        patch.setattr(baselines, "WEIGHTS", (weights,))
        linear = baselines.logistic(task, train, valid, valid)
    return task.judge(valid, [task.labels[i] for i in linear.probabilities.argmax(1)]).metrics["f1"]


def test_logistic_regression_says_what_it_lacks():
    task = Loops()
    same = [Example("a", "x", "yes"), Example("b", "y", "yes")]
    with pytest.raises(StudyError, match="there are 2 of 1 and 2: raise examples"):
        baselines.logistic(task, same, same, same)
    with pytest.raises(StudyError, match="and 0: raise examples or valid_examples"):
        baselines.judged(task, [*same, Example("c", "z", "no")], same)


def test_every_task_that_ships_has_baselines_and_another_one_gets_some():
    from tests.test_configs import ALL

    assert set(baselines.BY_TASK) == {choice for group, choice in ALL if group == "task"}
    examples = Echo().examples()
    assert set(baselines.judged(Echo(), examples["train"], examples["test"][:5])) == {"majority", "nearest"}


@pytest.mark.parametrize("task", list(baselines.BY_TASK))
def test_the_configuration_of_every_task_is_one_of_baselines_and_of_fine_tunings(task):
    assert check(BaselineConfig, compose_config("baseline", ["of=task", f"task={task}"])).task is not None
    assert check(TuneConfig, compose_config("finetune", [f"task={task}"])).run is None


def test_a_record_of_baselines_is_made_once(tmp_path):
    config = compose_config("baseline", ["of=task", "examples=50", "test_examples=40", f"runs={tmp_path}"])
    with pytest.raises(StudyError, match="of=task needs a task: task=NAME"):
        task_baselines(config)
    config["task"] = {"_target_": "tests.tasks.made_tasks.Loops"}
    record = task_baselines(config)
    assert (record.kind, record.name) == ("task_baseline", "baselines-loops-50")
    assert record.metrics["test/examples"] == 40
    right = record.groups[f"test/{baselines.LOGISTIC}/accuracy"]
    assert sum(top for top, _ in right) == round(40 * record.metrics[f"test/{baselines.LOGISTIC}/accuracy"])
    assert (
        record.metrics["data/train/examples"]
        == record.metrics["data/train/label/no"] + record.metrics["data/train/label/yes"]
    )
    assert record.metrics["data/source/characters/25"] <= record.metrics["data/source/characters/75"]
    assert set(record.samples[0]["answers"]) == {"majority", "nearest", baselines.LOGISTIC}
    assert task_baselines(config).finished == record.finished
    other = task_baselines({**config, "examples": 60})
    assert other.id != record.id
