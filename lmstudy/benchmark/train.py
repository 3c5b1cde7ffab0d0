"""The workload `train`: tokens a second of plain training, on the same batches, against other libraries."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from lmstudy.benchmark import ratios
from lmstudy.benchmark.contest import Contest, Entry
from lmstudy.benchmark.machine import Machine
from lmstudy.benchmark.network import Network
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.errors import StudyError
from lmstudy.models.flops import Sizes, training_flops

MEASURE, UNIT = "tokens_per_second", "tokens/s"
OURS = "lmstudy.benchmark.contenders.ours.Training"
TOLERANCE = 0.02
"""Largest difference of two contenders' numbers of parameters, as a share."""


@dataclass(frozen=True)
class Train(Network):
    """Training steps on rows without padding.

    Args:
        documents: "packed", several examples a row behind block masks; "whole", one that fills its row.
        rows, encoder_length, decoder_length, prefix_length: shape of a batch (see `lmstudy.data.batch.Shape`).
        batches: different batches that every contender goes through again and again.
    """

    name: ClassVar[str] = "train"

    documents: Literal["packed", "whole"]
    rows: int
    encoder_length: int
    decoder_length: int
    prefix_length: int
    batches: int

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if isinstance(value, int) and value < 1:
                raise StudyError(f"workload.{name}={value} must be at least 1")

    def run(self, bench: Bench) -> Result:
        """Compiled (where a compiler is found) and plain training here against every peer's."""
        vocab_size, batches, fingerprint = self._data(bench.data)
        given = {"batches": batches, "documents": self.documents, "vocab_size": vocab_size, **self.sizes}
        ours = self._own(bench)
        entries = [Entry(name, OURS, {**given, "compiled": compiled}) for name, compiled in ours.items()]
        entries += bench.peer_entries(self.name, given)
        contest = bench.hold(entries, check=comparable)
        lines = []
        for peer in bench.peers:
            faced = list(ours)[:1] if peer.compiler else list(ours)
            lines += [ratios.rate_ratio(contest, name, peer.name, MEASURE, UNIT) for name in faced]
            lines += [ratios.memory_ratio(contest, name, peer.name) for name in faced]
        work = training_flops(
            Sizes(vocab_size, self.d_model, self.d_ff, self.encoder_layers, self.decoder_layers),
            self.rows, self.encoder_length, self.decoder_length,
        )  # fmt: skip
        per_token = work / (self.rows * (self.encoder_length + self.decoder_length))
        for name in contest.accounts:
            lines += [ratios.rate(contest, name, MEASURE, UNIT), utilisation(contest, name, per_token)]
            lines += ratios.memory(contest, name)
        return ratios.result(contest, lines, MEASURE, fingerprint)

    def _data(self, data: Mapping[str, Any]) -> tuple[int, list[Any], str]:
        from lmstudy.benchmark.full_rows import packed_batches, whole_batches
        from lmstudy.data.batch import Shape
        from lmstudy.data.corpus import prepare
        from lmstudy.data.store import TokenStore

        corpus = prepare(data)
        if "train" not in corpus.splits:
            raise StudyError("the training split has no document: check data.cleaning and data.path")
        shape = Shape(self.rows, self.encoder_length, self.decoder_length, self.prefix_length)
        make = packed_batches if self.documents == "packed" else whole_batches
        batches = make(TokenStore(corpus.splits["train"]), shape, self.batches)
        return corpus.tokenizer.get_vocab_size(), batches, corpus.fingerprint

    def _own(self, bench: Bench) -> dict[str, bool]:
        """This package's contenders, and whether each is compiled."""
        from lmstudy.training.compilation import compilation_problem

        problem = compilation_problem()
        if problem:
            bench.tell(f"lmstudy is left out, lmstudy_eager stands for it: {problem}")
            return {"lmstudy_eager": False}
        return {"lmstudy": True, "lmstudy_eager": False}


def comparable(facts: Mapping[str, Mapping[str, Any]]) -> None:
    """Raises StudyError unless all contenders have equal shapes, and numbers of parameters within 2 %."""
    (first, ours), *others = facts.items()
    for name, theirs in others:
        if theirs["shape"] != ours["shape"]:
            raise StudyError(f"not comparable: batches of {first} are {ours['shape']}, of {name} {theirs['shape']}")
        a, b = ours["parameters"], theirs["parameters"]
        if abs(a - b) > TOLERANCE * a:
            raise StudyError(
                f"not comparable: {first} has {a:,} parameters and {name} {b:,}; they may differ by {TOLERANCE:.0%}"
            )


def utilisation(contest: Contest, name: str, flops_per_token: float) -> Line:
    """Model FLOPs a second as a share of the matrix product's median rate in the same run.

    For every contender the FLOPs are those of this package's network, which the others equal in size.
    """
    found = ratios.median_interval(contest.accounts[name].rates() * flops_per_token)
    machine = Machine.of(contest.machine)
    value, low, high = (x / machine.median for x in (found.value, found.low, found.high))
    return Line(
        measure="utilisation",
        unit="of a matrix product",
        contender=name,
        value=value,
        low=low,
        high=high,
        rounds=found.n,
        better="higher",
        conclusive=ratios.conclusive(found, machine),
    )
