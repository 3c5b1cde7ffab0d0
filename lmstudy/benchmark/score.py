"""Workload `score`: documents a second whose held-out likelihood is measured, against other libraries."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import PositiveInt

from lmstudy.benchmark import ratios
from lmstudy.benchmark.contest import Entry, comparable
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.benchmark.settings import Network, Rows
from lmstudy.data.batches.windows import Windows
from lmstudy.data.corpus import prepare
from lmstudy.data.examples import Ints
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import token_bytes
from lmstudy.errors import StudyError

MEASURE, UNIT = "documents_per_second", "documents/s"
OURS = "lmstudy.benchmark.contenders.score_ours.Scoring"


@dataclass(frozen=True)
class Score(Network, Rows):
    """Bits per byte of the same held-out documents: packed windows here, a padded row for each document elsewhere.

    Args:
        documents: of the split "valid", the first ones that training evaluates.
        rows, encoder_length, decoder_length, prefix_length: of a packed batch; longer documents are cut into windows
            of at most `decoder_length` behind `prefix_length` tokens, for every contender.
        padded_rows: documents in a batch of the others, sorted by length.
    """

    name: ClassVar[str] = "score"

    documents: PositiveInt
    padded_rows: PositiveInt

    def run(self, bench: Bench) -> Result:
        """Ratios of documents a second. The check makes sure that all contenders predict equally many tokens."""
        held_out = HeldOut(bench.data, self.documents)  # a mistake shows here, and the workers find the corpus prepared
        given = {"data": bench.data, "documents": self.documents, "shape": self.shape, "rows": self.padded_rows}
        given |= self.sizes
        entries = [Entry("lmstudy", OURS, given), *bench.peer_entries(self.name, given)]
        contest = bench.hold(entries, check=comparable)
        lines = ratios.compared(contest, [("lmstudy", peer.name) for peer in bench.peers], MEASURE, UNIT)
        for name, account in contest.accounts.items():
            lines.append(ratios.rate(contest, name, MEASURE, UNIT))
            lines += ratios.memory(contest, name)
            bits = account.facts["bits_per_byte"]
            lines.append(Line("bits_per_byte_of_fresh_weights", "bits/byte", contender=name, value=bits))
        return ratios.result(contest, lines, MEASURE, held_out.fingerprint)


class HeldOut:
    """The held-out documents that the contenders read: the first `documents` documents of "valid", in
    the order in which training evaluates them.

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
