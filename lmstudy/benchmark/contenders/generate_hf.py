"""Sampling with transformers: `generate` of T5, with its key-value cache."""

from typing import Any

import torch

from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError
from lmstudy.models.generation import pad_prompts
from lmstudy.models.hf_t5 import t5


class Generation:
    """T5 with fresh weights. A block writes `tokens` tokens behind every prompt; `min_new_tokens` bars the end."""

    def __init__(self, prompts: list[list[int]], tokens: int, top_p: float, vocab_size: int, **sizes: int) -> None:
        torch.manual_seed(0)
        self.model = t5(vocab_size, **sizes).eval()
        self.prompts, self.mask = pad_prompts(prompts, torch.device("cpu"))
        self.tokens, self.top_p = tokens, top_p
        self.facts: dict[str, Any] = {
            "parameters": sum(p.numel() for p in self.model.parameters()),
            "shape": [len(prompts), max(map(len, prompts)), tokens],
        }

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
