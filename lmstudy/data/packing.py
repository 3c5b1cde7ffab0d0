"""Packing: many short examples into few rows of fixed shape, so that no step computes on padding.

Planning looks at lengths alone: no token is read until a batch is built. Rows differ in how many examples
they hold and what lengths; their order is shuffled, so that no step sees one length only.
"""

from collections.abc import Iterator

import numpy as np
import torch

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.data.examples import Documents, Plan, Task
from lmstudy.data.tokenizer import BOS, PAD


def pack(plan: Plan, encoder_length: int, decoder_length: int) -> list[list[int]]:
    """Rows of example numbers, each row within both lengths: best fit, longest decoder side first."""
    rows: list[list[int]] = []
    encoder_room: list[int] = []
    by_room: list[list[int]] = [[] for _ in range(decoder_length + 1)]  # rows by the decoder room they have left
    encoder_lengths, decoder_lengths = plan.encoder_length.tolist(), plan.decoder_length.tolist()
    for example in np.argsort(-plan.decoder_length, kind="stable").tolist():
        encoder, decoder = encoder_lengths[example], decoder_lengths[example]
        for room in range(decoder, decoder_length + 1):
            if by_room[room] and encoder_room[by_room[room][-1]] >= encoder:
                row = by_room[room].pop()
                break
        else:
            room, row = decoder_length, len(rows)
            rows.append([])
            encoder_room.append(encoder_length)
        rows[row].append(example)
        encoder_room[row] -= encoder
        by_room[room - decoder].append(row)
    return rows


def at(plan: Plan, index: int | list[int] | np.ndarray) -> Plan:
    """The example (or examples) of a plan at an index."""
    return Plan(*(field[index] for field in plan))


def planned_rows(
    documents: Documents, task: Task, encoder_length: int, decoder_length: int, seed: int, block: int = 8192
) -> Iterator[tuple[Plan, list[int]]]:
    """Endless rows in the order of training, a function of the seed alone.

    Every epoch is a new permutation of the documents, taken in blocks; rows are shuffled within a block.
    """
    epoch = 0
    while True:
        rng = np.random.default_rng([seed, epoch])
        order = rng.permutation(len(documents))
        for start in range(0, len(order), block):
            plan = task.plan(documents, order[start : start + block], encoder_length, decoder_length, rng)
            rows = pack(plan, encoder_length, decoder_length)
            for row in rng.permutation(len(rows)):
                yield plan, rows[row]
        epoch += 1


def build_batch(
    documents: Documents,
    task: Task,
    rows: list[tuple[Plan, list[int]]],
    encoder_length: int,
    decoder_length: int,
    groups: np.ndarray | None = None,
) -> Seq2SeqBatch:
    """Token ids of the planned rows; `groups` gives each document's evaluation group."""
    count = len(rows)
    encoder_tokens = np.full((count, encoder_length), PAD, dtype=np.int64)
    encoder_documents = np.zeros((count, encoder_length), dtype=np.int64)
    decoder_tokens = np.full((count, decoder_length), PAD, dtype=np.int64)
    decoder_documents = np.zeros((count, decoder_length), dtype=np.int64)
    labels = np.full((count, decoder_length), IGNORE, dtype=np.int64)
    label_groups = np.zeros((count, decoder_length), dtype=np.int64)
    for r, (plan, examples) in enumerate(rows):
        e = d = 0
        for number, i in enumerate(examples, start=1):
            example = at(plan, i)
            source, target = task.build(documents, example)
            encoder, decoder = slice(e, e + len(source)), slice(d, d + len(target))
            encoder_tokens[r, encoder], encoder_documents[r, encoder] = source, number
            labels[r, decoder], decoder_documents[r, decoder] = target, number
            decoder_tokens[r, d], decoder_tokens[r, d + 1 : d + len(target)] = BOS, target[:-1]
            if groups is not None:
                label_groups[r, decoder] = groups[int(example.document)]
            e, d = encoder.stop, decoder.stop
    return Seq2SeqBatch(
        encoder_tokens=torch.from_numpy(encoder_tokens),
        encoder_documents=torch.from_numpy(encoder_documents),
        decoder_tokens=torch.from_numpy(decoder_tokens),
        decoder_documents=torch.from_numpy(decoder_documents),
        labels=torch.from_numpy(labels),
        target_tokens=torch.tensor(int((labels != IGNORE).sum())),
        groups=torch.from_numpy(label_groups),
    )
