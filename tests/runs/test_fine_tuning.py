"""Fine-tuning: learns, resumes, is found again, and names what is wrong."""

import numpy as np
import pytest
import torch
from lightning.pytorch.callbacks import Callback
from safetensors.torch import load_file

from lmstudy.compose import compose_config
from lmstudy.errors import StudyError
from lmstudy.runs.fine_tuning import balanced, fine_tune, fingerprint, headline
from lmstudy.runs.pretraining import train
from lmstudy.training import trainer as trainers
from tests.tasks.made_tasks import Loops

FAST = ["steps=40", "evaluate_every=10", "batch=16", "optimizer.warmup_steps=2", "optimizer.lr=0.005"]


@pytest.fixture
def config(small, tmp_path):
    """A configuration by the name of a made-up task, with overrides."""
    own = [o for o in small if o.partition("=")[0] not in ("budget.steps", "budget.evaluate_every", "budget.samples")]

    def compose(task: str, *overrides: str, **arguments):
        found = compose_config("finetune", [*own, *FAST, f"runs={tmp_path / 'runs'}", *overrides])
        return {**found, "task": {"_target_": f"tests.tasks.made_tasks.{task}", **arguments}}

    return compose


@pytest.mark.parametrize("head", ["true", "false"])
def test_labels_are_learned_in_words_and_by_a_head(config, head):
    record = fine_tune(config("Loops", f"head={head}"))
    labels = [example.target for example in Loops().examples()["test"]]
    most = max(map(labels.count, labels)) / len(labels)
    assert record.metrics["test/accuracy"] > most + 0.1
    assert 0 <= record.metrics["test/calibration_error"] < 0.4
    assert record.kind == "tuning"
    assert record.name == f"tuned-loops-scratch-{'head-' if head == 'true' else ''}all-s1"
    assert sum(top for top, _ in record.groups["test/accuracy"]) == round(96 * record.metrics["test/accuracy"])
    assert {"id", "source", "target", "answer"} == set(record.samples[0])
    assert any("test/f1 " in part for part in headline(record))


def test_balanced_weights_make_labels_count_alike_and_change_what_is_learned(config):
    task, examples = Loops(), Loops().examples()["train"][:50]
    counts = np.array([sum(one.target == label for one in examples) for label in task.labels])
    assert counts[0] != counts[1]
    assert np.allclose(balanced(task, examples).numpy() * counts, 25)
    one_label = [one for one in examples if one.target == task.labels[0]]
    assert balanced(task, one_label).tolist() == [1.0, 0.0]
    plain, weighted = (
        fine_tune(config("Loops", "head=true", "steps=2", "evaluate_every=1", f"label_weights={how}"))
        for how in ("null", "balanced")
    )
    assert plain.id != weighted.id
    assert plain.curves["valid/loss"]["value"][-1] != weighted.curves["valid/loss"]["value"][-1]
    with pytest.raises(StudyError, match="label_weights=balanced: there is no head that tells labels; head=true"):
        fine_tune(config("Echo", "label_weights=balanced"))


def test_text_is_learned_and_the_weights_that_validate_best_are_kept(config):
    short, long = (fine_tune(config("Echo", f"steps={n}")).metrics for n in (10, 60))
    assert long["test/exact"] > short["test/exact"]
    assert long["best_step"] >= 30
    assert long["test/remembered"] >= long["test/exact"]  # every word was an answer in training
    again = fine_tune(config("Echo", "steps=60"))
    assert again.metrics == long  # found, not trained
    wide = fine_tune(config("Echo", "steps=60", "decoding.beams=3"))
    assert wide.id != again.id


def test_the_weights_whose_answers_score_best_can_be_kept(config):
    record = fine_tune(config("Echo", "keep=answers", "steps=60", same=True))
    curve = record.curves["valid/answers"]
    best = int(np.argmax(curve["value"]))
    assert max(curve["value"]) > curve["value"][0]
    assert record.metrics["best_step"] == curve["step"][best]
    assert record.metrics["test/chrf"] == pytest.approx(curve["value"][best])
    usual = fine_tune(config("Echo", "steps=60", same=True))
    assert usual.id != record.id
    assert usual.curves["valid/loss"] == record.curves["valid/loss"]  # what is learned is the same
    assert "valid/answers" not in usual.curves


@pytest.mark.parametrize("task", ["Loops", "Echo"])
def test_the_peer_is_fine_tuned_by_the_same_command(config, task):
    pytest.importorskip("transformers")
    record = fine_tune(config(task, "model=hf_t5", f"head={str(task == 'Loops').lower()}"))
    assert record.name.startswith(f"tuned-{task.lower()}-hf_t5-scratch")
    assert record.metrics["test/accuracy" if task == "Loops" else "test/exact"] > 0.2


def test_a_head_learns_to_point_at_the_answer(config):
    record = fine_tune(config("Find", "head=true", "steps=120"))
    assert record.name == "tuned-question_answering-scratch-head-all-s1"
    assert record.metrics["test/extractive"] == 1
    assert record.metrics["test/f1"] > 90
    assert "test/bits_per_byte" not in record.metrics


