"""A tarball inside an archive, read in memory as `lmstudy.data.archives` reads the outer one."""

import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from lmstudy.data.archives import _check, _tar_member, read_members
from lmstudy.errors import StudyError


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
            members = list(opened)
            names = set(_check(place, [_tar_member(member) for member in members]))
            for member in members:
                if member.name in names and wanted(member.name):
                    content = opened.extractfile(member)
                    assert content is not None  # only regular files passed the check
                    yield member.name, content.read()
    except (tarfile.TarError, zlib.error, EOFError) as error:
        raise StudyError(
            f"{place} is damaged or no tarball ({error}): delete the archive and it is fetched again"
        ) from error
