"""Beam search with a length penalty, batched, with the model's cache (Wu et al. 2016, arXiv 1609.08144, section 7).

At every step each of the K beams of a prompt is continued by every token, and the K most probable continuations go on.
One that ends is put aside, if it is among the K best. A prompt is done when K of its sequences have ended. Of these
the one with the largest

    log p(y | x) / |y|^a

is written, where |y| counts the end token; a = 0 compares log-probabilities, which favours short sequences, and a = 1
their mean over tokens. With K = 1 this is greedy decoding.

Tokens that an output must keep, such as those that stand for placeholders, are written as often as is asked: none of
them more often, and the end only once all are there.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from lmstudy.data.tokenizer import BOS, EOS, PAD
from lmstudy.errors import StudyError
from lmstudy.models.generation import pad_prompts
from lmstudy.models.network import Writer


@dataclass(frozen=True)
class Beam:
    """How far a search looks.

    Attributes:
        size: K, sequences that go on side by side.
        length_penalty: a, 0 or more.
        banned: tokens that are never written.
        max_tokens: longest output; what has not ended there is cut.
        no_repeat: no run of so many tokens is written twice (Paulus et al. 2018, section 2.5); 0: they may be.
    """

    size: int = 4
    length_penalty: float = 1.0
    banned: tuple[int, ...] = (PAD, BOS)
    max_tokens: int = 128
    no_repeat: int = 0


_Ended = list[tuple[float, list[int]]]
"""Sequences of a prompt that have ended: score and tokens of each."""


@torch.inference_mode()
def beam_search(
    model: Writer, prompts: Sequence[Sequence[int]], beam: Beam, kept: Sequence[Sequence[int]] | None = None
) -> list[list[int]]:
    """The best sequence found for each prompt, without its end token.

    Args:
        model: a model with `start` and `step`; in evaluation mode.
        prompts: token ids that the encoder reads, without a start token.
        beam: see `Beam`.
        kept: tokens that each output holds, as often as they stand here (if `max_tokens` has room for them); they
            stand in no other output.
    """
    if not prompts:
        return []
    if model.training:
        raise StudyError("the model is in training mode: call model.eval() before a beam search")
    device = next(model.parameters()).device
    size = beam.size
    cache = model.start(*pad_prompts(prompts, device), length=beam.max_tokens)
    ended: list[_Ended] = [[] for _ in prompts]
    going = torch.arange(len(prompts), device=device)  # prompts that are not done, P of them
    cache.keep(going.repeat_interleave(size))
    scores_PK = torch.full((len(prompts), size), float("-inf"), device=device)
    scores_PK[:, 0] = 0.0  # at first all beams are alike: one of them counts
    token = torch.full((len(prompts) * size,), BOS, device=device)
    written_PKT = torch.empty((len(prompts), size, 0), dtype=torch.int64, device=device)
    banned = torch.tensor(beam.banned, dtype=torch.int64, device=device)
    marks = torch.tensor(sorted({token for own in kept or () for token in own}), dtype=torch.int64, device=device)
    counts = [[list(own).count(mark) for mark in marks.tolist()] for own in kept or [()] * len(prompts)]
    wanted_PM = torch.tensor(counts, device=device)
    for position in range(beam.max_tokens):
        logits = model.step(token, cache).index_fill(1, banned, float("-inf"))
        if beam.no_repeat and position >= beam.no_repeat:
            logits = _without_repeats(logits, written_PKT.flatten(0, 1), beam.no_repeat)
        if len(marks):
            logits = _keeping(logits, marks, wanted_PM[going], written_PKT, beam.max_tokens - position)
        log_p = logits.log_softmax(-1)
        vocabulary = log_p.shape[1]
        total_PKV = scores_PK[:, :, None] + log_p.view(len(going), size, vocabulary)
        best_PC, order_PC = total_PKV.flatten(1).topk(min(2 * size, size * vocabulary))
        from_PC, token_PC = order_PC // vocabulary, order_PC % vocabulary
        ends_PC = token_PC == EOS
        last = position + 1 == beam.max_tokens
        done_P = _put_aside(ended, going, best_PC, from_PC, token_PC, ends_PC, written_PKT, beam, last)
        # K candidates that go on, the most probable first; there are 2K, and at most K of them end.
        rank = torch.where(ends_PC, float("-inf"), best_PC)
        scores_PK, chosen = rank.topk(size)
        parent_PK, token_PK = from_PC.gather(1, chosen), token_PC.gather(1, chosen)
        history = written_PKT.gather(1, parent_PK[:, :, None].expand(-1, -1, written_PKT.shape[2]))
        written_PKT = torch.cat([history, token_PK[:, :, None]], dim=2)
        stay = (~done_P).nonzero()[:, 0]
        if last or not len(stay):
            break
        rows = stay[:, None] * size + parent_PK[stay]
        cache.keep(rows.flatten())
        going, scores_PK, written_PKT = going[stay], scores_PK[stay], written_PKT[stay]
        token = token_PK[stay].flatten()
    return [max(one, key=lambda scored: scored[0])[1] for one in ended]


def _without_repeats(logits: torch.Tensor, written_NT: torch.Tensor, n: int) -> torch.Tensor:
    """Logits [N, V] without the tokens that would write a run of n tokens a second time."""
    runs_NRn = written_NT.unfold(1, n, 1)
    last_N1m = written_NT[:, None, written_NT.shape[1] - n + 1 :]
    row, run = (runs_NRn[..., :-1] == last_N1m).all(-1).nonzero(as_tuple=True)
    logits = logits.clone()
    logits[row, runs_NRn[row, run, -1]] = float("-inf")
    return logits


def _keeping(
    logits: torch.Tensor, marks_M: torch.Tensor, wanted_PM: torch.Tensor, written_PKT: torch.Tensor, room: int
) -> torch.Tensor:
    """Logits [P * K, V] without marks that are written as often as is wanted, and without the end before all are.

    Where the marks that are missing fill the room that is left, nothing else can be written.
    """
    there_PKM = (written_PKT[..., None] == marks_M).sum(2)
    missing_NM = (wanted_PM[:, None] - there_PKM).flatten(0, 1).clamp(min=0)
    missing_N = missing_NM.sum(1)
    only_marks = torch.full_like(logits, float("-inf"))
    only_marks[:, marks_M] = logits[:, marks_M].masked_fill(missing_NM == 0, float("-inf"))
    others = logits.index_copy(1, marks_M, only_marks[:, marks_M])
    others[:, EOS] = others[:, EOS].masked_fill(missing_N > 0, float("-inf"))
    return torch.where((missing_N >= room)[:, None], only_marks, others)


def _put_aside(
    ended: list[_Ended],
    going: torch.Tensor,
    best_PC: torch.Tensor,
    from_PC: torch.Tensor,
    token_PC: torch.Tensor,
    ends_PC: torch.Tensor,
    written_PKT: torch.Tensor,
    beam: Beam,
    last: bool,
) -> torch.Tensor:
    """Keep the sequences that end here (all, at the last position); returns which prompts are done, [P]."""
    length = written_PKT.shape[2] + 1
    done = torch.zeros(len(going), dtype=torch.bool, device=going.device)
    # As lists: to ask tensors for one number at a time costs more than a step of a small model.
    scores, ends_at = best_PC[:, : beam.size].tolist(), ends_PC.tolist()
    for row, prompt in enumerate(going.tolist()):
        own = ended[prompt]
        for rank, score in enumerate(scores[row]):
            if not math.isfinite(score):
                break
            ends = ends_at[row][rank]
            if len(own) < beam.size and (ends or last):
                tokens = written_PKT[row, from_PC[row, rank]].tolist()
                tokens += [] if ends else [int(token_PC[row, rank])]
                own.append((score / length**beam.length_penalty, tokens))
        done[row] = len(own) >= beam.size
    return done
