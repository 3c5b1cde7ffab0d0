"""Packing: many short examples into few rows of fixed shape, so that no step computes on padding.

Planning looks at lengths alone: no token is read until a batch is built. Rows differ in how many examples
they hold and what lengths; their order is shuffled, so that no step sees one length only.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch

from lmstudy.data.batch import IGNORE, Seq2SeqBatch, Shape
from lmstudy.data.examples import Documents, Ints, Plan, Pretraining
from lmstudy.data.tokenizer import BOS, PAD


def pack(plan: Plan, encoder_length: int, decoder_length: int) -> list[list[int]]:
    """Rows of example numbers, each row within both lengths.

    Best fit: examples by how much of a row they take on both sides together, largest first, each into the row
    where the least decoder room is left. Fills more than 99 % of the decoder where no example takes the whole
    encoder side; filling by decoder length alone left a tenth and more empty.
    """
    encoder, decoder = plan.encoder_length, plan.decoder_length
    rows: list[list[int]] = []
    encoder_room, decoder_room = np.empty(len(encoder), np.int64), np.empty(len(encoder), np.int64)
    for example in np.argsort(-(encoder / encoder_length + decoder / decoder_length), kind="stable").tolist():
        count = len(rows)
        left = decoder_room[:count] - decoder[example]
        left = np.where((left >= 0) & (encoder_room[:count] >= encoder[example]), left, decoder_length + 1)
        row = int(left.argmin()) if count else 0
        if not count or left[row] > decoder_length:
            row = count
            rows.append([])
            encoder_room[row], decoder_room[row] = encoder_length, decoder_length
        rows[row].append(example)
        encoder_room[row] -= encoder[example]
        decoder_room[row] -= decoder[example]
    return rows


def at(plan: Plan, index: int | list[int] | np.ndarray) -> Plan:
    """The example (or examples) of a plan at an index."""
    return Plan(*(field[index] for field in plan))


def planned_rows(
    documents: Documents, task: Pretraining, shape: Shape, seed: int, block: int = 8192
) -> Iterator[tuple[Plan, list[int]]]:
    """Endless rows in the order of training, a function of the seed alone.

    Every epoch is a new permutation of the documents, taken in blocks; rows are shuffled within a block.
    """
    epoch = 0
    while True:
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(np.arange(len(documents), dtype=np.int32))  # 4 bytes a document; the same order
        for start in range(0, len(order), block):
            index = order[start : start + block].astype(np.int64)
            plan = task.plan(documents, index, shape.prefix_length, shape.decoder_length, rng)
            rows = pack(plan, shape.encoder_length, shape.decoder_length)
            for row in rng.permutation(len(rows)):
                yield plan, rows[row]
        epoch += 1


def decoder_input(target: Ints, shifted: bool) -> Ints:
    """What the decoder reads while it writes `target`: one position late, behind a start token, if it is `shifted`."""
    return np.concatenate([[BOS], target[:-1]]) if shifted else target


TokenScores = Callable[[int], np.ndarray]
"""From a document's index to the misalignment score of each of its tokens."""

_FIRST = 2**40
"""Stands for the first token of a document where positions are asked for: above every token id."""


@dataclass(frozen=True)
class _Positions:
    """Documents whose tokens are their own positions, so that a task's target tells which token each label is."""

    documents: Documents

    def __len__(self) -> int:
        return len(self.documents)

    def tokens(self, index: int) -> Ints:
        return np.arange(_FIRST, _FIRST + len(self.documents.tokens(index)))

    def starts(self, index: int) -> Ints:
        return self.documents.starts(index)

    def lengths(self, index: Ints) -> Ints:
        return self.documents.lengths(index)


def label_scores(positions: Ints, token_scores: np.ndarray) -> np.ndarray:
    """The score of each label; an end or a sentinel, no token of the document, takes that of the label before."""
    found = np.where(positions >= _FIRST, positions - _FIRST, -1)
    last = np.maximum.accumulate(np.where(found >= 0, np.arange(len(found)), -1))
    return token_scores[np.maximum(found[np.maximum(last, 0)], 0)]


def build_batch(
    documents: Documents,
    task: Pretraining,
    rows: list[tuple[Plan, list[int]]],
    shape: Shape,
    groups: np.ndarray | None = None,
    token_scores: TokenScores | None = None,
) -> Seq2SeqBatch:
    """Token ids of the planned rows; `groups` gives each document's evaluation group."""
    count, encoder_length, decoder_length = len(rows), shape.encoder_length, shape.decoder_length
    encoder_tokens = np.full((count, encoder_length), PAD, dtype=np.int64)
    encoder_documents = np.zeros((count, encoder_length), dtype=np.int64)
    decoder_tokens = np.full((count, decoder_length), PAD, dtype=np.int64)
    decoder_documents = np.zeros((count, decoder_length), dtype=np.int64)
    labels = np.full((count, decoder_length), IGNORE, dtype=np.int64)
    label_groups = np.zeros((count, decoder_length), dtype=np.int64)
    scores = np.zeros((count, decoder_length), dtype=np.float32)
    for r, (plan, examples) in enumerate(rows):
        e = d = 0
        for number, i in enumerate(examples, start=1):
            example = at(plan, i)
            source, target = task.build(documents, example)
            encoder, decoder = slice(e, e + len(source)), slice(d, d + len(target))
            encoder_tokens[r, encoder], encoder_documents[r, encoder] = source, number
            labels[r, decoder], decoder_documents[r, decoder] = target, number
            decoder_tokens[r, decoder] = decoder_input(target, task.shifted)
            if groups is not None:
                label_groups[r, decoder] = groups[int(example.document)]
            if token_scores is not None:
                _, positions = task.build(_Positions(documents), example)
                scores[r, decoder] = label_scores(positions, token_scores(int(example.document)))
            e, d = encoder.stop, decoder.stop
    return Seq2SeqBatch(
        encoder_tokens=torch.from_numpy(encoder_tokens),
        encoder_documents=torch.from_numpy(encoder_documents),
        decoder_tokens=torch.from_numpy(decoder_tokens),
        decoder_documents=torch.from_numpy(decoder_documents),
        labels=torch.from_numpy(labels),
        target_tokens=torch.tensor(int((labels != IGNORE).sum())),
        groups=torch.from_numpy(label_groups),
        scores=torch.zeros(()) if token_scores is None else torch.from_numpy(scores),
    )
