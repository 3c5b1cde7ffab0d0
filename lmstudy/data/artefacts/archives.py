"""Reads members of wheels and tarballs in memory: nothing is ever extracted to disk or executed.

Members that name a place outside the archive, that are links or devices, or that are implausibly large
are refused (compare PEP 706, "Filter for tarfile.extractall").
"""

import io
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from lmstudy.errors import StudyError

MEMBER_LIMIT = 64 * 2**20
"""Bytes a member may hold unpacked."""
TOTAL_LIMIT = 2 * 2**30
"""Bytes an archive may hold unpacked."""

_BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


def member_names(archive: Path) -> list[str]:
    """Names of the files inside, after checking every member.

    Raises:
        StudyError: the archive is damaged or holds a member that is refused.
    """
    with archive.open("rb") as content, _files(archive, archive, content) as files:
        return [file.name for file in files]


def read_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the files whose name is wanted, in the archive's order.

    Raises:
        StudyError: as `member_names`, or a member turns out longer than it declared.
    """
    with archive.open("rb") as content, _files(archive, archive, content) as files:
        yield from ((file.name, file.read()) for file in files if wanted(file.name))


def read_nested(archive: Path, inner: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the wanted files of the tarball `inner`, which lies in the outer archive's own folder.

    Raises:
        StudyError: either archive is damaged, holds a member that is refused, or the outer one lacks the inner.
    """
    packed = [content for _, content in read_members(archive, lambda name: name.partition("/")[2] == inner)]
    if not packed:
        raise StudyError(f"data.archive={inner!r}: {archive.name} holds no such file")
    with _files(archive / inner, archive, io.BytesIO(packed[0])) as files:
        yield from ((file.name, file.read()) for file in files if wanted(file.name))


class _Member(NamedTuple):
    name: str
    size: int
    kind: str
    """ "file", "folder", or what it is instead."""
    read: Callable[[], bytes]


@contextmanager
def _files(place: Path, archive: Path, content: BinaryIO) -> Iterator[list[_Member]]:
    """The checked files of an archive that lies at `place`, in or instead of `archive`."""
    try:
        if zipfile.is_zipfile(content):
            with zipfile.ZipFile(content) as opened:
                yield _checked(place, [_zip_member(opened, info) for info in opened.infolist()])
        else:
            content.seek(0)
            with tarfile.open(fileobj=content) as opened_tar:
                yield _checked(place, [_tar_member(opened_tar, info) for info in opened_tar])
    except _BROKEN as error:
        message = f"{place} is damaged or no archive ({error}): delete {archive} and it is fetched again"
        raise StudyError(message) from error


def _zip_member(opened: zipfile.ZipFile, info: zipfile.ZipInfo) -> _Member:
    mode = info.external_attr >> 16
    kind = "link" if stat.S_ISLNK(mode) else "special file"
    if info.is_dir() or stat.S_IFMT(mode) in (0, stat.S_IFREG):
        kind = "folder" if info.is_dir() else "file"
    return _Member(info.filename, info.file_size, kind, partial(opened.read, info))


def _tar_member(opened: tarfile.TarFile, info: tarfile.TarInfo) -> _Member:
    kind = "link" if info.issym() or info.islnk() else "special file"
    if info.isdir() or info.isreg():
        kind = "folder" if info.isdir() else "file"
    return _Member(info.name, info.size, kind, lambda: opened.extractfile(info).read())  # type: ignore[union-attr]


def _checked(archive: Path, members: list[_Member]) -> list[_Member]:
    """The files among the members, none of which is refused."""
    total = 0
    for name, size, kind, _ in members:
        path = PurePosixPath(name.replace("\\", "/"))
        total += size
        if path.is_absolute() or ".." in path.parts or ":" in "".join(path.parts[:1]):
            raise _refused(archive, name, "it names a place outside the archive")
        if kind not in ("file", "folder"):
            raise _refused(archive, name, f"it is a {kind}")
        if size > MEMBER_LIMIT:
            raise _refused(archive, name, f"it would unpack to {size} bytes, more than {MEMBER_LIMIT}")
        if total > TOTAL_LIMIT:
            raise _refused(archive, name, f"the archive would unpack to more than {TOTAL_LIMIT} bytes")
    return [member for member in members if member.kind == "file"]


def _refused(archive: Path, member: str, why: str) -> StudyError:
    return StudyError(f"{archive}: member {member!r} is refused: {why}; use an artefact you trust")
