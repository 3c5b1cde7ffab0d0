"""Workload `score`: documents a second whose held-out likelihood is measured, against other libraries."""

from dataclasses import asdict, dataclass
from typing import ClassVar

from lmstudy.benchmark import ratios
from lmstudy.benchmark.contest import Entry
from lmstudy.benchmark.network import Network
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.benchmark.train import comparable
from lmstudy.errors import StudyError

MEASURE, UNIT = "documents_per_second", "documents/s"
OURS = "lmstudy.benchmark.contenders.score_ours.Scoring"


@dataclass(frozen=True)
class Score(Network):
    """Bits per byte of the same held-out documents: packed windows here, a padded row for each document elsewhere.

    Args:
        documents: of the split "valid", the first ones that training evaluates.
        rows, encoder_length, decoder_length, prefix_length: shape of a packed batch; longer documents are cut into
            windows of at most `decoder_length` behind `prefix_length` tokens, for every contender.
        padded_rows: documents in a batch of the others, sorted by length.
    """

    name: ClassVar[str] = "score"

    documents: int
    rows: int
    encoder_length: int
    decoder_length: int
    prefix_length: int
    padded_rows: int

    def __post_init__(self) -> None:
        for key, value in asdict(self).items():
            if value < 1:
                raise StudyError(f"workload.{key}={value} must be at least 1")

    def run(self, bench: Bench) -> Result:
        """Ratios of documents a second. The check makes sure that all contenders predict equally many tokens."""
        from lmstudy.benchmark.held_out import HeldOut

        shape = {key: getattr(self, key) for key in ("rows", "encoder_length", "decoder_length", "prefix_length")}
        held_out = HeldOut(bench.data, self.documents)  # a mistake shows here, and the workers find the corpus prepared
        given = {"data": bench.data, "documents": self.documents, "shape": shape, "rows": self.padded_rows}
        given |= self.sizes
        entries = [Entry("lmstudy", OURS, given), *bench.peer_entries(self.name, given)]
        contest = bench.hold(entries, check=comparable)
        lines = [ratios.rate_ratio(contest, "lmstudy", peer.name, MEASURE, UNIT) for peer in bench.peers]
        lines += [ratios.memory_ratio(contest, "lmstudy", peer.name) for peer in bench.peers]
        for name, account in contest.accounts.items():
            lines.append(ratios.rate(contest, name, MEASURE, UNIT))
            lines += ratios.memory(contest, name)
            bits = account.facts["bits_per_byte"]
            lines.append(Line("bits_per_byte_of_fresh_weights", "bits/byte", contender=name, value=bits))
        return ratios.result(contest, lines, MEASURE, held_out.fingerprint)
