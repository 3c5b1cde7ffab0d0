"""T5 of the package transformers as a model of this study: the peer that results are compared with.

Packed rows need masks that keep examples apart. T5's public forward passes one `attention_mask` to the encoder
and to the decoder's cross-attention, which need different ones; so encoder and decoder are called one after the
other. Masks of four axes are taken as they are (`transformers.masking_utils`). Relative positions do not mind
where in a row an example begins.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.data.tokenizer import EOS, PAD
from lmstudy.errors import StudyError
from lmstudy.models.transformer import same_example


def t5(vocab_size: int, d_model: int, heads: int, d_ff: int, encoder_layers: int, decoder_layers: int) -> Any:
    """`T5ForConditionalGeneration` of these sizes: gated SiLU, tied embeddings, no dropout, fused attention.

    Raises:
        StudyError: transformers is not installed.
    """
    try:
        from transformers import T5Config, T5ForConditionalGeneration
    except ImportError:
        raise StudyError("Hugging Face T5 needs the package transformers: pip install 'lmstudy[bench]'") from None

    config = T5Config(
        vocab_size=vocab_size,
        d_model=d_model,
        d_kv=d_model // heads,
        num_heads=heads,
        d_ff=d_ff,
        num_layers=encoder_layers,
        num_decoder_layers=decoder_layers,
        feed_forward_proj="gated-silu",
        dropout_rate=0.0,
        use_cache=False,
        pad_token_id=PAD,
        eos_token_id=EOS,
    )
    return T5ForConditionalGeneration._from_config(config, attn_implementation="sdpa")


@dataclass
class Written:
    """What was read, and every token written so far: T5 is asked anew for all of them at each step."""

    memory: Tensor
    documents: Tensor
    tokens: Tensor

    def keep(self, rows: Tensor) -> None:
        self.memory, self.documents = self.memory[rows], self.documents[rows]
        self.tokens = self.tokens[rows]


class HuggingFaceT5(nn.Module):
    """The same function as `T5ForConditionalGeneration`, reading the study's packed batches (Raffel et al. 2020).

    Arguments as those of `lmstudy.models.transformer.Seq2SeqTransformer`; initialised as transformers does it.
    """

    def __init__(
        self,
        vocab_size: int,
        max_positions: int,  # relative positions need no table: longer rows can be read, too
        d_model: int = 128,
        heads: int = 2,
        d_ff: int = 352,
        encoder_layers: int = 4,
        decoder_layers: int = 4,
    ) -> None:
        super().__init__()
        whole = t5(vocab_size, d_model, heads, d_ff, encoder_layers, decoder_layers)
        self.embedding = whole.shared
        self.encoder, self.decoder = whole.encoder, whole.decoder
        self.encoder.embed_tokens = self.decoder.embed_tokens = None  # one matrix under one name, as in a checkpoint
        self.d_model, self.max_positions = d_model, max_positions

    def extend(self, max_positions: int) -> None:
        """Read and write longer rows: relative positions have no end."""
        self.max_positions = max(max_positions, self.max_positions)

    @property
    def layers(self) -> list[nn.Module]:
        """What is compiled, layer by layer."""
        return [*self.encoder.block, *self.decoder.block]

    def hidden(self, batch: Seq2SeqBatch) -> Tensor:
        """[B, T, D], scaled as T5 scales what its tied matrix turns into logits."""
        memory = self.encode(batch.encoder_tokens, batch.encoder_documents)
        return self.decode(batch.decoder_tokens, batch.decoder_documents, memory, batch.encoder_documents)

    def encode(self, tokens_BS: Tensor, documents_BS: Tensor) -> Tensor:
        """Memory [B, S, D] of what is read."""
        mask = same_example(documents_BS, documents_BS)[:, None]
        found: Tensor = self.encoder(inputs_embeds=self.embedding(tokens_BS), attention_mask=mask).last_hidden_state
        return found

    def decode(
        self, tokens_BT: Tensor, documents_BT: Tensor, memory_BSD: Tensor, memory_documents_BS: Tensor
    ) -> Tensor:
        """Hidden states [B, T, D], position t knowing tokens up to t and the memory of its own example."""
        output = self.decoder(
            inputs_embeds=self.embedding(tokens_BT),
            attention_mask=same_example(documents_BT, documents_BT, causal=True)[:, None],
            encoder_hidden_states=memory_BSD,
            encoder_attention_mask=same_example(documents_BT, memory_documents_BS)[:, None],
        )
        hidden: Tensor = output.last_hidden_state * self.d_model**-0.5
        return hidden

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> Written:
        """Read the encoder's input; there is room for any `length`."""
        nothing = tokens_BS[:, :0]
        return Written(self.encode(tokens_BS, documents_BS), documents_BS, nothing)

    def step(self, tokens_B: Tensor, cache: Written) -> Tensor:
        """Logits [B, V] of the token after `tokens_B`."""
        cache.tokens = torch.cat([cache.tokens, tokens_B[:, None]], 1)
        documents_BT = torch.ones_like(cache.tokens)
        hidden = self.decode(cache.tokens, documents_BT, cache.memory, cache.documents)
        return nn.functional.linear(hidden[:, -1], self.output_weight)

    @property
    def output_weight(self) -> Tensor:
        """The tied matrix [V, D]."""
        return self.embedding.weight

    def forward(self, batch: Seq2SeqBatch) -> Tensor:
        """Logits [B, T, V]."""
        return nn.functional.linear(self.hidden(batch), self.output_weight)
