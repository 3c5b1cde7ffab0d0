"""Sizes of an encoder-decoder Transformer of lmstudy, as `transformers` keeps them."""

from typing import Any

from transformers import PretrainedConfig


class LmstudyConfig(PretrainedConfig):
    """Sizes of a `LmstudyForConditionalGeneration`.

    Args:
        vocab_size: tokens of the vocabulary.
        d_model: width; a multiple of 2 * heads.
        heads: of each attention.
        d_ff: width of the feed-forward networks.
        encoder_layers: depth of the encoder.
        decoder_layers: depth of the decoder.
        max_positions: longest row on either side that was seen in training, in tokens.
        smear: whether each position also sees the embedding before its own.
        own_output: whether the output has a matrix of its own instead of that of the embedding.
        settings: of every configuration of `transformers`.
    """

    model_type = "lmstudy"
    attribute_map = {  # noqa: RUF012
        "hidden_size": "d_model", "num_attention_heads": "heads", "num_hidden_layers": "decoder_layers",
        "max_position_embeddings": "max_positions",
    }  # fmt: skip

    def __init__(
        self,
        vocab_size: int = 4096,
        d_model: int = 128,
        heads: int = 2,
        d_ff: int = 352,
        encoder_layers: int = 4,
        decoder_layers: int = 4,
        max_positions: int = 256,
        smear: bool = False,
        own_output: bool = False,
        **settings: Any,
    ) -> None:
        self.vocab_size, self.d_model, self.heads, self.d_ff = vocab_size, d_model, heads, d_ff
        self.encoder_layers, self.decoder_layers, self.max_positions = encoder_layers, decoder_layers, max_positions
        self.smear, self.own_output = smear, own_output
        common = {
            "is_encoder_decoder": True, "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2,
            "decoder_start_token_id": 1, "tie_word_embeddings": False, "use_cache": False,
        }  # fmt: skip
        super().__init__(**{**common, **settings})
