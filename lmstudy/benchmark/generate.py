"""Workload `generate`: tokens a second of batched sampling, here and with transformers."""

from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
import torch
from pydantic import Field, PositiveInt

from lmstudy.benchmark import ratios
from lmstudy.benchmark.contest import Contest, Entry, comparable
from lmstudy.benchmark.result import Bench, Result
from lmstudy.benchmark.settings import Network
from lmstudy.data.tokenizer import BOS, EOS, PAD, SPECIAL_TOKENS
from lmstudy.errors import StudyError
from lmstudy.models.generation import Sampling, generate, pad_prompts
from lmstudy.models.hf_t5 import t5
from lmstudy.models.transformer import Seq2SeqTransformer

Share = Annotated[float, Field(gt=0, le=1)]
UNIT = "tokens/s"
OURS = f"{__name__}.Ours"


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

    sequences: Annotated[list[PositiveInt], Field(min_length=1)]
    top_p: Share
    nucleus_sequences: list[PositiveInt]
    nucleus_top_p: Share
    tokens: PositiveInt
    prompt_tokens: PositiveInt
    most_rounds: PositiveInt
    vocab_size: Annotated[int, Field(gt=len(SPECIAL_TOKENS))]

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
        contest = replace(bench, rounds=rounds).hold(entries, check=comparable)
        return result(contest, case, [peer.name for peer in bench.peers])


def result(contest: Contest, case: str, peers: list[str]) -> Result:
    """What one contest found; measures and curves carry the name of the case."""
    measure = f"tokens_per_second_{case}"
    lines = ratios.compared(contest, [("lmstudy", peer) for peer in peers], measure, UNIT)
    for name in contest.accounts:
        lines += [ratios.rate(contest, name, measure, UNIT), *ratios.memory(contest, name)]
    lines = [line if line.measure == measure else replace(line, measure=f"{line.measure}_{case}") for line in lines]
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


class _Writer:
    """A contender with fresh weights. A block writes `tokens` tokens behind every prompt, and counts them."""

    def __init__(self, model: torch.nn.Module, prompts: list[list[int]], tokens: int) -> None:
        self.facts: dict[str, Any] = {
            "parameters": sum(p.numel() for p in model.parameters()),
            "shape": [len(prompts), max(map(len, prompts)), tokens],
        }


class Ours(_Writer):
    """`lmstudy.models.generation.generate`. The end token is banned, so that all sequences have their full length."""

    def __init__(self, prompts: list[list[int]], tokens: int, top_p: float, vocab_size: int, **sizes: Any) -> None:
        torch.manual_seed(0)
        positions = max(tokens, 1 + max(map(len, prompts)))
        self.model = Seq2SeqTransformer(vocab_size, positions, **sizes).eval()
        self.prompts = prompts
        self.sampling = Sampling(top_p=top_p, banned=(PAD, BOS, EOS), max_tokens=tokens)
        super().__init__(self.model, prompts, tokens)

    def block(self) -> float:
        written = sum(map(len, generate(self.model, self.prompts, self.sampling)))
        expected = len(self.prompts) * self.sampling.max_tokens
        if written != expected:
            raise StudyError(f"{written} tokens were written instead of {expected}")
        return written


class T5(_Writer):
    """`generate` of transformers' T5, with its key-value cache; `min_new_tokens` bars the end."""

    def __init__(self, prompts: list[list[int]], tokens: int, top_p: float, vocab_size: int, **sizes: Any) -> None:
        torch.manual_seed(0)
        self.model = t5(vocab_size, **sizes).eval()
        self.prompts, self.mask = pad_prompts(prompts, torch.device("cpu"))
        self.tokens, self.top_p = tokens, top_p
        super().__init__(self.model, prompts, tokens)

    def block(self) -> float:
        written = self.model.generate(
            self.prompts,
            attention_mask=self.mask,
            do_sample=True,
            temperature=1.0,
            top_k=0,
            top_p=self.top_p,
            min_new_tokens=self.tokens,
            max_new_tokens=self.tokens,
            use_cache=True,
            decoder_start_token_id=BOS,
        )
        rows, length = written.shape
        if length != self.tokens + 1:  # behind the start token
            raise StudyError(f"{length - 1} tokens a sequence were written instead of {self.tokens}")
        return float(rows * self.tokens)
