"""The LSTM encoder-decoder with attention: the decoder looks back at every state of the encoder.

Bahdanau et al. (2015) brought attention to translation; this is the simpler, parallel form of Luong et al. (2015),
global attention with the "general" score h_t' W h_s, which looks after the recurrent step instead of before it.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from lmstudy.models.matching import Reference, matched
from lmstudy.models.recurrent import Recurrent, RecurrentCache, lstm_parameters


class Seq2SeqLSTMWithAttention(Recurrent):
    """p(y_t | y_<t, x): the decoder's state is joined by a weighted mean of the encoder's states.

    Arguments as `lmstudy.models.lstm.Seq2SeqLSTM`, from which only the attention differs.
    """

    def __init__(
        self,
        vocab_size: int,
        max_positions: int,
        match: Reference,
        d_model: int = 128,
        layers: int = 2,
        units: int | None = None,
    ) -> None:
        def count(size: int) -> int:
            stacks = 2 * lstm_parameters(d_model, size, layers)
            return vocab_size * d_model + stacks + size**2 + 2 * size * d_model

        units = units or matched(count, match.parameters(vocab_size), "model.units")
        super().__init__(vocab_size, max_positions, d_model, units, layers, mixed=2 * units)
        self.query = nn.Linear(units, units, bias=False)
        nn.init.normal_(self.query.weight, std=units**-0.5)

    def attend(self, states_NTH: Tensor, memory_NSH: Tensor, mask_NS: Tensor) -> Tensor:
        """[N, T, 2H]: each state beside the mean of the memory, weighted by softmax(h_t' W h_s / sqrt(H))."""
        context = F.scaled_dot_product_attention(
            self.query(states_NTH), memory_NSH, memory_NSH, attn_mask=mask_NS[:, None, :]
        )
        return torch.cat([states_NTH, context], dim=-1)

    def mix(self, states_NTH: Tensor, memory: Sequence[Tensor]) -> Tensor:
        return self.attend(states_NTH, *_padded(memory))

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> RecurrentCache:
        self.check_length(length)
        memory, code = self.encode(tokens_BS, documents_BS)
        return RecurrentCache(code, *_padded(memory))

    def step(self, tokens_B: Tensor, cache: RecurrentCache) -> Tensor:
        assert cache.memory is not None
        assert cache.memory_mask is not None
        states_B1H = self.step_states(tokens_B, cache)[:, None]
        mixed = self.attend(states_B1H, cache.memory, cache.memory_mask)[:, 0]
        return F.linear(self.project(mixed), self.output_weight)

    def forward_flops(self, rows: int, encoder_length: int, decoder_length: int) -> int:
        """Full squares of queries and memory are counted, as for the Transformer."""
        scores = 4 * decoder_length * encoder_length * self.units
        return (
            super().forward_flops(rows, encoder_length, decoder_length)
            + rows * scores
            + 2 * rows * decoder_length * self.query.weight.numel()
        )


def _padded(memory: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """States [N, S, H] and where there are some, [N, S] bool."""
    padded = pad_sequence(list(memory), batch_first=True)
    lengths = torch.tensor([len(example) for example in memory], device=padded.device)
    return padded, torch.arange(padded.shape[1], device=padded.device) < lengths[:, None]
