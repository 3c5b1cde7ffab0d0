"""What a fine-tuned model answers."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lmstudy.data.corpus import Corpus
from lmstudy.data.tokenizer import decode, encode
from lmstudy.models.beam import Beam, beam_search
from lmstudy.study.progress_line import ProgressLine
from lmstudy.study.samples import BANNED
from lmstudy.study.tuning_config import BeamConfig
from lmstudy.tasks.base import Example, Judgement, Task
from lmstudy.tasks.classification import Classification
from lmstudy.training.fine_tuning import FineTuningModule, InOrder, TokenPairs

AT_ONCE = 64
"""Answers that are written together."""


@dataclass(frozen=True)
class Answered:
    """Answers to examples, and how good they are."""

    answers: list[str]
    judgement: Judgement


def answered(
    module: FineTuningModule,
    task: Task,
    corpus: Corpus,
    examples: Sequence[Example],
    pairs: TokenPairs,
    beam: BeamConfig,
    longest: int,
) -> Answered:
    """Answer examples and judge the answers: of labels by probability, of free text as it is written.

    Free text is cut at `longest` tokens.
    """
    if isinstance(task, Classification):
        found = label_probabilities(module, task, corpus, pairs)
        told = found.argmax(1)
        return Answered([task.labels[i] for i in told], task.of_labels(examples, told, found))
    answers = written(module, corpus, pairs, beam, longest)
    return Answered(answers, task.judge(examples, answers))


@torch.inference_mode()
def label_probabilities(
    module: FineTuningModule, task: Classification, corpus: Corpus, pairs: TokenPairs
) -> NDArray[np.float64]:
    """[examples, labels]: by the head; without one, of writing each label, the labels' probabilities shared out."""
    if module.head is not None:
        logits = torch.cat([module.label_logits(batch) for batch in InOrder(pairs)])
    else:
        labels, _ = encode(corpus.tokenizer, [[label] for label in task.labels], corpus.segmentation)
        columns = []
        for label in labels:
            asked = TokenPairs(pairs.sources, [label] * len(pairs), pairs.labels)
            columns.append(torch.cat([module.target_log_probability(batch) for batch in InOrder(asked)]))
        logits = torch.stack(columns, 1)
    return logits.double().softmax(1).numpy()


def written(module: FineTuningModule, corpus: Corpus, pairs: TokenPairs, beam: BeamConfig, longest: int) -> list[str]:
    """Answers in the order of the examples; those with sources of like length are written together."""
    model: Any = module.model
    search = Beam(beam.size, beam.length_penalty, BANNED, min(longest, model.max_positions))
    order = np.argsort([len(source) for source in pairs.sources], kind="stable")
    answers = [""] * len(pairs)
    with ProgressLine("answering", sys.stderr) as line:
        for start in range(0, len(order), AT_ONCE):
            index = order[start : start + AT_ONCE]
            found = beam_search(model, [pairs.sources[i].tolist() for i in index], search)
            for i, ids in zip(index, found, strict=True):
                answers[i] = decode(corpus.tokenizer, ids)
            line.update(f"example {min(start + AT_ONCE, len(order))} of {len(order)}")
    return answers
