"""Workload `generate`: tokens a second of batched sampling, against other libraries."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from lmstudy.benchmark import ratios
from lmstudy.benchmark.contest import Contest, Entry, hold
from lmstudy.benchmark.network import Network
from lmstudy.benchmark.result import Bench, Line, Result
from lmstudy.benchmark.train import comparable
from lmstudy.data.tokenizer import SPECIAL_TOKENS
from lmstudy.errors import StudyError

UNIT = "tokens/s"
OURS = "lmstudy.benchmark.contenders.generate_ours.Generation"


@dataclass(frozen=True)
class Generate(Network):
    """Sampling at temperature 1 from fresh weights; every sequence gets its full length, whoever writes it.

    Args:
        sequences: how many are written at once, a contest for each; the first is the main measure.
        top_p: of these contests; 1 keeps all tokens.
        nucleus_sequences: the same with `nucleus_top_p`, which costs a sort a token; may be empty.
        nucleus_top_p: below 1.
        tokens: written behind every prompt.
        prompt_tokens: length of a prompt, the same ones for every contender.
        most_rounds: of a contest, where `rounds` asks for more: these blocks are long.
        vocab_size: of the network.
    """

    name: ClassVar[str] = "generate"

    sequences: list[int]
    top_p: float
    nucleus_sequences: list[int]
    nucleus_top_p: float
    tokens: int
    prompt_tokens: int
    most_rounds: int
    vocab_size: int

    def __post_init__(self) -> None:
        if not self.sequences or min(*self.sequences, *self.nucleus_sequences, self.tokens) < 1:
            raise StudyError(
                f"workload.sequences={self.sequences}, workload.nucleus_sequences={self.nucleus_sequences} and "
                f"workload.tokens={self.tokens} must be at least 1, and workload.sequences must name a number"
            )
        for key in ("top_p", "nucleus_top_p"):
            if not 0 < getattr(self, key) <= 1:
                raise StudyError(f"workload.{key}={getattr(self, key)} must be above 0 and at most 1")
        for key in ("prompt_tokens", "most_rounds"):
            if getattr(self, key) < 1:
                raise StudyError(f"workload.{key}={getattr(self, key)} must be at least 1")
        if self.vocab_size <= len(SPECIAL_TOKENS):
            raise StudyError(f"workload.vocab_size={self.vocab_size} must be above {len(SPECIAL_TOKENS)}")

    def run(self, bench: Bench) -> Result:
        """A contest a case; lines by peer, the main case first."""
        if bench.rounds > self.most_rounds:
            bench.tell(f"{self.most_rounds} rounds a case (workload.most_rounds)")
        cases = [(count, self.top_p) for count in self.sequences]
        cases += [(count, self.nucleus_top_p) for count in self.nucleus_sequences]
        return merged([self._case(bench, *case) for case in cases], [peer.name for peer in bench.peers])

    def _case(self, bench: Bench, sequences: int, top_p: float) -> Result:
        case = f"{sequences}_sequences" + (f"_top_p_{top_p:g}" if top_p < 1 else "")
        bench.tell(f"generate {case}: {self.tokens} tokens each")
        draw = np.random.default_rng(0)
        prompts = draw.integers(len(SPECIAL_TOKENS), self.vocab_size, (sequences, self.prompt_tokens)).tolist()
        given: dict[str, Any] = {"prompts": prompts, "tokens": self.tokens, "top_p": top_p}
        given |= {"vocab_size": self.vocab_size, **self.sizes}
        entries = [Entry("lmstudy", OURS, given), *bench.peer_entries(self.name, given)]
        rounds = min(bench.rounds, self.most_rounds)
        contest = hold(entries, rounds=rounds, threads=bench.threads, seconds=bench.seconds, check=comparable)
        return result(contest, case, [peer.name for peer in bench.peers])


def result(contest: Contest, case: str, peers: list[str]) -> Result:
    """What one contest found; measures and curves carry the name of the case."""
    measure = f"tokens_per_second_{case}"
    lines = [ratios.rate_ratio(contest, "lmstudy", peer, measure, UNIT) for peer in peers]
    lines += [_of_case(ratios.memory_ratio(contest, "lmstudy", peer), case) for peer in peers]
    for name in contest.accounts:
        lines.append(ratios.rate(contest, name, measure, UNIT))
        lines += [_of_case(line, case) for line in ratios.memory(contest, name)]
    found = ratios.result(contest, lines, measure)
    found.curves[f"machine/flops_per_second_{case}"] = found.curves.pop("machine/flops_per_second")
    found.metrics = {(f"{key}_{case}" if key.startswith("machine/") else key): v for key, v in found.metrics.items()}
    found.samples = [{"case": case, "contest": found.samples}]
    found.notes = [f"{case}: {note}" for note in found.notes]
    return found


def merged(results: list[Result], peers: list[str]) -> Result:
    """All cases as one: ratios by peer, then what each contender did on its own."""
    lines = [line for found in results for line in found.lines]
    order = {name: number for number, name in enumerate([*peers, None])}
    return Result(
        lines=sorted(lines, key=lambda line: order[line.peer]),
        metrics={key: value for found in results for key, value in found.metrics.items()},
        curves={key: value for found in results for key, value in found.curves.items()},
        samples=[sample for found in results for sample in found.samples],
        notes=[note for found in results for note in found.notes],
    )


def _of_case(line: Line, case: str) -> Line:
    return Line(**{**vars(line), "measure": f"{line.measure}_{case}"})
