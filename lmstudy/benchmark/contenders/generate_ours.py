"""Sampling with this package: `lmstudy.models.generation.generate`."""

from typing import Any

import torch

from lmstudy.data.tokenizer import BOS, EOS, PAD
from lmstudy.errors import StudyError
from lmstudy.models.generation import Sampling, generate
from lmstudy.models.transformer import Seq2SeqTransformer


class Generation:
    """`Seq2SeqTransformer` with fresh weights. A block writes `tokens` tokens behind every prompt.

    The end token is banned, so that all sequences have their full length.
    """

    def __init__(self, prompts: list[list[int]], tokens: int, top_p: float, vocab_size: int, **sizes: int) -> None:
        torch.manual_seed(0)
        positions = max(tokens, 1 + max(map(len, prompts)))
        self.model = Seq2SeqTransformer(vocab_size, positions, **sizes).eval()
        self.prompts = prompts
        self.sampling = Sampling(top_p=top_p, banned=(PAD, BOS, EOS), max_tokens=tokens)
        self.facts: dict[str, Any] = {
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "shape": [len(prompts), max(map(len, prompts)), tokens],
        }

    def block(self) -> float:
        written = sum(map(len, generate(self.model, self.prompts, self.sampling)))
        expected = len(self.prompts) * self.sampling.max_tokens
        if written != expected:
            raise StudyError(f"{written} tokens were written instead of {expected}")
        return written
