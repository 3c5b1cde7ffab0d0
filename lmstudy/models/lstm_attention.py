"""The LSTM encoder-decoder with attention: the decoder looks back at every state of the encoder.

Bahdanau et al. (2015) brought attention to translation; this is the simpler, parallel form of Luong et al. (2015),
global attention with the "general" score h_t' W h_s, which looks after the recurrent step instead of before it.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from lmstudy.models.lstm import RecurrentCache, Seq2SeqLSTM
from lmstudy.models.network import check_room


class Seq2SeqLSTMWithAttention(Seq2SeqLSTM):
    """p(y_t | y_<t, x): the decoder's state is joined by a weighted mean of the encoder's states.

    Arguments as those of `Seq2SeqLSTM`; the score of an encoder's state adds a matrix of H x H weights.
    """

    query: nn.Linear
    joined = 2

    @classmethod
    def parameter_count(cls, vocab_size: int, d_model: int, layers: int, units: int) -> int:
        return super().parameter_count(vocab_size, d_model, layers, units) + units**2

    def add_mixing(self) -> None:
        self.query = nn.Linear(self.units, self.units, bias=False)
        nn.init.normal_(self.query.weight, std=self.units**-0.5)

    def attend(self, states_NTH: Tensor, memory_NSH: Tensor, mask_NS: Tensor) -> Tensor:
        """[N, T, 2H]: each state beside the mean of the memory, weighted by softmax(h_t' W h_s / sqrt(H))."""
        context = F.scaled_dot_product_attention(
            self.query(states_NTH), memory_NSH, memory_NSH, attn_mask=mask_NS[:, None, :]
        )
        return torch.cat([states_NTH, context], dim=-1)

    def mix(self, states_NTH: Tensor, memory: Sequence[Tensor]) -> Tensor:
        return self.attend(states_NTH, *_padded(memory))

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> RecurrentCache:
        check_room(length, self.max_positions)
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
