"""Any folder of text or code: bring your own corpus."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from lmstudy.data.cache import files_digest
from lmstudy.data.documents import Document, Progress, Reading, lines, universal_newlines
from lmstudy.data.source_packages import read_python
from lmstudy.errors import StudyError

PART_BYTES = 2**20


class Files(BaseModel):
    """The source (see `lmstudy.data.documents.Source`) of a folder, its sub-folders included.

    `unit` is what becomes one document: the whole `file`; `paragraph`: consecutive paragraphs (separated by
    empty lines) of together at most `characters` characters, or one longer paragraph; `function`: functions
    and methods of `shortest` to `longest` lines of `.py` files. Hidden files and folders, and links, are
    passed over. Files are UTF-8; those that are not are counted and left out. Only files that end in one of the
    `suffixes` are read; `name` and `licence` are what the report says of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    path: str
    suffixes: list[str] = Field(default=[".txt", ".md", ".rst", ".py"], min_length=1)
    unit: Literal["file", "paragraph", "function"] = "paragraph"
    characters: PositiveInt = 1000
    shortest: PositiveInt = 3
    longest: PositiveInt = 60
    name: str = "files"
    licence: str = "not stated"

    def identity(self) -> Mapping[str, Any]:
        """The settings and the content of the files: moving the folder changes nothing."""
        with _readable():
            content = files_digest(self._folder(), self._files())
        return {**self.model_dump(exclude={"path", "licence"}), "content": content}

    def about(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"version": None, "licence": self.licence, "role": None}}

    def parts(self, cache: Path, progress: Progress) -> Sequence[tuple[Path, ...]]:
        parts: list[tuple[Path, ...]] = []
        current: list[Path] = []
        size = 0
        for file in self._files():
            current.append(file)
            size += file.stat().st_size
            if size >= PART_BYTES:
                parts.append(tuple(current))
                current, size = [], 0
        return [*parts, tuple(current)] if current else parts

    def read(self, part: tuple[Path, ...]) -> Reading:
        reading = Reading()
        for file in part:
            reading.files[self.name] += 1
            path = file.relative_to(self._folder()).as_posix()
            with _readable():
                content = file.read_bytes()
            if self.unit == "function":
                read_python(reading, content, self.name, path, self.shortest, self.longest)
                continue
            try:
                text = universal_newlines(content.decode("utf-8-sig"))
            except UnicodeDecodeError:
                reading.skipped[self.name, "files that are not UTF-8"] += 1
                continue
            units = [text] if self.unit == "file" else paragraphs(text, self.characters)
            for number, unit in enumerate(units, start=1):
                reading.documents.append(Document(unit, lines(unit), self.name, path, str(number)))
        return reading

    def _folder(self) -> Path:
        if not self.path.strip():
            raise StudyError("data.path is empty: name a folder, as in data.path=/home/me/texts")
        folder = Path(self.path).expanduser()
        if not folder.is_dir():
            raise StudyError(f"data.path={self.path!r} is no folder")
        return folder

    def _files(self) -> list[Path]:
        if self.unit == "function" and set(self.suffixes) != {".py"}:
            raise StudyError(
                f"data.unit=function reads Python only, but data.suffixes={self.suffixes}; set data.suffixes=[.py]"
            )
        folder = self._folder()
        files = []
        for file in folder.rglob("*"):
            hidden = any(part.startswith(".") for part in file.relative_to(folder).parts)
            if file.suffix in self.suffixes and not hidden and file.is_file() and not file.is_symlink():
                files.append(file)
        if not files:
            raise StudyError(f"data.path={self.path!r} holds no file that ends in one of {self.suffixes}")
        return sorted(files)


def paragraphs(text: str, characters: int) -> Iterator[str]:
    """Consecutive paragraphs joined up to a length in characters, without empty lines around the whole."""
    current = ""
    for empty, run in groupby(lines(text), lambda line: not line.strip()):
        paragraph = "" if empty else "".join(run)
        if current and paragraph and len(current) + 1 + len(paragraph) > characters:
            yield current
            current = ""
        current += ("\n" if current and paragraph else "") + paragraph
    if current:
        yield current


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StudyError(f"data.path: cannot read {error.filename}: {error.strerror}") from error
