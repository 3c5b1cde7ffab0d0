"""Stop words: frequent words that say little by themselves, which classical text mining leaves out (Luhn 1958).

The lists are those of the Stopwords ISO collection, or a user's own. Words of Chinese are found by jieba, those of
languages with spaces as runs of letters, digits and marks, with apostrophes inside ("don't" is one word).
"""

import difflib
import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from lmstudy.data.cleaning.cuts import Cuts, Span
from lmstudy.data.segmentation import has_han, spans
from lmstudy.errors import StudyError
from lmstudy.overrides import home

_KEY = "data.cleaning.stop_words"
_ADVICE = f"Or name your own UTF-8 file of one word a line: {_KEY}.file=FILE"

_CHINESE = "zh"
_NO_SPACES = {"ja", "th"}
"""Languages written without spaces, of which only Chinese can be cut into words here."""

_MARKS = "".join(c for c in map(chr, range(0x300, 0x2000)) if unicodedata.category(c).startswith("M")) + "\u200c\u200d"
_WORD = re.compile(rf"[\w{_MARKS}]+(?:['’][\w{_MARKS}]+)*")
_BLANKS = re.compile(r"[^\S\n]*")
_BLANKS_BEFORE = re.compile(r"[^\S\n]*\Z")


def cut_stop_words(text: str, language: str | None, file: str | None) -> Cuts:
    """The stop words in a text and the white space that would be doubled, or hang at a line's end, without them.

    Raises:
        StudyError: no list is named, there is none for the language, or the file cannot be used.
    """
    stops = _words(language, file, _stamp(file))
    if language == _CHINESE:
        found: Iterable[tuple[str, int, int]] = spans(text)
    else:
        found = ((match[0], *match.span()) for match in _WORD.finditer(text))
    hits = [(start, stop) for word, start, stop in found if _normal(word) in stops]
    return Cuts([_with_blanks(text, group) for group in _groups(text, hits)], len(hits))


def identity(language: str | None = None, file: str | None = None) -> Mapping[str, Any]:
    """What a list is by its content: a file may move, and another version of the collection is another list."""
    listed = "\n".join(sorted(_words(language, file, _stamp(file))))
    return {"language": language, "words": hashlib.sha256(listed.encode()).hexdigest()}


def _normal(word: str) -> str:
    return word.casefold().replace("’", "'")


def _stamp(file: str | None) -> tuple[int, int]:
    """Changes when a file does, so that a list is read once and read again when it was edited."""
    if file is None:
        return 0, 0
    try:
        status = Path(home(file, f"{_KEY}.file")).stat()
    except OSError as error:
        raise StudyError(f"{_KEY}.file={file!r} cannot be read: {error.strerror}") from error
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=8)
def _words(language: str | None, file: str | None, stamp: tuple[int, int]) -> frozenset[str]:
    """The list, its words as `_normal` makes them."""
    if language is None and file is None:
        raise StudyError(f"{_KEY} names no list: give {_KEY}.language=CODE, such as en or zh. {_ADVICE}")
    if language in _NO_SPACES:
        raise StudyError(
            f"{_KEY}.language={language!r}: this language is written without spaces, and its words cannot be found here"
        )
    return frozenset(map(_normal, _listed(str(language)) if file is None else _read(file, language)))


def _listed(language: str) -> set[str]:
    import stopwordsiso  # parses its lists: only where they are used

    known = sorted(stopwordsiso.langs() - _NO_SPACES)
    if language not in known:
        lower = language.lower()  # of two letters, those that look alike are no hint
        near = [lower] if lower in known else difflib.get_close_matches(lower, known, 3, 0.5) if len(lower) > 2 else []
        choices = f"did you mean {' or '.join(near)}?" if near else f"choose from {', '.join(known)}."
        raise StudyError(f"{_KEY}.language={language!r}: there is no list of stop words for it; {choices} {_ADVICE}")
    return stopwordsiso.stopwords(language)


def _read(file: str, language: str | None) -> list[str]:
    try:
        text = Path(home(file, f"{_KEY}.file")).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise StudyError(f"{_KEY}.file={file!r} is not UTF-8 ({error.reason} at byte {error.start})") from error
    except OSError as error:
        raise StudyError(f"{_KEY}.file={file!r} cannot be read: {error.strerror}") from error
    listed = [(number, line.strip()) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not listed:
        raise StudyError(f"{_KEY}.file={file!r} holds no word; write one word a line")
    for number, word in listed:
        if language == _CHINESE and len(word.split()) == 1:
            continue
        if not _WORD.fullmatch(word):
            raise StudyError(f"{_KEY}.file={file!r}, line {number}: {word!r} is not one word; write one word a line")
        if language is None and has_han(word):
            raise StudyError(
                f"{_KEY}.file={file!r}, line {number}: {word!r} is Chinese, whose words no spaces mark; "
                f"say so with {_KEY}.language=zh"
            )
    return [word for _, word in listed]


def _groups(text: str, hits: Iterable[Span]) -> list[Span]:
    """Words with nothing but blanks between them, as one span."""
    groups: list[Span] = []
    for start, stop in hits:
        if groups and _BLANKS.fullmatch(text, groups[-1][1], start):
            groups[-1] = groups[-1][0], stop
        else:
            groups.append((start, stop))
    return groups


def _with_blanks(text: str, span: Span) -> Span:
    """The span and the blanks on one side of it, where both sides would meet or nothing else follows on the line."""
    start, stop = span
    line = text.rfind("\n", 0, start) + 1
    before = _BLANKS_BEFORE.search(text, line, start).start()  # type: ignore[union-attr]  # matches the empty string
    after = _BLANKS.match(text, stop).end()  # type: ignore[union-attr]
    if after > stop and (before < start or start == line):
        return start, after
    ends_line = after == len(text) or text[after] == "\n"
    return (before, stop) if ends_line and before > line else (start, stop)
