"""The workload `train`: tokens a second of plain training, on the same batches, against other libraries.

Rows hold real tokens and no padding: every position counts, for every contender. They are made in the main process:
the contenders' own import neither the corpus nor Lightning, which would count as theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar, Literal

import numpy as np
from pydantic import PositiveInt

from lmstudy.benchmark import ratios
from lmstudy.benchmark.contenders.training import Arrays
from lmstudy.benchmark.contest import Contest, Entry, comparable
from lmstudy.benchmark.machine import Machine
from lmstudy.benchmark.result import Bench, Result
from lmstudy.benchmark.settings import Network, Rows
from lmstudy.data.batch import Seq2SeqBatch, Shape
from lmstudy.data.corpus import Corpus, prepare
from lmstudy.data.datamodule import Phase, TrainingBatches
from lmstudy.data.examples import Ints, PrefixLM
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from lmstudy.evaluation.rounds import over_rounds
from lmstudy.models.flops import Sizes, training_flops
from lmstudy.training import compilation
from lmstudy.training.precision import FULL, HALF, emulated

MEASURE, UNIT = "tokens_per_second", "tokens/s"
OURS = "lmstudy.benchmark.contenders.ours.Training"
IN_HALF = "_bf16"
"""At the end of a contender's name: its products are bfloat16."""


@dataclass(frozen=True)
class Train(Network, Rows):
    """Training steps on rows without padding.

    Args:
        documents: "packed", several examples a row behind block masks; "whole", one that fills its row.
        batches: different batches that every contender goes through again and again.
        precisions: of the products. float32 is everyone's; where bfloat16 is named, too, and this machine's products
            are not emulated, those who compile also work in it, and the best forms are compared.
    """

    name: ClassVar[str] = "train"

    documents: Literal["packed", "whole"]
    batches: PositiveInt
    precisions: list[Literal["32-true", "bf16-mixed"]]

    def __post_init__(self) -> None:
        if FULL not in self.precisions:
            raise StudyError(f"workload.precisions={self.precisions} must hold {FULL}, which every contender can do")

    def run(self, bench: Bench) -> Result:
        """Compiled (where a compiler is found) and plain training here against every peer's."""
        corpus = prepare(bench.data)
        vocab_size = corpus.tokenizer.get_vocab_size()
        make = packed_batches if self.documents == "packed" else whole_batches
        batches = make(training_store(corpus), Shape(**self.shape), self.batches)
        given = {"batches": batches, "documents": self.documents, "vocab_size": vocab_size, **self.sizes}
        ours = self._own(bench)
        entries = [Entry(name, OURS, {**given, "compiled": compiled}) for name, compiled in ours.items()]
        entries += bench.peer_entries(self.name, given)
        entries += self._halves(bench, entries)
        contest = bench.hold(entries, check=comparable)
        lines, faced = [], []
        for peer in bench.peers:
            pairs = [(name, peer.name) for name in (list(ours)[:1] if peer.compiler else ours)]
            lines += ratios.compared(contest, pairs, MEASURE, UNIT)
            faced += pairs
        fastest = [pair for pair in self._best(contest, [peer.name for peer in bench.peers]) if pair not in faced]
        lines += ratios.compared(contest, fastest, MEASURE, UNIT)
        per_token = self._flops_per_token(vocab_size)
        best = Machine.of(contest.machine).median
        for name, account in contest.accounts.items():
            # The FLOPs are those of this package's network, which the others equal in size.
            share = over_rounds(account.rates() * per_token / best)
            lines += [
                ratios.rate(contest, name, MEASURE, UNIT),
                ratios.line(contest, "utilisation", "of a matrix product", share, contender=name),
                *ratios.memory(contest, name),
            ]
        return ratios.result(contest, lines, MEASURE, corpus.fingerprint)

    def _halves(self, bench: Bench, entries: Sequence[Entry]) -> list[Entry]:
        """The contenders that compile once more, in bfloat16."""
        if HALF not in self.precisions:
            return []
        if emulated(HALF, "cpu"):
            bench.tell("nobody works in bfloat16: this processor would emulate it")
            return []
        compiled = {peer.name for peer in bench.peers if peer.compiler} | {"lmstudy"}
        return in_half([entry for entry in entries if entry.name in compiled])

    def _best(self, contest: Contest, peers: Sequence[str]) -> list[tuple[str, str]]:
        """The fastest form of this package beside the fastest of each peer that also works in bfloat16."""
        rates = {name: float(np.median(account.rates())) for name, account in contest.accounts.items()}
        ours = max((name for name in rates if name.startswith("lmstudy")), key=rates.__getitem__)
        both = [peer for peer in peers if peer + IN_HALF in rates]
        return [(ours, max((peer, peer + IN_HALF), key=rates.__getitem__)) for peer in both]

    def _flops_per_token(self, vocab_size: int) -> float:
        sizes = Sizes(vocab_size, self.d_model, self.d_ff, self.encoder_layers, self.decoder_layers)
        step = training_flops(sizes, self.rows, self.encoder_length, self.decoder_length)
        return step / (self.rows * (self.encoder_length + self.decoder_length))

    def _own(self, bench: Bench) -> dict[str, bool]:
        """This package's contenders, and whether each is compiled."""
        problem = compilation.compilation_problem()
        if problem:
            bench.tell(f"lmstudy is left out, lmstudy_eager stands for it: {problem}")
            return {"lmstudy_eager": False}
        return {"lmstudy": True, "lmstudy_eager": False}


def in_half(entries: Sequence[Entry]) -> list[Entry]:
    """The same contenders with products in bfloat16."""
    return [Entry(f"{entry.name}{IN_HALF}", entry.factory, {**entry.settings, "half": True}) for entry in entries]


def training_store(corpus: Corpus) -> TokenStore:
    """The training split. Raises StudyError when it is empty."""
    if "train" not in corpus.splits:
        raise StudyError("the training split has no document: check data.cleaning and data.path")
    return TokenStore(corpus.splits["train"])


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
