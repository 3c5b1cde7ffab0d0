from pathlib import Path

import pytest

from lmstudy.data.source_files import Files, paragraphs
from lmstudy.errors import StudyError
from tests.conftest import write_files


def read(source: Files) -> tuple[dict[str, str], dict[str, int]]:
    texts, skipped = {}, {}
    for part in source.parts(Path("unused"), print):
        reading = source.read(part)
        texts.update({f"{document.path}:{document.name}": document.text for document in reading.documents})
        skipped.update({reason: count for (_, reason), count in reading.skipped.items()})
    return texts, skipped


def test_files_of_any_kind(tmp_path):
    write_files(tmp_path, {"中.md": "第一段\n\n第二段", "c.dat": "no", ".git/d.txt": "hidden", "deep/a.txt": ""})
    (tmp_path / "deep" / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe")
    (tmp_path / "e.txt").symlink_to("/etc/hostname")
    texts, skipped = read(Files(path=str(tmp_path), unit="file"))
    assert texts == {"deep/a.txt:1": "one\ntwo\n", "中.md:1": "第一段\n\n第二段"}
    assert skipped == {"files that are not UTF-8": 1}


def test_paragraphs_join_up_to_a_length():
    text = "\n\na1\na2\n\n\nb1\n  \nc1 long\nc2 long\n\nd"
    assert list(paragraphs(text, 11)) == ["a1\na2\n\nb1\n", "c1 long\nc2 long\n", "d"]
    assert list(paragraphs(text, 1)) == ["a1\na2\n", "b1\n", "c1 long\nc2 long\n", "d"]
    assert list(paragraphs(text, 1000)) == ["a1\na2\n\nb1\n\nc1 long\nc2 long\n\nd"]
    assert list(paragraphs("\n \n", 10)) == []


def test_functions_of_python_files(tmp_path):
    write_files(tmp_path, {"a.py": "x = 1\n\ndef f():\n    y = 2\n    return y\n", "b.py": "def f(:\n"})
    texts, skipped = read(Files(path=str(tmp_path), unit="function", suffixes=[".py"]))
    assert texts == {"a.py:f": "def f():\n    y = 2\n    return y\n"}
    assert skipped == {"files that do not parse": 1}
    with pytest.raises(StudyError, match=r"data\.unit=function .* set data\.suffixes=\[\.py\]"):
        Files(path=str(tmp_path), unit="function").identity()


def test_identity_is_content_not_place(tmp_path):
    def identity(folder: str, **files: str) -> object:
        return Files(path=str(write_files(tmp_path / folder, {f"{n}.txt": t for n, t in files.items()}))).identity()

    assert identity("here", a="one\n") == identity("there", a="one\n")
    assert identity("there", a="two\n") != identity("here")
    assert identity("elsewhere", b="one\n") != identity("here")


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("", r"data\.path is empty"),
        ("/nowhere", r"data\.path='/nowhere' is no folder"),
        (".", r"no file that ends in one of"),
    ],
)
def test_wrong_path(path, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match=said):
        Files(path=path).identity()
