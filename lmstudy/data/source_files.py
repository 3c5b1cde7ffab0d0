"""Any folder of text or code: bring your own corpus."""

import bz2
import codecs
import gzip
import lzma
import os
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PositiveInt

from lmstudy.data.cache import files_digest
from lmstudy.data.documents import Document, Progress, Reading, lines, universal_newlines
from lmstudy.data.source_packages import read_python
from lmstudy.errors import StudyError
from lmstudy.overrides import home, listed

PART_BYTES = 2**20
PACKED: dict[str, Callable[[bytes], bytes]] = {".gz": gzip.decompress, ".bz2": bz2.decompress, ".xz": lzma.decompress}
"""Endings of packed files, behind that of what is in them, and how they are unpacked."""
_UNPACKING_FAILS = (OSError, EOFError, zlib.error, lzma.LZMAError)
_NOT_TEXT, _UNTOLD = "files that are not {}", "files of an encoding that nobody can tell"
_DAMAGED = "files whose packing is damaged"


def _suffixes(given: Any) -> Any:
    """Endings in small letters and with their point, of a list or of its text."""
    values = listed(given) if isinstance(given, str) else given
    if not isinstance(values, list):
        return values
    if wrong := [one for one in values if not isinstance(one, str | int | float) or set("[]{}()/") & {*str(one)}]:
        raise ValueError(f"{wrong[0]!r} is no ending; a list of them is wanted, such as [.txt, .md]")
    return list(dict.fromkeys(f".{str(one).strip().lower().removeprefix('.')}" for one in values))


def _encoding(name: str) -> str:
    if name == "auto":
        return name
    try:
        "".encode(name)
        return name if codecs.lookup(name).name != "utf-8" else "utf-8"
    except (LookupError, UnicodeError):
        raise ValueError("name an encoding, such as utf-8, gb18030, big5, latin-1 or utf-16, or auto") from None


