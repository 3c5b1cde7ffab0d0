"""A file is whole or absent, and an earlier one stays until the new one is whole."""

import pytest

from lmstudy.atomic import replacing, sweep_up, write_text


def test_the_new_file_takes_the_place_of_the_old_when_it_is_whole(tmp_path):
    path = tmp_path / "folder" / "file.txt"
    write_text(path, "one\n编程")
    assert path.read_bytes() == "one\n编程".encode()
    with replacing(path) as temporary:
        assert temporary.parent == path.parent
        temporary.write_bytes(b"two")
        assert path.read_bytes() != b"two"
    assert path.read_bytes() == b"two"
    assert [each.name for each in path.parent.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("begun", [True, False])
def test_a_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path, begun):
    path = tmp_path / "file.txt"
    write_text(path, "old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:  # noqa: PT012
        if begun:
            temporary.write_text("ne")
        raise KeyboardInterrupt
    with pytest.raises(FileNotFoundError), replacing(path):
        pass  # a block that writes nothing is an error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_of_the_disk_names_the_file_that_was_wanted(tmp_path):
    with pytest.raises(OSError, match="No space left") as told, replacing(tmp_path / "file.txt"):
        raise OSError(28, "No space left on device")
    assert told.value.filename == str(tmp_path / "file.txt")


def test_what_a_kill_left_is_swept_up(tmp_path):
    write_text(tmp_path / "deep" / "file.txt", "whole")
    (tmp_path / "deep" / ".file.txt.123.tmp").write_text("who")
    sweep_up(tmp_path)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["file.txt"]
