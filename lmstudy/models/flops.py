"""Floating-point operations of the encoder-decoder, in closed form: what a step must compute at least.

A product of [m, k] and [k, n] counts 2 m k n. With B rows, S encoder and T decoder positions, width D,
feed-forward width F, vocabulary V, and L_e and L_d layers, one forward pass takes

    encoder layer    2 B S (4 D^2 + 3 D F) + 4 B S^2 D
    decoder layer    2 B T (4 D^2 + 3 D F) + 4 B T^2 D            its own positions
                     + 2 B T 2 D^2 + 2 B S 2 D^2 + 4 B T S D      the encoder's: query, output; key, value; scores
    logits           2 B T D V

Attention counts full squares, though causal and block masks leave much of them unused, as is the convention
(Chowdhery et al. 2022, PaLM, appendix B). Not counted: norms, softmax, activations, rotations, embeddings,
residuals, the loss, clipping and the optimiser; together about a hundredth. Recomputation is not counted either,
so that a rate of these FLOPs is a model FLOPs utilisation.
"""

from dataclasses import dataclass

TRAINING = 3
"""Forward passes that a training step is worth: the backward pass computes two products for each."""


@dataclass(frozen=True)
class Sizes:
    """The sizes of `lmstudy.models.transformer.Seq2SeqTransformer`, under its names."""

    vocab_size: int
    d_model: int
    d_ff: int
    encoder_layers: int
    decoder_layers: int


def forward_flops(sizes: Sizes, rows: int, encoder_length: int, decoder_length: int) -> int:
    """FLOPs of one forward pass over a batch of `rows`, logits included."""
    width, hidden = sizes.d_model, sizes.d_ff
    dense = 2 * (4 * width**2 + 3 * width * hidden)  # a token in a layer's self-attention and feed-forward
    encoder = encoder_length * dense + 4 * encoder_length**2 * width
    decoder = decoder_length * dense + 4 * decoder_length**2 * width
    cross = 4 * width**2 * (decoder_length + encoder_length) + 4 * decoder_length * encoder_length * width
    logits = 2 * decoder_length * width * sizes.vocab_size
    return rows * (sizes.encoder_layers * encoder + sizes.decoder_layers * (decoder + cross) + logits)


def training_flops(sizes: Sizes, rows: int, encoder_length: int, decoder_length: int) -> int:
    """FLOPs of one training step: the forward pass and a backward pass of twice as many."""
    return TRAINING * forward_flops(sizes, rows, encoder_length, decoder_length)