class Files(BaseModel):
    """The source (see `lmstudy.data.documents.Source`) of a folder, its sub-folders included.

    `unit` is what becomes one document: the whole `file`; `line`: each line that is not empty; `paragraph`: consecutive
    paragraphs (separated by empty lines) of together at most `characters` characters, or one longer paragraph;
    `function`: functions and methods of `shortest` to `longest` lines of `.py` files. Files are of one `encoding`, or
    each of what the library charset-normalizer takes it for (`auto`, where it is not UTF-8); those that are not are
    counted and left out. Only files that end in one of the `suffixes` are read, in small letters or capitals, packed
    ones (see `PACKED`) too. Hidden files and folders are passed over, and links, unless `links` says to follow them.
    `name` and `licence` are what the report says of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    advice: ClassVar[Mapping[str, str]] = {
        "files that are not ": "data.encoding=auto tells encodings apart, data.encoding=gb18030 (or so) names one",
        _UNTOLD: "data.encoding=NAME names it",
        _DAMAGED: "pack them again",
        "links": "data.links=true follows them",
        "too_long": "data.cleaning.too_long.characters=N keeps longer ones, data.unit=line makes one of each line",
    }
    """Keys that would keep what is left out, by why it is."""

    path: str
    suffixes: Annotated[list[str], BeforeValidator(_suffixes)] = Field(
        default=[".txt", ".md", ".rst", ".py"], min_length=1
    )
    encoding: Annotated[str, AfterValidator(_encoding)] = "utf-8"
    links: bool = False
    unit: Literal["file", "line", "paragraph", "function"] = "paragraph"
    characters: PositiveInt = 1000
    shortest: PositiveInt = 3
    longest: PositiveInt = 60
    name: str = "files"
    licence: str = "not stated"

    def identity(self) -> Mapping[str, Any]:
        """The settings and the content of the files: moving the folder changes nothing."""
        files, _ = self._files()
        with _readable():
            content = files_digest(self._folder(), files)
        told = {"encoding": self.encoding} if self.encoding != "utf-8" else {}  # newer than the first fingerprints
        if self.encoding == "auto":
            told["told by"] = f"charset-normalizer {version('charset-normalizer')}"
        settings = self.model_dump(exclude={"path", "licence", "encoding", "links"})
        return {**settings, **told, "content": content}

    def about(self) -> Mapping[str, Mapping[str, Any]]:
        return {self.name: {"version": None, "licence": self.licence, "role": None}}

    def parts(self, cache: Path, progress: Progress) -> Sequence[tuple[Path, ...]]:
        files, linked = self._files()
        if linked:
            progress(f"data: {linked} links are left out; {self.advice['links']}")
        parts: list[tuple[Path, ...]] = []
        current: list[Path] = []
        size = 0
        for file in files:
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
            path = printable(file.relative_to(self._folder()))
            with _readable():
                content = file.read_bytes()
            try:
                content = PACKED.get(file.suffix.lower(), bytes)(content)
            except _UNPACKING_FAILS:
                reading.skipped[self.name, _DAMAGED] += 1
                continue
            if self.unit == "function":
                read_python(reading, content, self.name, path, self.shortest, self.longest)
                continue
            text, why = self._decoded(content)
            if text is None:
                reading.skipped[self.name, why] += 1
                continue
            for number, unit in enumerate(self._units(universal_newlines(text)), start=1):
                reading.documents.append(Document(unit, lines(unit), self.name, path, str(number)))
        return reading

    def _units(self, text: str) -> Iterator[str]:
        if self.unit == "file":
            yield text
        elif self.unit == "line":
            yield from (line for line in lines(text) if line.strip())
        else:
            yield from paragraphs(text, self.characters)

    def _decoded(self, content: bytes) -> tuple[str | None, str]:
        """The text of a file; or None, and why there is none."""
        try:
            return content.decode("utf-8-sig" if self.encoding in ("auto", "utf-8") else self.encoding), ""
        except UnicodeError:
            if self.encoding != "auto":
                return None, _NOT_TEXT.format(self.encoding.upper() if self.encoding == "utf-8" else self.encoding)
        from charset_normalizer import from_bytes

        best = from_bytes(content).best()
        return (None, _UNTOLD) if best is None else (str(best).removeprefix("\ufeff"), "")

    def _folder(self) -> Path:
        if not self.path.strip():
            raise StudyError("data.path is empty: name a folder, as in data.path=/home/me/texts")
        folder = Path(home(self.path, "data.path"))
        if not folder.is_dir():
            raise StudyError(f"data.path={self.path!r} is no folder")
        return folder

    def _files(self) -> tuple[list[Path], int]:
        """Files to be read, in the order of their names, and how many links are passed over."""
        if self.unit == "function" and set(self.suffixes) != {".py"}:
            raise StudyError(
                f"data.unit=function reads Python only, but data.suffixes={self.suffixes}; set data.suffixes=[.py]"
            )
        files, others, linked = [], Counter[str](), 0
        with _readable():
            found = list(_walk(self._folder(), self.links))
        for path in found:
            suffix = (Path(path.stem) if path.suffix.lower() in PACKED else path).suffix.lower()
            wanted = suffix in self.suffixes or path.suffix.lower() in self.suffixes
            if path.is_symlink() and not self.links:
                linked += wanted or path.is_dir()
            elif path.is_file() and wanted:
                files.append(path)
            elif path.is_file():
                others[path.suffix or path.name] += 1
        if not files:
            said = [f"{count} that end in {printable(Path(suffix))}" for suffix, count in others.most_common(5)]
            said += [f"{linked} links ({self.advice['links']})"] if linked else []
            there = f", but {', '.join(said)}; data.suffixes=[.ENDING] names others" if said else ""
            raise StudyError(f"data.path={self.path!r} holds no file that ends in one of {self.suffixes}{there}")
        return sorted(files), linked


def printable(path: Path) -> str:
    """The name of a file, with what is no text in it (a name may be any bytes) written as an escape."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _walk(folder: Path, follow: bool) -> Iterator[Path]:
    """What is in a folder and its sub-folders, but for what is hidden; links to folders as they are, or followed once.

    Raises:
        StudyError: a part of it cannot be read: whoever may read it would find another corpus.
    """

    def stop(error: OSError) -> None:
        raise _unreadable(error)

    seen = set[str]()
    for here, folders, files in os.walk(folder, onerror=stop, followlinks=follow):
        real = os.path.realpath(here)
        if real in seen:  # a link that leads to where it was
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(here, name) for name in sorted(files) if not name.startswith("."))
        yield from (path for name in folders if (path := Path(here, name)).is_symlink() and not follow)


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
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> StudyError:
    return StudyError(
        f"data.path: cannot read {error.filename}: {error.strerror}; make it readable, or move it out of the folder"
    )
