"""Metrics of a model on a split, outside of training."""

import torch

from lmstudy.study.finished import Finished
from lmstudy.study.runs import build_data


@torch.inference_mode()
def evaluate_split(finished: Finished, split: str, documents: int | None = None) -> dict[str, float]:
    """All metrics over the first `documents` of a split (None: all), as in training's own validation.

    Raises:
        StudyError: there is no such split; names those that exist.
    """
    metrics = finished.module.metrics
    metrics.reset()
    for batch in build_data(finished.run).batches(split, documents):
        metrics.update(finished.module(batch), batch)
    return metrics.compute()
