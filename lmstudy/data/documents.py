"""What every source of text yields, and what a source is."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Document:
    """A unit of text that a model should see whole, cut into the segments that are scored one by one.

    The segments (lines with their newline, or sentences) joined give the text back.
    """

    text: str
    segments: tuple[str, ...]
    source: str
    """The package, folder or data set it comes from."""
    path: str
    """The file (or row) inside the source; a file never straddles two splits."""
    name: str
    """What it is inside the file: a qualified name, or a running number."""

    def __post_init__(self) -> None:
        assert "".join(self.segments) == self.text


@dataclass
class Reading:
    """What came out of one part of a source: documents, and counts of files and of what was left out."""

    documents: list[Document] = field(default_factory=list)
    files: Counter[str] = field(default_factory=Counter)
    """Files looked at, by source."""
    skipped: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Files or units that gave no document, by (source, reason)."""


class Source(Protocol):
    """Where documents come from. A new one is a class with these methods and one YAML in `conf/data`.

    Its constructor's arguments are the keys of the YAML; pydantic models get them checked for free. An attribute
    `one_segment` says that every document is a single one; a method `segments` how else than in lines texts are cut;
    `advice` which keys would keep what is left out (see `lmstudy.data.stages.left_out`), which is then said on stderr.
    """

    def identity(self) -> Mapping[str, Any]:
        """All that determines the content (JSON-able, no absolute path): part of the corpus's fingerprint.

        Raises:
            StudyError: what the source needs is not there.
        """
        ...

    def about(self) -> Mapping[str, Mapping[str, Any]]:
        """For each source name what the report says of it: version, licence, role."""
        ...

    def parts(self, cache: Path, progress: Progress) -> Sequence[Any]:
        """Fetch what is missing and name the pieces, small and picklable, that can be read in parallel."""
        ...

    def read(self, part: Any) -> Reading:
        """Documents of one piece; runs in a worker process."""
        ...


def lines(text: str) -> tuple[str, ...]:
    """Lines with their newline. Only "\\n" ends a line: `str.splitlines` also cuts at form feeds and more."""
    return tuple(re.findall(r"[^\n]*\n|[^\n]+", text))


def whole(text: str) -> tuple[str, ...]:
    """The text as one segment."""
    return (text,) if text else ()


def universal_newlines(text: str) -> str:
    """Windows and old Macintosh line ends become "\\n", as in Python's text mode."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
