"""The held-out documents that the contenders of the workload `score` read."""

from typing import Any

import numpy as np

from lmstudy.data.batches.windows import Windows
from lmstudy.data.corpus import prepare
from lmstudy.data.examples import Ints
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import token_bytes
from lmstudy.errors import StudyError


class HeldOut:
    """The first `documents` documents of "valid", in the order in which training evaluates them.

    Attributes:
        store: the whole split.
        index: numbers of the documents chosen.
        token_bytes: [V] bytes of text each vocabulary entry stands for.

    Raises:
        StudyError: the split holds fewer documents.
    """

    def __init__(self, data: dict[str, Any], documents: int) -> None:
        corpus = prepare(data)
        if "valid" not in corpus.splits or len(corpus.splits["valid"]) < documents:
            held = len(corpus.splits["valid"]) if "valid" in corpus.splits else 0
            raise StudyError(f"workload.documents={documents}: the split valid of this corpus holds {held}")
        self.fingerprint = corpus.fingerprint
        self.token_bytes = token_bytes(corpus.tokenizer)
        self.store = TokenStore(corpus.splits["valid"])
        self.index: Ints = np.argsort(self.store.groups(2**31), kind="stable")[:documents]

    def windows(self, encoder_length: int, decoder_length: int) -> list[tuple[Ints, Ints]]:
        """What is read and what is written: a pair for each document that fits the decoder, more for a longer one."""
        task = Windows()
        plan = task.plan(self.store, self.index, encoder_length, decoder_length, np.random.default_rng(0))
        examples = (type(plan)(*fields) for fields in zip(*plan, strict=True))
        return [task.build(self.store, example) for example in examples]
