"""An LSTM encoder-decoder whose two halves meet in a code of fixed length (Sutskever et al. 2014).

Notable:
- Hochreiter & Schmidhuber (1997), in PyTorch's form
- the decoder starts from the encoder's last states: 2 x layers x H numbers, however much was read
- one embedding matrix for encoder, decoder and output, as in the Transformer it is compared with
- forget gates start open (bias 1; Jozefowicz et al. 2015), recurrent matrices orthogonal

Attention tells the examples of a packed row apart by masks. A recurrent network carries a state from one position to
the next, so examples are taken out of their rows first, and put back behind.

Shape suffixes: B rows, S encoder positions, T decoder positions, N examples, D embedding width, H units, L layers,
V vocabulary.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, pad_sequence, unpack_sequence

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.models.matching import Reference, matched
from lmstudy.models.network import TiedOutput, check_room, check_row

BAND = 0.6
"""Examples go through together that are at least so long as a share of the longest of them."""


def example_lengths(documents_BQ: Tensor) -> list[int]:
    """Positions of each example, row after row, from their numbers in the rows (0 is padding)."""
    before = torch.nn.functional.pad(documents_BQ, (1, 0))[:, :-1]
    first = (documents_BQ > 0) & (documents_BQ != before)
    number = first.flatten().cumsum(0)[documents_BQ.flatten() > 0]
    return torch.bincount(number - 1).tolist() if len(number) else []


def to_examples(x_BQD: Tensor, documents_BQ: Tensor) -> list[Tensor]:
    """[Q_n, D] of each example, row after row."""
    return list(x_BQD[documents_BQ > 0].split(example_lengths(documents_BQ)))


def to_rows(examples: Sequence[Tensor], documents_BQ: Tensor) -> Tensor:
    """[B, Q, D]: the inverse of `to_examples`, zero where there is padding."""
    values = torch.cat(list(examples))
    rows = values.new_zeros(*documents_BQ.shape, values.shape[-1])
    rows[documents_BQ > 0] = values
    return rows


def bands(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Numbers of examples of like length, the longest first: padded together, they waste little.

    On a CPU, PyTorch's fused LSTM takes padded batches only, and a few of those are three times as fast (forward and
    backward) as one packed sequence.
    """
    order = sorted(range(len(lengths)), key=lambda number: -lengths[number])
    while order:
        fitting = [number for number in order if lengths[number] >= BAND * lengths[order[0]]]
        yield fitting
        order = order[len(fitting) :]


State = tuple[Tensor, Tensor]
"""Hidden and cell states of all layers, [L, N, H] each."""