def test_placeholders_are_kept_by_a_search_and_may_be_lost_when_words_are_drawn(config):
    searched = fine_tune(config("Fields", "steps=2"))
    assert searched.metrics["test/placeholders_kept"] == 1
    beams = fine_tune(config("Fields", "steps=2", "decoding.beams=3"))
    assert beams.metrics["test/placeholders_kept"] == 1
    assert beams.metrics["test/bits_per_byte"] == searched.metrics["test/bits_per_byte"]
    drawn = fine_tune(config("Fields", "steps=2", "decoding.temperature=1"))
    assert drawn.metrics["test/placeholders_kept"] < 1
    assert len({searched.id, beams.id, drawn.id}) == 3


def test_a_wider_context_reads_what_would_be_cut(config):
    record = fine_tune(config("Echo", "steps=2", "context=600", repeated=20))
    assert record.metrics["train/cut"] == 0
    with pytest.raises(StudyError, match="context=20 is less than the model's own, 128 tokens"):
        fine_tune(config("Echo", "context=20"))


class Killed(Callback):
    def on_train_batch_end(self, trainer, *args):
        if trainer.global_step == 25:
            raise RuntimeError("killed")


@pytest.mark.parametrize("keep", ["null", "answers"])
def test_a_fine_tuning_that_was_killed_goes_on_to_the_same_weights(config, tmp_path, monkeypatch, keep):
    cut = config("Echo", "trainer.checkpoint_every=10", f"keep={keep}")
    usual = trainers.build_trainer
    monkeypatch.setattr(
        trainers, "build_trainer", lambda c, f, s, e, watching, log: usual(c, f, s, e, [*watching, Killed()], log)
    )
    with pytest.raises(RuntimeError, match="killed"):
        fine_tune(cut)
    assert not list((tmp_path / "runs").glob("*/record.json"))
    monkeypatch.setattr(trainers, "build_trainer", usual)
    resumed = fine_tune(cut)
    whole = fine_tune({**cut, "runs": str(tmp_path / "whole")})
    assert resumed.id == whole.id
    assert resumed.metrics == whole.metrics
    first, second = (load_file(next((tmp_path / folder).glob("*/model.safetensors"))) for folder in ("runs", "whole"))
    assert all(torch.equal(first[name], second[name]) for name in second)


def test_it_starts_from_a_pretraining_run_of_its_tokens(config, small, tmp_path):
    pretrained = train(compose_config("train", [*small, f"runs={tmp_path / 'runs'}"]))
    tuned = fine_tune(config("Loops", f"run='{pretrained.id[:8]}'", "steps=10"))
    assert tuned.config["run"] == pretrained.id
    assert tuned.name == "tuned-loops-mle-all-s1"
    assert tuned.curves != fine_tune(config("Loops", "steps=10")).curves
    with pytest.raises(StudyError, match="and task loops is read in those of"):
        fine_tune(config("Loops", f"run='{pretrained.id}'", "data.tokenizer.vocab_size=400"))


def test_what_is_wrong_is_named_before_anything_is_written(config, tmp_path):
    with pytest.raises(StudyError, match="head=true: the answers of task echo are free text"):
        fine_tune(config("Echo", "head=true"))
    with pytest.raises(StudyError, match="head='both'"):
        fine_tune(config("Loops", "head=both"))
    with pytest.raises(StudyError, match="examples=200: the task has 96 to learn from; null takes all"):
        fine_tune(config("Loops", "examples=200"))
    with pytest.raises(StudyError, match="train0 has an empty target"):
        fine_tune(config("Loops", broken=" "))
    with pytest.raises(StudyError, match="train0 has the label 'perhaps'; known are no, yes"):
        fine_tune(config("Loops", broken="perhaps"))
    assert not list((tmp_path / "runs").glob("*/config.json"))
    with pytest.raises(StudyError, match="devices=2"):
        fine_tune(config("Loops", "trainer.devices=2"))


def test_what_is_too_long_is_cut_counted_and_told(config, capsys):
    record = fine_tune(config("Echo", "steps=2", repeated=60))
    assert record.metrics["train/cut"] == 96
    assert "96 of 96 train examples are cut at 128 tokens" in capsys.readouterr().err


def test_labels_that_no_training_example_has_are_told(config, capsys):
    first = Loops().examples()["train"][0].target
    (other,) = {"no", "yes"} - {first}
    fine_tune(config("Loops", "steps=1", "evaluate_every=1", "examples=1"))
    assert f"no training example has the label {other}\n" in capsys.readouterr().err


def test_weights_are_kept_by_f1_of_labels_and_by_loss_of_texts(config):
    told = fine_tune(config("Loops", "head=true", "steps=12", "evaluate_every=3"))
    curve = told.curves["valid/f1"]
    assert told.metrics["best_step"] == curve["step"][int(np.argmax(curve["value"]))]
    written = fine_tune(config("Echo", "steps=4", "evaluate_every=2"))
    curve = written.curves["valid/loss"]
    assert "valid/f1" not in written.curves
    assert written.metrics["best_step"] == curve["step"][int(np.argmin(curve["value"]))]


def test_a_head_on_the_decoder_learns_labels_from_what_the_decoder_reads(config):
    told = fine_tune(config("Loops", "head=decoder", "steps=60", "evaluate_every=20"))
    assert told.name == "tuned-loops-scratch-decoder-head-all-s1"
    assert told.metrics["test/accuracy"] > 0.8
    other = fine_tune(config("Loops", "head=true", "steps=60", "evaluate_every=20"))
    assert other.curves != told.curves


def test_other_examples_are_another_fine_tuning():
    first, second = Loops(96).examples(), Loops(95).examples()
    assert fingerprint(first) != fingerprint(second)
    assert fingerprint(first) == fingerprint(Loops(96).examples())
