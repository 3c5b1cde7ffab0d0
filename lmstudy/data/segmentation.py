"""Words and sentences of text that does not mark them by spaces.

jieba (in its Rust port, rjieba) finds the most probable path through a dictionary of Chinese words, and guesses
words that the dictionary lacks with a hidden Markov model. It is deterministic, and its words joined give the text.
"""

import re
from itertools import accumulate, groupby
from typing import Literal

Segmentation = Literal["jieba"]

HAN = r"\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese characters, as the inside of a character class."""

_HAN = re.compile(f"[{HAN}]")
_WORD = re.compile(r"\w+|[^\w\s]")
_SENTENCE = re.compile(r"[^。！？!?…\n]*(?:[。！？!?…]+[”’」』）》)\"']*\n?|\n|$)")


def has_han(text: str) -> bool:
    """Whether there is a Chinese character."""
    return _HAN.search(text) is not None


def mostly_han(text: str) -> bool:
    """Whether more than half of the letters of a text are Chinese characters."""
    letters = [letter for letter in text if letter.isalpha()]
    return sum(map(has_han, letters)) > len(letters) / 2


def sentences(text: str) -> tuple[str, ...]:
    """Sentences with what ends them: a run of 。！？!?… and the closing quotes behind it, or a newline.

    Joined they give the text back. A full stop ends none: here it stands in numbers, addresses and ellipses too.
    """
    return tuple(found for found in _SENTENCE.findall(text) if found)


def pieces(text: str) -> list[str]:
    """What a tokenizer may merge within, and never across: words that hold Chinese characters, and what is between.

    Joined they give the text back. Text without Chinese characters stays one piece, so that segmentation
    changes none of its tokens.
    """
    if not has_han(text):
        return [text]
    found: list[str] = []
    for is_chinese, run in groupby(_cut(text), has_han):
        several = list(run)
        found += several if is_chinese else ["".join(several)]
    return found


def words(text: str, segmentation: Segmentation | None) -> list[str]:
    """Words and symbols in order, without white space: by dictionary, or else runs of letters and digits."""
    if segmentation is None:
        return _WORD.findall(text)
    return [word for word in _cut(text) if not word.isspace()]


def spans(text: str) -> list[tuple[str, int, int]]:
    """Every word of jieba, white space included, with the offsets at which it begins and ends."""
    cut = _cut(text)
    return [(word, end - len(word), end) for word, end in zip(cut, accumulate(map(len, cut)), strict=True)]


def tagged(text: str) -> list[tuple[str, str, int, int]]:
    """Every word of jieba with its part of speech (nr: a person's name) and the offsets at which it begins and ends."""
    import rjieba

    found = rjieba.tag(text) if has_han(text) else []
    ends = accumulate(len(word) for word, _ in found)
    return [(word, tag, end - len(word), end) for (word, tag), end in zip(found, ends, strict=True)]


def is_word(word: str) -> bool:
    """Whether jieba's dictionary holds it."""
    import rjieba

    return rjieba.has_word(word)


def _cut(text: str) -> list[str]:
    import rjieba  # reads its dictionary: only where Chinese text is

    return rjieba.cut(text)
