"""Byte-level byte-pair encoding (Sennrich et al. 2016; Radford et al. 2019), trained on the corpus itself.

Notable:
- every text can be encoded, and decodes to itself, since the alphabet is the 256 bytes;
- pre-tokens: words (letters and underscores), digits one by one and runs of symbols, with a single space
  before them; longer runs of spaces, such as indentations, by themselves; a newline ends its pre-token, so
  that lines encoded alone and lines encoded together give the same tokens;
- the special tokens are in the vocabulary and in no merge: a text that holds the characters "<pad>" is text;
- Chinese can be cut into words first, which are then pre-tokens: tokens are parts of words, and never of two.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from lmstudy.data.segmentation import Segmentation, pieces

PAD, BOS, EOS, GOOD, BAD = range(5)
SENTINELS = tuple(range(5, 37))
"""Ids that stand for masked spans in span corruption."""
SPECIAL_TOKENS = ("<pad>", "<s>", "</s>", "<good>", "<bad>", *(f"<x{i}>" for i in range(len(SENTINELS))))

_PRE_TOKENS = (
    r" ?[\p{L}_][\p{L}\p{M}_]*"
    r"| ?\p{N}"
    r"| ?[^\s\p{L}\p{N}_]+\n?"
    r"|[ \t]*\n"
    r"|[^\S\n]+"  # two spaces and more, so that an indentation is the same whatever follows it
)


class TokenizerSettings(BaseModel):
    """Settings: vocabulary, special tokens included; bytes of training text it is learned from; words cut first."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    vocab_size: Annotated[int, Field(ge=len(SPECIAL_TOKENS) + 256, le=2**20)] = 4096
    sample_bytes: Annotated[int, Field(ge=1)] = 10_000_000
    segmentation: Segmentation | None = Field(None, exclude_if=lambda name: name is None)  # newer than fingerprints


def train(texts: Iterable[str], vocab_size: int, segmentation: Segmentation | None = None) -> Tokenizer:
    """Learn the merges. A small text may give a smaller vocabulary than asked for.

    The tokenizer does not know of a segmentation: `encode` must be given the same one.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PRE_TOKENS), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((pieces(text) for text in texts) if segmentation else texts, trainer)
    # as added tokens they would be matched in the text itself; as mere entries of the vocabulary never
    description = json.loads(tokenizer.to_str())
    description["added_tokens"] = []
    return Tokenizer.from_str(json.dumps(description))


def encode(
    tokenizer: Tokenizer, documents: Sequence[Sequence[str]], segmentation: Segmentation | None = None
) -> tuple[list[NDArray[np.int32]], list[NDArray[np.int32]]]:
    """Token ids of each document's segments end to end, and the index at which each segment begins.

    The one way from text to tokens, for corpora and prompts alike; `segmentation` as in training the tokenizer.
    """
    segments = [segment for document in documents for segment in document]
    if segmentation:
        encodings = tokenizer.encode_batch_fast([pieces(segment) for segment in segments], is_pretokenized=True)
    else:
        encodings = tokenizer.encode_batch_fast(segments)
    ids = [encoding.ids for encoding in encodings]
    tokens, starts, first = [], [], 0
    for document in documents:
        own = ids[first : first + len(document)]
        first += len(document)
        tokens.append(np.array([token for segment in own for token in segment], dtype=np.int32))
        lengths = np.array([0, *map(len, own[:-1])], dtype=np.int32)
        starts.append(np.cumsum(lengths, dtype=np.int32))
    return tokens, starts


def token_bytes(tokenizer: Tokenizer) -> NDArray[np.int32]:
    """[V] UTF-8 bytes each token stands for; 0 for special tokens.

    Over the tokens of a document they add up to its length in bytes, so that losses per token of any
    vocabulary become bits per byte.
    """
    lengths = np.zeros(tokenizer.get_vocab_size(), dtype=np.int32)
    for token, number in tokenizer.get_vocab().items():
        lengths[number] = len(token)  # the byte-level alphabet writes each byte as one character
    lengths[: len(SPECIAL_TOKENS)] = 0
    return lengths


def decode(tokenizer: Tokenizer, ids: Iterable[int]) -> str:
    """The text of token ids, byte for byte what was encoded; special tokens are left out.

    A character cut in the middle (samples can end anywhere) becomes U+FFFD.
    """
    return tokenizer.decode([int(i) for i in ids if i >= len(SPECIAL_TOKENS)], skip_special_tokens=False)
