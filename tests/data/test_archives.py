import io
import random
import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from lmstudy.data.artefacts import archives
from lmstudy.data.artefacts.archives import member_names, read_members, read_nested
from lmstudy.errors import StudyError
from tests.data.wheels import build_sdist, tarball

INNER = "extra/inner.tar.gz"


def zip_of(path: Path, *members: zipfile.ZipInfo | str, content: bytes = b"x = 1\n") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in members:
            archive.writestr(member, content)
    return path


def tar_of(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    return path


def tar_member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, size, "/etc/passwd"
    return member


def test_reads_wanted_members_in_memory(tmp_path):
    archive = zip_of(tmp_path / "a.whl", "a/b.py", "a/c.txt", "a/")
    tarball = tar_of(tmp_path / "a.tar.gz", tar_member("a", tarfile.DIRTYPE), tar_member("a/b.py", size=6))
    before = sorted(tmp_path.rglob("*"))
    assert member_names(archive) == ["a/b.py", "a/c.txt"]
    assert list(read_members(archive, lambda name: name.endswith(".py"))) == [("a/b.py", b"x = 1\n")]
    assert list(read_members(tarball, lambda name: True)) == [("a/b.py", bytes(6))]
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["/etc/x.py", "../x.py", "a/../../x.py", "..\\x.py", "C:\\x.py"])
def test_refuses_to_leave_the_archive(tmp_path, name):
    info = zipfile.ZipInfo("x")
    info.filename = name
    for archive in (zip_of(tmp_path / "a.whl", info), tar_of(tmp_path / "a.tar.gz", tar_member(name))):
        with pytest.raises(StudyError, match="outside the archive") as error:
            list(read_members(archive, lambda _: True))
        assert str(archive) in str(error.value)
        assert repr(name) in str(error.value)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, None])
def test_refuses_links_and_devices(tmp_path, kind):
    link = zipfile.ZipInfo("a/x.py")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(StudyError, match=r"'a/x\.py' is refused: it is a (link|special file)"):
        member_names(tar_of(tmp_path / "a", tar_member("a/x.py", kind)) if kind else zip_of(tmp_path / "a", link))


def test_refuses_bombs(tmp_path, monkeypatch):
    bomb = zip_of(tmp_path / "bomb.whl", "a.py", content=bytes(archives.MEMBER_LIMIT + 1))
    assert bomb.stat().st_size < 100_000
    with pytest.raises(StudyError, match=r"'a\.py' is refused: it would unpack to 67108865 bytes"):
        list(read_members(bomb, lambda _: True))
    monkeypatch.setattr(archives, "TOTAL_LIMIT", 15)
    with pytest.raises(StudyError, match="the archive would unpack to more than 15 bytes"):
        member_names(zip_of(tmp_path / "many.whl", "a.py", "b.py", "c.py"))


def test_a_lie_about_the_size_does_not_help(tmp_path):
    archive = zip_of(tmp_path / "a.whl", "a.py", content=bytes(5000))
    content = archive.read_bytes().replace((5000).to_bytes(4, "little"), (5).to_bytes(4, "little"))
    archive.write_bytes(content)
    with pytest.raises(StudyError, match="damaged"):
        list(read_members(archive, lambda _: True))


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.95])
def test_truncated_archives(tmp_path, keep):
    noise = bytes(i * i % 251 for i in range(20_000))
    whole = zip_of(tmp_path / "a.whl", "a.py", "b.py", content=noise).read_bytes()
    tar_of(tmp_path / "a.tar.gz", tar_member("a.py", size=100_000), tar_member("b.py", size=100_000))
    for name, content in {"a.whl": whole, "a.tar.gz": (tmp_path / "a.tar.gz").read_bytes()}.items():
        (tmp_path / name).write_bytes(content[: int(keep * len(content))])
        with pytest.raises(StudyError, match="damaged") as error:
            list(read_members(tmp_path / name, lambda _: True))
        assert name in str(error.value)


def nested(folder: Path, files: dict[str, str | bytes], wanted=lambda _: True) -> list[tuple[str, bytes]]:
    return list(read_nested(build_sdist(folder, "alpha", files), INNER, wanted))


def test_only_what_is_wanted_of_a_tarball_inside_is_read(tmp_path):
    inner = tarball({"a/one.txt": "eins", "a/two.txt": "zwei", "a/run.py": "raise SystemExit"})
    files = {INNER: inner, f"other/{INNER}": b"none"}
    assert nested(tmp_path, files, lambda name: name.endswith("two.txt")) == [("a/two.txt", b"zwei")]


def test_members_of_a_tarball_inside_are_refused_as_others_are(tmp_path):
    with pytest.raises(StudyError, match=r"inner\.tar\.gz: member '\.\./b\.txt' is refused: .*outside the archive"):
        nested(tmp_path, {INNER: tarball({"a.txt": "x", "../b.txt": "x"})})
    link = tar_of(tmp_path / "link.tar.gz", tar_member("a", tarfile.SYMTYPE)).read_bytes()
    with pytest.raises(StudyError, match="member 'a' is refused: it is a link"):
        nested(tmp_path, {INNER: link})


def test_tarballs_inside_that_cannot_be_read(tmp_path):
    with pytest.raises(StudyError, match=r"data\.archive='extra/inner\.tar\.gz': alpha-1.* holds no such file"):
        nested(tmp_path, {})
    for broken in (b"no tarball at all", tarball({"a.txt": random.Random(0).randbytes(9000)})[:4000]):
        with pytest.raises(StudyError, match=r"inner\.tar\.gz is damaged or no archive (?s:.*)delete .*alpha-1"):
            nested(tmp_path, {INNER: broken})
