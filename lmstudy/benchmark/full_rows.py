"""Batches of real tokens whose rows have no padding: every position counts, for every contender.

Made in the main process: the contenders' own import neither the corpus nor Lightning, which would count as theirs.
"""

from itertools import islice

import numpy as np

from lmstudy.benchmark.contenders.batches import Arrays
from lmstudy.data.batch import Seq2SeqBatch, Shape
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.data.examples import Ints, PrefixLM
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import BOS


def packed_batches(store: TokenStore, shape: Shape, count: int, seed: int = 0) -> list[Arrays]:
    """Batches as in training: documents cut into prefix and continuation, several to a row.

    What packing leaves empty (about a hundredth of the decoder's side, more of the encoder's) is given to the
    row's last example, with further tokens of the corpus.
    """
    stream = token_stream(store, seed)
    batches = islice(iter(TrainingBatches([Phase(0, store)], PrefixLM(), shape, seed)), count)
    return [_filled(batch, stream) for batch in batches]


def whole_batches(store: TokenStore, shape: Shape, count: int, seed: int = 0) -> list[Arrays]:
    """Batches of one full-length example a row: running text, a prefix to read and its continuation to write."""
    stream = token_stream(store, seed)
    read, written = shape.encoder_length - 1, shape.decoder_length
    text = np.resize(stream, (count, shape.rows, read + written))
    start = np.full((count, shape.rows, 1), BOS)
    encoder = np.concatenate([start, text[..., :read]], axis=-1)
    labels = np.ascontiguousarray(text[..., read:])
    decoder = np.concatenate([start, labels[..., :-1]], axis=-1)
    return [_arrays(encoder[i], np.ones_like(encoder[i]), decoder[i], np.ones_like(decoder[i]), labels[i])
            for i in range(count)]  # fmt: skip


def token_stream(store: TokenStore, seed: int, documents: int = 2048) -> Ints:
    """Token ids of up to so many documents, in a random order, end to end."""
    order = np.random.default_rng(seed).permutation(len(store))[:documents]
    return store.flat(order)[0]


def _filled(batch: Seq2SeqBatch, stream: Ints) -> Arrays:
    encoder, encoder_documents, decoder, decoder_documents, labels = (
        field.numpy().copy() for field in (batch.encoder_tokens, batch.encoder_documents, batch.decoder_tokens,
                                           batch.decoder_documents, batch.labels)
    )  # fmt: skip
    last = encoder_documents.max(axis=1, keepdims=True)
    free = encoder_documents == 0
    encoder[free] = np.resize(stream, int(free.sum()))
    free = decoder_documents == 0
    labels[free] = np.resize(stream[::-1], int(free.sum()))
    shifted = np.roll(labels, 1, axis=1)
    decoder[free] = shifted[free]  # no row is empty, so nothing comes round from its end
    return _arrays(
        encoder,
        np.where(encoder_documents == 0, last, encoder_documents),
        decoder,
        np.where(free, last, decoder_documents),
        labels,
    )


def _arrays(encoder: Ints, encoder_documents: Ints, decoder: Ints, decoder_documents: Ints, labels: Ints) -> Arrays:
    count = np.array(labels.size)
    return encoder, encoder_documents, decoder, decoder_documents, labels, count, np.zeros_like(labels)