@dataclass
class RecurrentCache:
    """What generation keeps between steps: states, and what an attention looks at."""

    state: State
    memory: Tensor | None = None
    """[N, S, H], with `memory_mask` [N, S] bool: true where there is something to look at"""
    memory_mask: Tensor | None = None

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows alone."""
        hidden, cell = self.state
        self.state = (hidden[:, rows], cell[:, rows])
        if self.memory is not None and self.memory_mask is not None:
            self.memory, self.memory_mask = self.memory[rows], self.memory_mask[rows]


def lstm_parameters(width: int, units: int, layers: int) -> int:
    """Weights of a stack as PyTorch keeps it: four gates, two biases each."""
    return 4 * units * (width + units + 2) + (layers - 1) * 4 * units * (2 * units + 2)


def initialise(stack: nn.LSTM) -> None:
    """Input matrices of size 1/sqrt(in), orthogonal recurrent ones gate by gate, open forget gates."""
    for name, value in stack.named_parameters():
        if name.startswith("weight_hh"):
            for gate in value.data.chunk(4):
                nn.init.orthogonal_(gate)
        elif name.startswith("weight_ih"):
            nn.init.normal_(value, std=value.shape[1] ** -0.5)
        else:
            nn.init.zeros_(value)
            if name.startswith("bias_ih"):
                value.data[stack.hidden_size : 2 * stack.hidden_size] = 1.0


class Seq2SeqLSTM(TiedOutput):
    """p(y_t | y_<t, code(x)): what the decoder knows of x are the encoder's last states.

    Embedding, two LSTM stacks, and a linear map of the decoder's states to the width of the embedding.

    Args:
        vocab_size: entries of the tokenizer, V.
        max_positions: longest row on either side, in tokens; longer input is a StudyError.
        match: the Transformer to be compared with.
        d_model: width of the embedding, D.
        layers: of each stack.
        units: of each layer, H; None: as many as give the parameters of `match`.
    """

    joined = 1
    """Vectors of width H that `mix` gives for each state."""

    def __init__(
        self,
        vocab_size: int,
        max_positions: int,
        match: Reference,
        d_model: int = 128,
        layers: int = 2,
        units: int | None = None,
    ) -> None:
        super().__init__()
        count = partial(self.parameter_count, vocab_size, d_model, layers)
        units = units or matched(count, match.parameters(vocab_size), "model.units")
        self.d_model, self.units, self.max_positions = d_model, units, max_positions
        self.embedding = nn.Embedding(vocab_size, d_model)
        self.encoder = nn.LSTM(d_model, units, layers, batch_first=True)
        self.decoder = nn.LSTM(d_model, units, layers, batch_first=True)
        self.project = nn.Linear(self.joined * units, d_model, bias=False)
        nn.init.normal_(self.embedding.weight, std=d_model**-0.5)
        nn.init.normal_(self.project.weight, std=(self.joined * units) ** -0.5)
        initialise(self.encoder)
        initialise(self.decoder)
        self.add_mixing()

    @classmethod
    def parameter_count(cls, vocab_size: int, d_model: int, layers: int, units: int) -> int:
        """All weights of such a network."""
        stacks = 2 * lstm_parameters(d_model, units, layers)
        return vocab_size * d_model + stacks + cls.joined * units * d_model

    def add_mixing(self) -> None:
        """Add the weights of `mix`, after all others are drawn: here it has none."""

    def embed(self, tokens: Tensor) -> Tensor:
        """Vectors [..., D] of size 1; raises StudyError for rows longer than the context."""
        check_row(tokens, self.max_positions)
        return self.embedding(tokens) * self.d_model**0.5

    def encode(self, tokens_BS: Tensor, documents_BS: Tensor) -> tuple[list[Tensor], State]:
        """States [S_n, H] of each example, and the last ones of all layers: the code of fixed length."""
        examples = to_examples(self.embed(tokens_BS), documents_BS)
        memory, code = self.encoder(pack_sequence(examples, enforce_sorted=False))
        return unpack_sequence(memory), code

    def mix(self, states_NTH: Tensor, memory: Sequence[Tensor]) -> Tensor:
        """What the decoder's states become before they are projected: themselves, or joined by an attention."""
        return states_NTH

    def hidden(self, batch: Seq2SeqBatch) -> Tensor:
        memory, (hidden, cell) = self.encode(batch.encoder_tokens, batch.encoder_documents)
        inputs = to_examples(self.embed(batch.decoder_tokens), batch.decoder_documents)
        outputs = list(inputs)
        for group in bands([len(example) for example in inputs]):
            padded = pad_sequence([inputs[number] for number in group], batch_first=True)
            states, _ = self.decoder(padded, (hidden[:, group], cell[:, group]))
            mixed = self.mix(states, [memory[number] for number in group])
            for number, example in zip(group, mixed, strict=True):
                outputs[number] = example[: len(inputs[number])]
        return self.project(to_rows(outputs, batch.decoder_documents))

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> RecurrentCache:
        """Read the encoder's input, one example a row, before `length` positions are written."""
        check_room(length, self.max_positions)
        return RecurrentCache(self.encode(tokens_BS, documents_BS)[1])

    def step_states(self, tokens_B: Tensor, cache: RecurrentCache) -> Tensor:
        """The decoder's top state [B, H] after `tokens_B`; the cache advances by one position."""
        states_B1H, cache.state = self.decoder(self.embed(tokens_B[:, None]), cache.state)
        return states_B1H[:, 0]

    def step(self, tokens_B: Tensor, cache: RecurrentCache) -> Tensor:
        """Logits [B, V] of the token after `tokens_B`."""
        return nn.functional.linear(self.project(self.step_states(tokens_B, cache)), self.output_weight)

    def forward_flops(self, rows: int, encoder_length: int, decoder_length: int) -> int:
        """FLOPs of one forward pass over full rows, logits included: two for each weight and position."""
        stack = sum(p.numel() for name, p in self.encoder.named_parameters() if name.startswith("weight"))
        output = self.project.weight.numel() + self.output_weight.numel()
        return 2 * rows * (stack * (encoder_length + decoder_length) + output * decoder_length)
