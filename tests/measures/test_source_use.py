"""What answers owe to sources: much where a network copies from them, nothing to one that could not."""

import pytest

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.measures.evaluate import evaluate
from lmstudy.runs.fine_tuning import fine_tune
from lmstudy.runs.pretraining import train

FAST = ["steps=60", "evaluate_every=20", "batch=16", "optimizer.warmup_steps=2", "optimizer.lr=0.005"]


@pytest.fixture
def tuned(small, tmp_path):
    """A fine-tuning of a made-up task that asks for the first word."""
    own = [o for o in small if o.partition("=")[0] not in ("budget.steps", "budget.evaluate_every", "budget.samples")]

    def make(task="Echo", *overrides):
        config = compose_config("finetune", [*own, *FAST, f"runs={tmp_path / 'runs'}", *overrides])
        return fine_tune({**config, "task": {"_target_": f"tests.tasks.made_tasks.{task}"}})

    return make


def measured(record, tmp_path, *overrides):
    own = [f"run={record.id}", f"runs={tmp_path / 'runs'}", "measure=source", "split=test", *overrides]
    return evaluate(compose_config("evaluate", own))


def test_a_network_that_copies_pays_for_the_source_of_another_example(tuned, tmp_path):
    record = tuned()
    found = measured(record, tmp_path)
    assert found.metrics["test/own"] == pytest.approx(record.metrics["test/bits_per_byte"], abs=1e-4)
    assert found.metrics["test/other"] - found.metrics["test/own"] == pytest.approx(found.metrics["test/source"])
    assert found.metrics["test/source"] > 0.2
    bits, size = (sum(column) for column in zip(*found.groups["test/source"], strict=True))
    assert bits / size == pytest.approx(found.metrics["test/source"], rel=1e-4)
    assert (found.kind, found.config["run"]["id"]) == ("evaluation", record.id)
    assert measured(record, tmp_path).finished == found.finished  # found, not measured


def test_less_was_learned_of_sources_before_the_first_steps(tuned, tmp_path):
    early, late = (measured(tuned("Echo", f"steps={n}", "evaluate_every=1"), tmp_path) for n in (1, 60))
    assert abs(early.metrics["test/source"]) < late.metrics["test/source"] / 2


def test_what_cannot_be_measured_is_named(tuned, small, tmp_path):
    with pytest.raises(StudyError, match="measure=source: tuned-loops-scratch-head-all-s1 answers by a head"):
        measured(tuned("Loops", "head=true", "steps=2"), tmp_path)
    record = tuned("Echo", "steps=2")
    with pytest.raises(StudyError, match="documents=1: the source of another example needs two"):
        measured(record, tmp_path, "documents=1")
    with pytest.raises(StudyError, match="takes the examples of the fine-tuning's own task"):
        measured(record, tmp_path, "data=messages")
    pretrained = train(compose_config("train", [*small, f"runs={tmp_path / 'runs'}"]))
    with pytest.raises(StudyError, match="is a record of kind 'train', not a fine-tuning"):
        measured(pretrained, tmp_path)
    next((tmp_path / "runs").glob(f"*{record.id}/model.safetensors")).unlink()
    with pytest.raises(StudyError, match="is missing: only the record is left; fine-tune again"):
        measured(record, tmp_path)
