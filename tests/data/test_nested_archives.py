import io
import random
import tarfile
from pathlib import Path

import pytest

from lmstudy.data.artefacts.archives import read_nested
from lmstudy.errors import StudyError
from tests.data.rated import INNER, build_tarball
from tests.data.wheels import build_sdist


def test_only_what_is_wanted_is_read(tmp_path: Path) -> None:
    inner = build_tarball({"a/one.txt": "eins", "a/two.txt": "zwei", "a/run.py": "raise SystemExit"})
    sdist = build_sdist(tmp_path, "alpha", {INNER: inner, f"other/{INNER}": b"none"})
    assert list(read_nested(sdist, INNER, lambda name: name.endswith("two.txt"))) == [("a/two.txt", b"zwei")]


def test_what_lies_outside_is_refused(tmp_path: Path) -> None:
    sdist = build_sdist(tmp_path, "alpha", {INNER: build_tarball({"a.txt": "x", "../b.txt": "x"})})
    with pytest.raises(StudyError, match=r"inner\.tar\.gz: member '\.\./b\.txt' is refused: .*outside the archive"):
        list(read_nested(sdist, INNER, lambda _: True))


def test_links_are_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        info = tarfile.TarInfo("a")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    sdist = build_sdist(tmp_path, "alpha", {INNER: packed.getvalue()})
    with pytest.raises(StudyError, match="member 'a' is refused: it is a link"):
        list(read_nested(sdist, INNER, lambda _: True))


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, r"data\.archive='extra/inner\.tar\.gz': alpha-1\.0\.tar\.gz holds no such file"),
        ({INNER: b"no tarball at all"}, r"inner\.tar\.gz is damaged or no archive"),
        (
            {INNER: build_tarball({"a.txt": random.Random(0).randbytes(9000)})[:4000]},
            r"inner\.tar\.gz is damaged or no archive",
        ),
    ],
)
def test_archives_that_cannot_be_read(tmp_path: Path, files: dict[str, str | bytes], said: str) -> None:
    with pytest.raises(StudyError, match=said):
        list(read_nested(build_sdist(tmp_path, "alpha", files), INNER, lambda _: True))
