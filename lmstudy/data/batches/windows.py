"""Whole documents as windows, so that likelihood is measured on every byte of a document of any length.

A document that fits the decoder is one window behind an empty prefix: p(document) as any language model
gives it. A longer one is cut at segment boundaries; the encoder reads the end of what came before. The bits
of the windows add up to the bits of the document, by the chain rule.
"""

import numpy as np

from lmstudy.data.examples import Documents, Ints, Plan, Rng, drawn_already
from lmstudy.data.tokenizer import BOS, EOS


class Windows:
    """The pretraining (see `lmstudy.data.examples`) that scores documents from their first byte to their end token."""

    shifted = True

    def plan(self, documents: Documents, index: Ints, encoder_length: int, decoder_length: int, rng: Rng) -> Plan:
        document, cut, encoder, decoder = [], [], [], []
        for i in index.tolist():
            length, at = int(documents.lengths(np.array([i]))[0]), 0
            starts = documents.starts(i) if length + 1 > decoder_length else np.zeros(0, dtype=np.int64)
            while at <= length:
                stop = length + 1  # with the end token
                if stop - at > decoder_length:
                    stop = at + decoder_length
                    boundary = starts[(starts > at) & (starts <= stop)]
                    stop = int(boundary[-1]) if len(boundary) else stop
                document.append(i)
                cut.append(at)
                encoder.append(min(at + 1, encoder_length))
                decoder.append(stop - at)
                at = stop
        return drawn_already(*(np.array(values, dtype=np.int64) for values in (document, cut, encoder, decoder)))

    def build(self, documents: Documents, example: Plan) -> tuple[Ints, Ints]:
        tokens, cut, read = documents.tokens(int(example.document)), int(example.cut), int(example.encoder_length) - 1
        target = np.concatenate([tokens, [EOS]])[cut : cut + int(example.decoder_length)]
        return np.concatenate([[BOS], tokens[cut - read : cut]]), target


def continuations(documents: Documents, index: Ints, read: int, written: int) -> tuple[Ints, Ints]:
    """Those of some documents that can be cut with `read` tokens before and `written` behind, and where they are cut.

    The cut is the first segment boundary that leaves room on both sides: a place where training cuts, too.
    """
    kept, cuts = [], []
    for i in index[documents.lengths(index) >= read + written].tolist():
        starts = documents.starts(i)
        at = starts[np.searchsorted(starts, read) :][:1]
        if len(at) and at[0] + written <= documents.lengths(np.array([i]))[0]:
            kept.append(i)
            cuts.append(int(at[0]))
    return np.array(kept, dtype=np.int64), np.array(cuts, dtype=np.int64)
