"""Bits per byte of held-out text, with every decision charged that a model takes when it writes.

A model with control tokens decides at the end of each segment whether the text ends, and with which token it goes on. A
model without them decides the same between the end token and the first token of what follows. To compare the two, what
is charged must be the text and its end alone, whatever tokens a model uses to get there:

- at a border, the probability that a control token comes is that of both together: which one is no part of the text
- training leaves some control tokens out, so a text may also go on without one: both ways are added up
- the token before the very first segment is given, as it is when a model is asked for text
- nothing is renormalised: what a model gives to tokens that are no text is lost to it

So two models that know the same of a text pay the same for it, whether or not they have control tokens
(`tests/measures/test_code_length.py` proves it with oracles).
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from lmstudy.data.examples import Documents
from lmstudy.data.tokenizer import BAD, GOOD, token_bytes
from lmstudy.data.views import uniformly_controlled
from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings, Measure, Subject
from lmstudy.progress import ProgressLine
from lmstudy.runs.finished import Finished
from lmstudy.writing.control import asked_of

if TYPE_CHECKING:
    from torch import Tensor

    from lmstudy.data.batch import Seq2SeqBatch

CHUNK = 1024
"""Positions whose logits exist at a time."""


@dataclass(frozen=True)
class CodeLength(Measure):
    """Bits per byte of whole documents behind a control token or without, by all ways in which they can be written.

    Groups `SPLIT` are [bits, bytes] of all documents, `SPLIT/good` of those whose every segment the run's scorer finds
    good, where the run has a scorer.

    Args:
        control: what stands before every segment; auto is good for a run that knows control tokens, else none.
    """

    control: Literal["auto", "none", "good", "bad"]

    name: ClassVar[str] = "code_length"

    def check(self, finished: Finished) -> None:
        controlled = finished.module.objective.controlled
        if controlled and self.control == "none":
            raise StudyError(
                f"measure.control=none: {finished.record.name} goes on behind control tokens, which would not be "
                "charged; leave it at auto, or good or bad"
            )
        asked_of(self.control, 1.0, controlled, finished.record.name, "measure.")

    def measure(self, subject: Subject) -> Findings:
        """`SPLIT/bits_per_byte`, and `SPLIT/good/bits_per_byte` where there is a scorer."""
        import torch

        from lmstudy.data.batch import IGNORE, Shape
        from lmstudy.data.datamodule import GROUPS, EvaluationBatches

        finished, split, index = subject.finished, subject.split, subject.order()[: subject.documents]
        own = asked_of(self.control, 1.0, finished.module.objective.controlled, finished.record.name)
        budget, store = finished.run.typed.budget, subject.store
        shape = Shape(budget.rows, budget.encoder_length, budget.decoder_length, budget.prefix_length)
        asked: Documents | None = None
        if own.token is not None:
            asked = uniformly_controlled(store, store.segment_counts(), own.token)
        sizes = torch.from_numpy(np.asarray(token_bytes(finished.run.corpus.tokenizer))).double()
        model: Any = finished.module.model
        good = self._good(subject)
        totals = torch.zeros(
            2 * GROUPS, 2, dtype=torch.float64
        )  # documents that are good throughout lie behind the others
        batches = EvaluationBatches(store, shape, index, documents=asked, charged=True)
        batches.groups = batches.groups + GROUPS * good
        with torch.inference_mode(), ProgressLine(f"code length on {split}", sys.stderr) as line:
            for number, batch in enumerate(batches, start=1):
                bits_BT = charged_bits(model.hidden(batch), model.output_weight, batch)
                chosen = batch.labels != IGNORE
                pairs = torch.stack([bits_BT[chosen].double(), sizes[batch.labels[chosen]]], 1)
                totals.index_add_(0, batch.groups[chosen], pairs)
                line.update(f"batch {number} of {len(batches)}")
        parts = {split: totals[:GROUPS] + totals[GROUPS:]}
        if good[index].any():
            parts[f"{split}/good"] = totals[GROUPS:]
        found = Findings()
        for name, own_totals in parts.items():
            bits, size = own_totals.sum(0).tolist()
            found.metrics[f"{name}/bits_per_byte"] = bits / size
            found.groups[name] = own_totals.tolist()
        return found

    def _good(self, subject: Subject) -> np.ndarray:
        """[documents] whether each is good throughout; none is for a run without a scorer, or on another corpus."""
        from lmstudy.preferences.scored import score_split

        settings = subject.finished.run.typed.scorer
        if settings is None or not subject.own:
            return np.zeros(len(subject.store), dtype=bool)
        scored = score_split(subject.corpus, subject.split, settings)
        return np.add.reduceat(np.append(~scored.good(), False), scored.offsets[:-1]) == 0


def charged_bits(hidden_BTD: Tensor, weight_VD: Tensor, batch: Seq2SeqBatch) -> Tensor:
    """Bits [B, T] that each label costs; a control token costs nothing, and its text pays for both ways to it.

    Args:
        hidden_BTD: last hidden states.
        weight_VD: output matrix.
        batch: whose labels hold control tokens, where they stand in the text.
    """
    import torch
    import torch.nn.functional as F

    from lmstudy.data.batch import IGNORE

    labels_BT = batch.labels
    following_BT = F.pad(labels_BT[:, 1:], (0, 1), value=IGNORE)
    same_BT = F.pad(batch.decoder_documents[:, 1:] == batch.decoder_documents[:, :-1], (0, 1))
    control_BT = (labels_BT == GOOD) | (labels_BT == BAD)
    goes_on_BT = control_BT & same_BT & (following_BT != IGNORE)

    own, border, direct = [], [], []
    hidden_ND, labels_N, following_N = hidden_BTD.flatten(0, 1), labels_BT.flatten(), following_BT.flatten()
    for hidden, label, following in zip(
        hidden_ND.split(CHUNK), labels_N.split(CHUNK), following_N.split(CHUNK), strict=True
    ):
        log_p = F.linear(hidden.float(), weight_VD.float()).log_softmax(-1)
        own.append(log_p.gather(1, label.clamp(min=0)[:, None])[:, 0])
        direct.append(log_p.gather(1, following.clamp(min=0)[:, None])[:, 0])
        border.append(log_p[:, [GOOD, BAD]].logsumexp(-1))
    own_BT, border_BT, direct_BT = (torch.cat(parts).view_as(labels_BT) for parts in (own, border, direct))

    # The token before the first segment of a document is given: such an example reads nothing but its start token.
    read = [(batch.encoder_documents == number).sum(1) for number in range(int(batch.decoder_documents.max()) + 1)]
    starts_BT = torch.stack(read, 1).gather(1, batch.decoder_documents) == 1
    first_BT = F.pad(batch.decoder_documents[:, 1:] != batch.decoder_documents[:, :-1], (1, 0), value=True)
    given_BT = control_BT & starts_BT & first_BT

    after_BT = F.pad((goes_on_BT & ~given_BT)[:, :-1], (1, 0))  # text that a border stands before
    way_BT = F.pad(border_BT[:, :-1], (1, 0)) + own_BT
    both_BT = torch.logaddexp(way_BT, F.pad(direct_BT[:, :-1], (1, 0)))
    log_p_BT = torch.where(after_BT, both_BT, own_BT)
    log_p_BT = torch.where(control_BT, torch.where(given_BT | goes_on_BT, 0.0, border_BT), log_p_BT)
    return torch.where(labels_BT == IGNORE, 0.0, -log_p_BT / math.log(2))
