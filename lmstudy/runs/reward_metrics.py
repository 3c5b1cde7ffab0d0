"""How good a reward model is on texts that nobody taught it: order, classes, calibration."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import multiclass_accuracy, multiclass_f1_score, multiclass_recall

from lmstudy.evaluation.pair_agreement import accuracy_counts
from lmstudy.evaluation.rating_classes import class_metrics, pair_reliability, reliability, reward_scale
from lmstudy.preferences.ratings import Ratings
from lmstudy.preferences.scorers.reward_model import Judge
from lmstudy.runs.records import Findings
from lmstudy.runs.reward_examples import Rated, by_pairs, means

Floats = NDArray[np.float64]


def measured(split: str, rated: Rated, judge: Judge) -> Findings:
    """All metrics of a split, domain by domain, and what intervals and figures need.

    `calibration_error` is that of pair probabilities as the loss left them, `calibration_error_scaled` with the one
    factor (`pair_scale`) that fits them best to the pairs of "valid". Groups are `pairs` (see `accuracy_counts`: right
    and comparable of each text, here times the texts it is compared with), and `reliability`: of each bin, the mean
    scaled probability of the order that was predicted, and how often that order was right.
    `pair_accuracy_encoder` and `pair_accuracy_ngrams` are those of the members alone.
    """
    metrics: dict[str, float] = {}
    groups: dict[str, list[list[float]]] = {}
    for domain in dict.fromkeys(rated.splits[split].domains):
        if domain not in rated.splits["valid"].domains:  # of a corpus so small that it has no such text to spare
            continue
        texts, known = (rated.splits[name].of_domain(domain) for name in (split, "valid"))
        members = judge.members(texts.texts)
        rewards = members.mean(0)
        counts = accuracy_counts(rewards, texts)[0]
        factor = reward_scale(judge.rewards(known.texts), known)
        raw, scaled = (pair_reliability(of * rewards, texts) for of in (1.0, factor))
        own = {
            "pair_accuracy": pair_accuracies(rewards, texts)[0],
            "pair_scale": factor,
            "calibration_error": raw.error,
            "calibration_error_scaled": scaled.error,
            **classified(rated, judge.scale(rewards), texts),
        }
        if len(members) > 1:
            alone = pair_accuracies(members, texts)
            own |= {f"pair_accuracy_{name}": value for name, value in zip(judge.model.names, alone, strict=True)}
        metrics |= {f"{split}/{domain}/{name}": value for name, value in own.items()}
        groups |= {
            f"{split}/{domain}/pairs": by_pairs(counts),
            f"{split}/{domain}/reliability": np.stack([scaled.predicted, scaled.observed], 1).round(4).tolist(),
        }
    return Findings(metrics, groups)


def pair_accuracies(rewards: Floats, texts: Ratings) -> list[float]:
    """Of rewards [models, n]."""
    sums = accuracy_counts(rewards, texts).sum(1)
    return (sums[:, 0] / sums[:, 1]).tolist()


def classified(rated: Rated, predicted: Floats, texts: Ratings) -> dict[str, float]:
    """Accuracy, macro recall and macro F1 of negative, neutral and positive; or of two labels, and their calibration.

    Args:
        predicted: [n] expected ratings, or shares of people who would choose the upper label.
    """
    truth = means(rated.levels, texts)
    if rated.kind == "rating":
        return {name: found.value for name, found in class_metrics(predicted, truth).items()}
    found, labels = (torch.from_numpy(values > 0.5).long() for values in (predicted, truth))
    common: Any = {"preds": found, "target": labels, "num_classes": 2}
    return {
        "accuracy": float(multiclass_accuracy(average="micro", **common)),
        "recall": float(multiclass_recall(average="macro", **common)),
        "f1": float(multiclass_f1_score(average="macro", **common)),
        "label_calibration_error": reliability(predicted, truth).error,
    }


def predictions(split: str, rated: Rated, judge: Judge) -> list[Any]:
    """[name, expected rating] of each text of a split's first domain."""
    texts = rated.splits[split].of_domain(rated.splits[split].domains[0])
    found = judge.ratings(texts.texts).round(3).tolist()
    return [[one.rpartition("::")[2], value] for one, value in zip(texts.ids, found, strict=True)]
