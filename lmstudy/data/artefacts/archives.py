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
from pathlib import Path, PurePosixPath

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
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                return _check(archive, [_zip_member(info) for info in opened.infolist()])
        with tarfile.open(archive) as opened_tar:
            return _check(archive, [_tar_member(info) for info in opened_tar])
    except _BROKEN as error:
        raise _damaged(archive, archive, error) from error


def read_members(archive: Path, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the files whose name is wanted, in the archive's order.

    Raises:
        StudyError: as `member_names`, or a member turns out longer than it declared.
    """
    try:
        if zipfile.is_zipfile(archive):
            names = set(member_names(archive))
            with zipfile.ZipFile(archive) as opened:
                for info in opened.infolist():
                    if info.filename in names and wanted(info.filename):
                        yield info.filename, opened.read(info)
        else:
            with tarfile.open(archive) as opened_tar:
                yield from _read_tar(archive, opened_tar, wanted)
    except _BROKEN as error:
        raise _damaged(archive, archive, error) from error


def read_nested(archive: Path, inner: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """(name, content) of the wanted files of the tarball `inner`, which lies in the outer archive's own folder.

    Raises:
        StudyError: either archive is damaged, holds a member that is refused, or the outer one lacks the inner.
    """
    packed = [content for _, content in read_members(archive, lambda name: name.partition("/")[2] == inner)]
    if not packed:
        raise StudyError(f"data.archive={inner!r}: {archive.name} holds no such file")
    place = archive / inner
    try:
        with tarfile.open(fileobj=io.BytesIO(packed[0])) as opened:
            yield from _read_tar(place, opened, wanted)
    except _BROKEN as error:
        raise _damaged(place, archive, error) from error


def _read_tar(place: Path, opened: tarfile.TarFile, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    members = list(opened)
    names = set(_check(place, [_tar_member(member) for member in members]))
    for member in members:
        if member.name in names and wanted(member.name):
            content = opened.extractfile(member)
            assert content is not None  # only regular files passed the check
            yield member.name, content.read()


_Member = tuple[str, int, str]
"""Name, size in bytes, and kind: "file", "folder", or what it is instead."""


def _zip_member(info: zipfile.ZipInfo) -> _Member:
    mode = info.external_attr >> 16
    if info.is_dir():
        kind = "folder"
    elif stat.S_IFMT(mode) in (0, stat.S_IFREG):
        kind = "file"
    else:
        kind = "link" if stat.S_ISLNK(mode) else "special file"
    return info.filename, info.file_size, kind


def _tar_member(info: tarfile.TarInfo) -> _Member:
    if info.isdir():
        kind = "folder"
    elif info.isreg():
        kind = "file"
    else:
        kind = "link" if info.issym() or info.islnk() else "special file"
    return info.name, info.size, kind


def _check(archive: Path, members: list[_Member]) -> list[str]:
    total = 0
    for name, size, kind in members:
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
    return [name for name, _, kind in members if kind == "file"]


def _refused(archive: Path, member: str, why: str) -> StudyError:
    return StudyError(f"{archive}: member {member!r} is refused: {why}; use an artefact you trust")


def _damaged(place: Path, archive: Path, error: Exception) -> StudyError:
    return StudyError(f"{place} is damaged or no archive ({error}): delete {archive} and it is fetched again")
