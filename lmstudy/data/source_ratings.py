"""Snippets of text that people rated, from a tarball inside a pinned sdist, with every single rating."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from pydantic import Field

from lmstudy.data.artefacts.archives import read_nested
from lmstudy.data.artefacts.pins import SdistSource, texts
from lmstudy.data.documents import Document, Reading
from lmstudy.errors import StudyError

TEXTS, RATINGS = "_GroundTruth.txt", "_anonDataRatings.txt"
"""Ends of the names of a domain's two files: (id, mean, text) and (id, mean, standard deviation, [ratings])."""
WORST, BEST = -4, 4
"""The scale on which people rated, 0 being neutral."""
_ROUNDING = 1e-3
"""Published means have nine decimals or fewer."""


class Snippet(NamedTuple):
    """A text of one domain and what each person gave it; the order of people carries no meaning."""

    domain: str
    path: str
    name: str
    text: str
    ratings: tuple[int, ...]
    """Whole numbers from `WORST` to `BEST`; none where the published mean is not that of the published ratings."""


class RatedSnippets(SdistSource):
    """The source (see `lmstudy.data.documents.Source`) of rated snippets: one document of one segment each.

    `archive` is a tarball inside the `sdist`. `domains` gives each kind of text its files there, without the ends
    `TEXTS` and `RATINGS`; a document's `path` is the file of texts and its `name` the snippet's id in it. Snippets
    without certain ratings (see `Snippet`) are left out.
    """

    one_segment: ClassVar[bool] = True
    """A person rated a snippet as a whole."""
    archive: str
    domains: dict[str, str] = Field(min_length=1)

    def identity(self) -> Mapping[str, Any]:
        return {
            "sha256": self.sdist.sha256,
            "name": self.sdist.name,
            "archive": self.archive,
            "domains": list(self.domains.values()),
        }

    def read(self, part: Path) -> Reading:
        reading = Reading()
        source = self.sdist.name
        reading.files[source] = len(self.domains)
        for snippet in self.snippets(part):
            if not snippet.text:
                reading.skipped[source, "empty snippets"] += 1
            elif not snippet.ratings:
                reading.skipped[source, "snippets whose mean rating is not that of their single ratings"] += 1
            else:
                text = snippet.text
                reading.documents.append(Document(text, (text,), source, snippet.path, snippet.name))
        return reading

    def snippets(self, part: Path) -> Iterator[Snippet]:
        """All snippets of the sdist, domain by domain in the order of its file.

        Raises:
            StudyError: a file is missing, is not UTF-8, or holds a line that is not what it should be.
        """
        files = self._files(part)
        for domain, stem in self.domains.items():
            rated = {name: _ratings(listed, stem + RATINGS) for name, _, _, listed in _rows(files, stem + RATINGS, 4)}
            for name, mean, text in _rows(files, stem + TEXTS, 3):
                found = rated.get(name, ())
                certain = bool(found) and abs(sum(found) / len(found) - _number(mean, stem + TEXTS)) < _ROUNDING
                yield Snippet(domain, stem + TEXTS, name, text.strip(), found if certain else ())

    def _files(self, part: Path) -> dict[str, str]:
        """Text of each file by its name in the tarball."""
        wanted = {stem + end for stem in self.domains.values() for end in (TEXTS, RATINGS)}
        members = read_nested(part, self.archive, wanted.__contains__)
        return texts(members, wanted, f"{self.archive} in {self.sdist.file}", "data.domains")


def _rows(files: Mapping[str, str], name: str, columns: int) -> Iterator[list[str]]:
    for number, line in enumerate(files[name].removesuffix("\n").split("\n"), start=1):
        row = line.split("\t")
        if len(row) != columns:
            raise StudyError(f"data.domains: line {number} of {name} has {len(row)} columns instead of {columns}")
        yield row


def _number(written: str, file: str) -> float:
    try:
        return float(written)
    except ValueError as error:
        raise StudyError(f"data.domains: {file} says {written!r} where a mean rating belongs") from error


def _ratings(listed: str, file: str) -> tuple[int, ...]:
    try:
        found = json.loads(listed)
    except ValueError as error:
        raise StudyError(f"data.domains: {file} says {listed!r} where a list of ratings belongs") from error
    if not (isinstance(found, list) and all(type(one) is int and WORST <= one <= BEST for one in found)):
        raise StudyError(f"data.domains: {file} says {listed!r}: ratings are whole numbers from {WORST} to {BEST}")
    return tuple(found)
