"""Streaming metrics equal the same metrics over everything at once."""

import math
from typing import Any

import pytest
import torch
from sklearn.metrics import f1_score, recall_score
from torchmetrics.classification import MulticlassAccuracy, MulticlassF1Score, MulticlassRecall

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.training.metrics import BitsPerByte, ClassCounts, LanguageModelMetrics

V, GROUPS = 30, 4


def random_batch(seed: int) -> tuple[torch.Tensor, Seq2SeqBatch]:
    g = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, V, (3, 8), generator=g)
    labels[:, 6:] = IGNORE
    groups = torch.randint(0, GROUPS, (3, 8), generator=g)
    logits = torch.randn(3, 8, V, generator=g)
    logits[labels.clamp(min=0) == logits.argmax(-1)] += 1
    zeros = torch.zeros_like(labels)
    return logits, Seq2SeqBatch(zeros, zeros, zeros, zeros, labels, (labels >= 0).sum(), groups)


def given(seed: int) -> tuple[torch.Tensor, torch.Tensor, Seq2SeqBatch]:
    """Hidden states that are the logits, and an output matrix that leaves them so."""
    logits, batch = random_batch(seed)
    return logits, torch.eye(V), batch


def test_against_scikit_learn_and_by_hand():
    token_bytes = torch.arange(V) % 5
    metrics = LanguageModelMetrics(V, token_bytes, GROUPS)
    logits, labels, groups = [], [], []
    for seed in range(6):
        batch_logits, batch = random_batch(seed)
        metrics.update(batch_logits, torch.eye(V), batch)
        kept = batch.labels != IGNORE
        logits.append(batch_logits[kept])
        labels.append(batch.labels[kept])
        groups.append(batch.groups[kept])
    all_logits, all_labels, all_groups = map(torch.cat, (logits, labels, groups))
    predicted = all_logits.argmax(-1)
    nll = torch.nn.functional.cross_entropy(all_logits, all_labels, reduction="none")
    values = metrics.compute()
    assert values["loss"] == pytest.approx(float(nll.mean()), rel=1e-5)
    assert values["perplexity"] == pytest.approx(math.exp(float(nll.mean())), rel=1e-4)
    bits = float(nll.sum()) / math.log(2)
    assert values["bits_per_byte"] == pytest.approx(bits / int(token_bytes[all_labels].sum()), rel=1e-5)
    assert values["accuracy"] == pytest.approx(float((predicted == all_labels).float().mean()), rel=1e-5)
    present = sorted(set(all_labels.tolist()) | set(predicted.tolist()))
    settings = {"average": "macro", "labels": present, "zero_division": 0}
    assert values["recall"] == pytest.approx(recall_score(all_labels, predicted, **settings), rel=1e-5)
    assert values["f1"] == pytest.approx(f1_score(all_labels, predicted, **settings), rel=1e-5)
    for group, (group_bits, group_bytes) in enumerate(metrics.group_totals()):
        of = all_groups == group
        assert group_bits == pytest.approx(float(nll[of].sum()) / math.log(2), rel=1e-5)
        assert group_bytes == int(token_bytes[all_labels[of]].sum())


def test_a_uniform_model_of_bytes_needs_eight_bits_a_byte():
    metric = BitsPerByte(torch.ones(256), 1)
    labels = torch.arange(256)
    metric.update(torch.full((256,), math.log(256)), labels, torch.zeros(256, dtype=torch.int64))
    assert float(metric.compute()) == pytest.approx(8.0)


@pytest.mark.parametrize("classes", [5, 4096])  # nearly all occur; most do not
def test_accuracy_recall_and_f1_are_those_of_torchmetrics(classes):
    ours, g = ClassCounts(classes), torch.Generator().manual_seed(classes)
    common: Any = {"num_classes": classes}
    theirs = {
        "accuracy": MulticlassAccuracy(average="micro", **common),
        "recall": MulticlassRecall(average="macro", **common),
        "f1": MulticlassF1Score(average="macro", **common),
    }
    for _ in range(3):
        labels = torch.randint(0, classes, (700,), generator=g) ** 2 // classes
        predicted = torch.where(torch.rand(700, generator=g) < 0.4, labels, labels.flip(0))
        for metric in (ours, *theirs.values()):
            metric.update(predicted, labels)
    found = ours.compute()
    assert {name: float(value) for name, value in found.items()} == pytest.approx(
        {name: float(metric.compute()) for name, metric in theirs.items()}, rel=1e-6
    )


def test_memory_does_not_grow_with_data():
    metrics = LanguageModelMetrics(V, torch.ones(V), GROUPS)

    def held() -> int:
        states = [v for m in metrics.modules() for v in getattr(m, "_defaults", {}) for v in [getattr(m, v)]]
        assert all(isinstance(state, torch.Tensor) for state in states)
        return sum(s.numel() for s in states)

    sizes = set()
    for seed in range(10):
        metrics.update(*given(seed))
        sizes.add(held())
    assert len(sizes) == 1


def test_reset_forgets():
    metrics = LanguageModelMetrics(V, torch.ones(V), GROUPS)
    metrics.update(*given(0))
    metrics.reset()
    metrics.update(*given(1))
    fresh = LanguageModelMetrics(V, torch.ones(V), GROUPS)
    fresh.update(*given(1))
    assert metrics.compute() == fresh.compute()
