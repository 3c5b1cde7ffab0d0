"""What the entries of a byte-level vocabulary are called, and which words of a file are theirs."""

from collections.abc import Container, Sequence
from typing import Literal

from tokenizers import Tokenizer

from lmstudy.data.tokenizer import SPECIAL_TOKENS

Match = Literal["name", "exact", "stripped", "lower"]


def token_texts(tokenizer: Tokenizer) -> list[str | None]:
    """[V] the text of each token, such as " return"; None for special tokens and for parts of a character."""
    texts = [tokenizer.decode([token], skip_special_tokens=False) for token in range(tokenizer.get_vocab_size())]
    special = len(SPECIAL_TOKENS)
    return [
        None if token < special or "\N{REPLACEMENT CHARACTER}" in text else text for token, text in enumerate(texts)
    ]


def token_names(tokenizer: Tokenizer) -> list[str | None]:
    """[V] each token in the byte-level alphabet, such as "Ġreturn" (Radford et al. 2019); None for special tokens.

    Names are unique and hold no space: under them, vectors of the vocabulary can be written and read by any program.
    """
    names = [tokenizer.id_to_token(token) for token in range(tokenizer.get_vocab_size())]
    return [None if token < len(SPECIAL_TOKENS) else name for token, name in enumerate(names)]


def candidates(name: str | None, text: str | None, match: Match) -> list[tuple[str, str]]:
    """(way, word) in the order in which a token is looked for, up to the way `match`.

    "exact" is the text with its spaces, "stripped" the text without those around it, "lower" that in lower case.
    """
    if match == "name":
        return [] if name is None else [("name", name)]
    if text is None:
        return []
    stripped = text.strip()
    ways = [("exact", text), ("stripped", stripped), ("lower", stripped.lower())]
    last = [way for way, _ in ways].index(match)
    return [(way, word) for way, word in ways[: last + 1] if word]


def matches(
    names: Sequence[str | None], texts: Sequence[str | None], words: Container[str], match: Match
) -> list[tuple[str, str] | None]:
    """[V] the first of a token's candidates that is among `words`, and None where none is."""
    return [
        next((found for found in candidates(name, text, match) if found[1] in words), None)
        for name, text in zip(names, texts, strict=True)
    ]
