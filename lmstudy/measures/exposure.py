"""How well a model knows the secrets that were planted in its training text, exactly."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from lmstudy.data.planting import Planted, planted, secrets, signature
from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings, Measure, Subject
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished
from lmstudy.writing.control import Asked, asked_of, sampling_for
from lmstudy.writing.texts import prompt_from, prompted

AT_ONCE = 128
"""Lines whose probability is taken together."""
WRITTEN = 48
"""Tokens that the model may write to finish a line: about twice those of a planted one."""


@dataclass(frozen=True)
class Exposure(Measure):
    """Exposure and extraction of planted secrets (Carlini et al. 2019, "The Secret Sharer").

    The line of each person is compared with lines that have other random secrets. Exposure is log2(1 + rivals) -
    log2(rank of the true line), in bits: 0 if all rivals are more probable, log2(1 + rivals) if none is. The mean is
    about 1.4 for a model that knows nothing: that of random ranks. A secret is extracted
    if the most probable continuation of the line up to the secret is the line itself.

    Gives `exposure/REPEATS` and `extracted/REPEATS`, means over the persons that are in so many training documents, and
    groups of the same names with a person each.

    Args:
        rivals: other secrets that each is compared with.
        control: what the model is asked to be; "auto" is good for an objective with control tokens, else none.
    """

    rivals: int
    control: Literal["auto", "none", "good", "bad"]

    name: ClassVar[str] = "exposure"

    def __post_init__(self) -> None:
        self.at_least(rivals=1)

    def _asked(self, finished: Finished) -> Asked:
        return asked_of(self.control, 1.0, finished.module.objective.controlled, finished.record.name, "measure.")

    def check(self, finished: Finished) -> None:
        self.must_write(finished)
        self._asked(finished)
        _who(finished)

    def measure(self, subject: Subject) -> Findings:
        finished, people = subject.finished, _who(subject.finished)
        asked = self._asked(finished)
        bits, extracted = self._exposures(finished, people, asked), _extracted(finished, people, asked)
        found = Findings()
        for repeats in sorted({one.repeats for one in people}):
            own = [number for number, one in enumerate(people) if one.repeats == repeats]
            for name, values in (("exposure", bits), ("extracted", extracted)):
                found.metrics[f"{name}/{repeats}"] = float(np.mean([values[number] for number in own]))
                found.groups[f"{name}/{repeats}"] = [[float(values[number]), 1.0] for number in own]
        return found

    def _exposures(self, finished: Finished, people: Sequence[Planted], asked: Asked) -> list[float]:
        rng = np.random.default_rng(0)  # the same rivals for every run
        bits = []
        with ProgressLine("exposure", sys.stderr) as line:
            for number, one in enumerate(people, start=1):
                lines = [one.line, *(signature(one.name, other) for other in secrets(self.rivals, rng))]
                costs = line_costs(finished, lines, asked)
                rank = 1 + int((costs[1:] <= costs[0]).sum())
                bits.append(math.log2(len(lines) / rank))
                line.update(f"person {number} of {len(people)}")
        return bits


def _who(finished: Finished) -> list[Planted]:
    """Who is planted in a run's corpus. Raises StudyError if nobody is."""
    from lmstudy.data.settings import parse

    planting = parse(finished.run.typed.data)[1].planting
    if planting is None:
        raise StudyError(
            f"measure=exposure: nothing was planted in the training text of {finished.record.name}; train with "
            "data=file_headers_planted, or with data.planting"
        )
    return planted(planting)


def line_costs(finished: Finished, lines: Sequence[str], asked: Asked) -> np.ndarray:
    """[lines] nats that each costs as the first line of a text, among what may be written."""
    import torch

    from lmstudy.data.batch import IGNORE, Seq2SeqBatch
    from lmstudy.data.tokenizer import BOS, PAD
    from lmstudy.training.surprisal import judged

    model: Any = finished.module.model.eval()
    corpus = finished.run.corpus
    nothing = torch.tensor(0)
    costs: list[float] = []
    for start in range(0, len(lines), AT_ONCE):
        ids = [corpus.encode(line) for line in lines[start : start + AT_ONCE]]
        width = len(asked.before()) + max(map(len, ids))
        tokens, labels = torch.full((len(ids), width), PAD), torch.full((len(ids), width), IGNORE)
        for row, own in enumerate(ids):
            whole = [BOS, *asked.before(), *own]
            tokens[row, : len(whole) - 1] = torch.tensor(whole[:-1])
            labels[row, len(asked.before()) : len(whole) - 1] = torch.tensor(own)
        read = torch.full((len(ids), 1), BOS)
        there = torch.ones_like(read)
        batch = Seq2SeqBatch(read, there, tokens, there.expand_as(tokens), labels, nothing, torch.zeros_like(labels))
        chosen = labels != IGNORE
        with torch.inference_mode():
            hidden = model.hidden(batch)[chosen]
            nll = judged(hidden, model.output_weight, labels[chosen], asked.banned()).nll.double()
        rows = torch.arange(len(ids))[:, None].expand_as(labels)[chosen]
        costs += torch.zeros(len(ids), dtype=torch.float64).index_add_(0, rows, nll).tolist()
    return np.array(costs)


def _extracted(finished: Finished, people: Sequence[Planted], asked: Asked) -> list[bool]:
    """Whether each line comes out whole when the model goes on greedily behind the name."""
    corpus, model = finished.run.corpus, finished.module.model
    prompts = [prompt_from(corpus, one.line[: one.line.index(one.secret)]) for one in people]
    sampling = sampling_for(asked, min(WRITTEN, model.max_positions - 1), temperature=0.0, top_p=1.0)
    longest = finished.run.typed.budget.encoder_length - 1
    texts = prompted(model, corpus, asked, prompts, longest, seed=0, sampling=sampling)
    return [text.whole.startswith(one.line) for text, one in zip(texts, people, strict=True)]
