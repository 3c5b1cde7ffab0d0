"""Word vectors as text, read and written: a word and its numbers on a line, with single spaces between them.

GloVe's files hold nothing else; those of Word2Vec and fastText begin with a line "WORDS NUMBERS". A word may contain
spaces (some of GloVe's do): the last D fields of a line are its numbers, the rest is the word.
"""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lmstudy.atomic import replacing
from lmstudy.errors import StudyError

_LOOKED_AT = 100
"""Lines from which the count of numbers of all lines is taken: what most of them have."""


@dataclass(frozen=True)
class VectorFile:
    """What a file of vectors holds.

    Attributes:
        words: those that were read, in the order of the file, each once.
        vectors: [len(words), D] float32.
        lines: vectors in the file, whether they were wanted or not.
        duplicates: lines whose word came before; the first one counts.
    """

    words: list[str]
    vectors: NDArray[np.float32]
    lines: int
    duplicates: int


def read_vectors(path: Path | str, width: int | None = None, wanted: Container[str] | None = None) -> VectorFile:
    """Read a text file of vectors, all of it checked, those of `wanted` words kept (None: all).

    Args:
        width: numbers that a vector must have; None: as many as most of the first lines have.

    Raises:
        StudyError: names file and line: it is not UTF-8, a number is none or not finite, or there are more or fewer
            of them than D; or the file is empty, cannot be read, holds another number of vectors than its first line
            says, or vectors of another width.
    """
    path = Path(path)
    head = list(islice(_lines(path), _LOOKED_AT))
    if not head:
        raise StudyError(f"{path}: is empty; it must hold a word and its numbers on each line")
    header = _header(head)
    D = header[1] if header else Counter(_trailing_numbers(line) for _, line in head).most_common(1)[0][0]
    if not D:
        raise StudyError(f"{path}:1: {head[0][1][:40]!r} has no number behind a word and a single space")
    if width is not None and width != D:
        place = f"{path}:1" if header else path
        raise StudyError(
            f"{place}: vectors of {D} numbers, and the model's embedding has {width}: take a file of {width}, "
            f"or a model of that width (budget.d_model={D})"
        )
    words: list[str] = []
    rows: list[NDArray[np.float32]] = []
    seen: set[str] = set()
    lines = duplicates = 0
    for number, line in islice(_lines(path), 1 if header else 0, None):
        word, row = _parse(line, D, f"{path}:{number}")
        lines += 1
        if word in seen:
            duplicates += 1
            continue
        seen.add(word)
        if wanted is None or word in wanted:
            words.append(word)
            rows.append(row)
    if header and header[0] != lines:
        raise StudyError(f"{path}:1: announces {header[0]:,} vectors, the file holds {lines:,}: it is cut or joined")
    return VectorFile(words, np.array(rows, dtype=np.float32).reshape(-1, D), lines, duplicates)


def write_vectors(path: Path | str, words: Sequence[str], vectors: NDArray[np.floating]) -> Path:
    """Write vectors [len(words), D] in GloVe's format, whole or not at all; float32 comes back as it was.

    Args:
        words: each once; none is empty or has a line break, or a number behind a space.

    Raises:
        StudyError: a value is not finite.
    """
    path = Path(path)
    matrix = np.asarray(vectors, dtype=np.float32)
    if not np.isfinite(matrix).all():
        raise StudyError(f"{path}: the vector of {words[int(np.argmin(np.isfinite(matrix).all(1)))]!r} is not finite")
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as file:
        for word, row in zip(words, matrix, strict=True):
            file.write(" ".join([word, *(str(value) for value in row)]) + "\n")
    return path


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines without what ends them; fastText puts a space there, Windows a carriage return."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):  # of bytes: only a line feed ends a line
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise StudyError(f"{path}:{number}: byte {error.start + 1} is not UTF-8: {error.reason}") from None
                yield number, text.rstrip(" \r\n")
    except OSError as error:
        raise StudyError(f"{path}: cannot be read: {error.strerror}; name a text file of word vectors") from error


def _header(head: list[tuple[int, str]]) -> tuple[int, int] | None:
    """Counts of words and numbers, where the first line says them: two integers above longer lines."""
    fields = head[0][1].split(" ")
    if len(fields) != 2 or not all(field.isascii() and field.isdigit() for field in fields):
        return None
    if len(head) > 1 and len(head[1][1].split(" ")) == 2 and int(fields[1]) != 1:
        return None  # the word "12" with one number, as the next line has one
    return int(fields[0]), int(fields[1])


def _trailing_numbers(line: str) -> int:
    """How many fields at the end of a line are numbers; the first field is the word."""
    behind = line.split(" ")[1:]
    return len(list(takewhile(_is_number, reversed(behind))))


def _parse(line: str, D: int, place: str) -> tuple[str, NDArray[np.float32]]:
    word, *fields = line.rsplit(" ", D)
    if len(fields) < D or not word or _numbers_in(word):
        count = len(line.split(" ")) - 1
        raise StudyError(f"{place}: a word and {D} numbers are expected, here are {count} fields behind the first")
    try:
        values = [float(field) for field in fields]
    except ValueError:
        wrong = next(field for field in fields if not _is_number(field))
        raise StudyError(f"{place}: {wrong!r} is no number; a word and {D} numbers are expected") from None
    with np.errstate(over="ignore"):
        row = np.array(values, dtype=np.float32)
    finite = np.isfinite(row)
    if not finite.all():
        raise StudyError(f"{place}: {fields[int(np.argmin(finite))]!r} is no finite number of 32 bits")
    return word, row


def _numbers_in(word: str) -> bool:
    """Whether a part of a word behind a space could be one of its numbers: then the line may have one too many."""
    return any(map(_is_number, word.strip(" ").split(" ")[1:]))


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True
