import bz2
import gzip
import os
from pathlib import Path

import pytest

from lmstudy.data.corpus import prepare
from lmstudy.data.settings import parse_source
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


CHINESE = "今天下雨了，我们在屋里读书喝茶，等到傍晚才出门散步。街上的灯一盏一盏亮起来，河水很静。" * 3


def test_encodings_are_told_apart_or_named(tmp_path):
    (tmp_path / "a.txt").write_bytes(CHINESE.encode("gb18030"))
    (tmp_path / "b.txt").write_bytes(CHINESE.encode("utf-16"))
    (tmp_path / "c.txt").write_text("plain", encoding="utf-8")
    assert read(Files(path=str(tmp_path), unit="file"))[1] == {"files that are not UTF-8": 2}
    told, skipped = read(Files(path=str(tmp_path), unit="file", encoding="auto"))
    assert (told["a.txt:1"], told["b.txt:1"], told["c.txt:1"], skipped) == (CHINESE, CHINESE, "plain", {})
    named, skipped = read(Files(path=str(tmp_path), unit="file", encoding="gb18030"))
    assert named["a.txt:1"] == CHINESE
    assert skipped == {"files that are not gb18030": 1}


@pytest.mark.parametrize("name", ["klingon", "undefined", "base64"])
def test_an_encoding_that_nobody_knows(name):
    with pytest.raises(StudyError, match=rf"data\.encoding='{name}': name an encoding, such as utf-8, gb18030"):
        parse_source({"_target_": "lmstudy.data.source_files.Files", "path": "x", "encoding": name})


@pytest.mark.parametrize("suffixes", [["txt"], [".TXT"], "txt", ".txt", "[.txt]", "TXT, .txt"])
def test_suffixes_in_any_case_as_text_or_list(suffixes, tmp_path):
    write_files(tmp_path, {"a.txt": "a", "b.TXT": "b", "c.md": "c"})
    source = Files(path=str(tmp_path), suffixes=suffixes)
    assert sorted(read(source)[0].values()) == ["a", "b"]
    assert source.identity() == Files(path=str(tmp_path), suffixes=[".txt"]).identity()


@pytest.mark.parametrize("suffixes", ["[.py", [["a"]], [None], {"a": 1}, [".tar/gz"]])
def test_what_is_no_ending_is_refused(suffixes, tmp_path):
    write_files(tmp_path, {"a.txt": "a"})
    with pytest.raises(StudyError, match=r"data\.suffixes.*: .* is no ending; a list of them is wanted|valid list"):
        parse_source({"_target_": "lmstudy.data.source_files.Files", "path": str(tmp_path), "suffixes": suffixes})


def test_packed_files_and_damaged_ones(tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(b"one"))
    (tmp_path / "b.txt.BZ2").write_bytes(bz2.compress(b"two"))
    (tmp_path / "c.txt.gz").write_bytes(gzip.compress(b"three" * 99)[:-9])
    texts, skipped = read(Files(path=str(tmp_path)))
    assert texts == {"a.txt.gz:1": "one", "b.txt.BZ2:1": "two"}
    assert skipped == {"files whose packing is damaged": 1}


def test_lines(tmp_path):
    write_files(tmp_path, {"a.txt": "one\n\n two\nthree"})
    assert list(read(Files(path=str(tmp_path), unit="line"))[0].values()) == ["one\n", " two\n", "three"]


def test_links_are_counted_or_followed_once(tmp_path, capsys):
    folder = write_files(tmp_path / "in", {"a.txt": "one"})
    write_files(tmp_path / "out", {"b.txt": "two"})
    (folder / "round").symlink_to(folder, target_is_directory=True)
    (folder / "other").symlink_to(tmp_path / "out", target_is_directory=True)
    (folder / "c.txt").symlink_to(tmp_path / "out" / "b.txt")
    assert list(read(Files(path=str(folder)))[0]) == ["a.txt:1"]
    assert capsys.readouterr().out == "data: 3 links are left out; data.links=true follows them\n"
    assert list(read(Files(path=str(folder), links=True))[0]) == ["a.txt:1", "c.txt:1", "other/b.txt:1"]


def test_a_name_may_be_any_bytes(tmp_path):
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.txt")).write_text("one")
    source = Files(path=str(tmp_path))
    assert list(read(source)[0]) == ["\\xff.txt:1"]
    assert len(source.identity()["content"]) == 64


def test_a_part_that_cannot_be_read_stops_whoever_runs_it(tmp_path, monkeypatch):
    write_files(tmp_path, {"a.txt": "one", "closed/b.txt": "two"})
    scan = os.scandir
    refused = PermissionError(13, "Permission denied", str(tmp_path / "closed"))

    def closed(path):
        if str(path).endswith("closed"):
            raise refused
        return scan(path)

    monkeypatch.setattr(os, "scandir", closed)
    with pytest.raises(StudyError, match=r"cannot read .*closed: Permission denied; make it readable, or move it"):
        Files(path=str(tmp_path)).identity()


def test_what_lies_there_is_named_where_nothing_is_read(tmp_path):
    write_files(tmp_path, {"a.dat": "1", "b.dat": "2", "c.log": "3"})
    with pytest.raises(
        StudyError, match=r"but 2 that end in \.dat, 1 that end in \.log; data\.suffixes=\[\.ENDING\] names"
    ):
        Files(path=str(tmp_path)).identity()


def test_fingerprints_from_before_encodings_stay(tmp_path):
    write_files(tmp_path, {"a.txt": "one"})
    assert not {"encoding", "links", "told by"} & set(Files(path=str(tmp_path)).identity())
    assert "told by" in Files(path=str(tmp_path), encoding="auto").identity()


@pytest.mark.usefixtures("one_process")
def test_what_is_left_out_is_said_with_the_key_that_would_keep_it(tmp_path):
    names = [f"{place} {number}" for place in ("river", "stone") for number in range(12)]
    folder = write_files(tmp_path / "texts", {f"{n}.txt": f"The {n} is a place of {n}, as all know." for n in names})
    for number in range(30):
        (folder / f"x{number}.txt").write_bytes(f"déjà vu {number}".encode("latin-1"))
    write_files(folder, {f"long{n}.txt": f"the line {n} is long\n" * 2000 for n in range(3)})
    steps = {
        "cleaning": {"too_long": {"characters": 20000}},
        "deduplication": None,
        "split": {"by": "file", "valid": 0.1, "test": 0.1},
        "tokenizer": {"vocab_size": 300},
    }
    said: list[str] = []
    settings = {"_target_": "lmstudy.data.source_files.Files", "path": str(folder), **steps}
    prepare(settings, tmp_path / "cache", said.append)
    files, text = (line for line in said if "left out" in line)
    assert files == (
        "data: WARNING: MORE THAN HALF OF THE FILES ARE LEFT OUT. 30 of 57 files left out: "
        "files that are not UTF-8 (30; data.encoding=auto tells encodings apart, "
        "data.encoding=gb18030 (or so) names one)"
    )
    assert text.startswith("data: WARNING: MORE THAN HALF OF THE TEXT IS LEFT OUT. 99% of the text left out: ")
    assert (
        "data.cleaning.too_long drops 3 (data.cleaning.too_long.characters=N keeps longer ones, data.unit=line" in text
    )
    prepare(settings, tmp_path / "cache", (again := []).append)  # from the cache, and as loud
    assert again == [files, text]
    prepare({**settings, "unit": "line", "encoding": "auto"}, tmp_path / "cache", (fine := []).append)
    assert not [line for line in fine if "left out" in line]
