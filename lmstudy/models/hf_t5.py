"""T5 of the package transformers as a model of this study: the peer that results are compared with.

Packed rows need masks that keep examples apart. T5's public forward passes one `attention_mask` to the encoder
and to the decoder's cross-attention, which need different ones; so encoder and decoder are called one after the
other. Masks of four axes are taken as they are (`transformers.masking_utils`). Relative positions do not mind
where in a row an example begins.
"""

from typing import Any

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


class HuggingFaceT5(nn.Module):
    """The same function as `T5ForConditionalGeneration`, reading the study's packed batches (Raffel et al. 2020).

    Arguments as those of `lmstudy.models.transformer.Seq2SeqTransformer`; initialised as transformers does it.
    """

    def __init__(
        self,
        vocab_size: int,
        max_positions: int,  # relative positions need no table
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
        self.d_model = d_model

    @property
    def layers(self) -> list[nn.Module]:
        """What is compiled, layer by layer."""
        return [*self.encoder.block, *self.decoder.block]

    def hidden(self, batch: Seq2SeqBatch) -> Tensor:
        """[B, T, D], scaled as T5 scales what its tied matrix turns into logits."""
        read, written = batch.encoder_documents, batch.decoder_documents
        memory = self.encoder(
            inputs_embeds=self.embedding(batch.encoder_tokens), attention_mask=same_example(read, read)[:, None]
        )
        output = self.decoder(
            inputs_embeds=self.embedding(batch.decoder_tokens),
            attention_mask=same_example(written, written, causal=True)[:, None],
            encoder_hidden_states=memory.last_hidden_state,
            encoder_attention_mask=same_example(written, read)[:, None],
        )
        return output.last_hidden_state * self.d_model**-0.5

    @property
    def output_weight(self) -> Tensor:
        """The tied matrix [V, D]."""
        return self.embedding.weight

    def forward(self, batch: Seq2SeqBatch) -> Tensor:
        """Logits [B, T, V]."""
        return nn.functional.linear(self.hidden(batch), self.output_weight)
