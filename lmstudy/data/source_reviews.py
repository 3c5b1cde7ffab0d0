"""Reviews, one a line of the text files of a pinned sdist."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from lmstudy.data.artefacts.archives import read_members
from lmstudy.data.artefacts.pins import SdistSource, texts
from lmstudy.data.documents import Document, Reading
from lmstudy.data.segmentation import sentences


class Reviews(SdistSource):
    """The source (see `lmstudy.data.documents.Source`) of reviews in text files, each file of one label.

    `files` gives each label its file inside the `sdist`. A document is one review, a line without the white space
    around it; its `path` is the file, so that `label` tells its label, and its segments are its sentences. A review
    that several files hold has no certain label and is left out of all of them.
    """

    files: dict[str, str] = Field(min_length=1)

    def identity(self) -> Mapping[str, Any]:
        return {"sha256": self.sdist.sha256, "name": self.sdist.name, "files": list(self.files.values())}

    def read(self, part: Path) -> Reading:
        """All files at once, to see what several of them hold."""
        reading = Reading()
        found = self._texts(part)
        holding = Counter(review for text in found.values() for review in set(_reviews(text)))
        source = self.sdist.name
        for path in self.files.values():
            reading.files[source] += 1
            for number, review in enumerate(_reviews(found[path]), start=1):
                if not review:
                    reading.skipped[source, "empty lines"] += 1
                elif holding[review] > 1:
                    reading.skipped[source, "reviews that files of different labels hold"] += 1
                else:
                    reading.documents.append(Document(review, sentences(review), source, path, str(number)))
        return reading

    def segments(self, text: str) -> tuple[str, ...]:
        """Sentences."""
        return sentences(text)

    def label(self, path: str) -> str:
        """The label of a document's `path`."""
        return {file: label for label, file in self.files.items()}[path]

    def _texts(self, archive: Path) -> dict[str, str]:
        """Text of each file; an sdist's members lie in a folder named after it."""
        wanted = set(self.files.values())
        members = read_members(archive, lambda member: member.partition("/")[2] in wanted)
        inner = ((member.partition("/")[2], content) for member, content in members)
        return texts(inner, wanted, self.sdist.file, "data.files")


def _reviews(text: str) -> list[str]:
    return [line.strip() for line in text.removesuffix("\n").split("\n")]
