"""Artefacts are fetched from a folder that stands in for the package index, and from a small one on this machine."""

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from unearth import PackageFinder

from lmstudy.data.artefacts import fetching
from lmstudy.data.artefacts.fetching import fetch, fetch_all, place
from lmstudy.data.artefacts.package_index import client, finders, pip_settings, unreachable, without_addresses
from lmstudy.errors import StudyError
from tests.data.wheels import build_sdist, build_wheel, pin, pin_sdist, put


def test_fetches_once_executes_nothing_and_then_needs_no_network(index, tmp_path):
    marker = tmp_path / "executed"
    build = f"open({str(marker)!r}, 'w')\n"
    # made for a later Python than the one that runs: it is read, never installed
    wheels = [build_wheel(index, name, {"alpha/__init__.py": build}, ">=3.99") for name in ("alpha", "beta")]
    sdist = build_sdist(index, "alpha", {"setup.py": build, "alpha/a.txt": "text\n"})
    build_sdist(index, "alpha", {"setup.py": build}, "1.1")  # not what is pinned
    pins = [*map(pin, wheels), pin_sdist(sdist)]
    contents = [file.read_bytes() for file in (*wheels, sdist)]
    said: list[str] = []
    files = fetch_all(pins, tmp_path / "cache", said.append)
    assert files == [place(pinned, tmp_path / "cache") for pinned in pins]
    assert [file.read_bytes() for file in files] == contents
    assert len(said) == 3
    assert all("fetched" in line for line in said)
    assert not marker.exists()
    for file in (*wheels, sdist):
        file.unlink()  # copied, not moved
    assert fetch_all(pins, tmp_path / "cache", said.append) == files
    assert len(said) == 3


@pytest.mark.parametrize("damage", [lambda content: content[:50], lambda content: content + b"x"])
def test_damaged_file_is_fetched_again(index, tmp_path, damage):
    wheel = build_wheel(index, "alpha", {"alpha/a.py": "x = 1\n"})
    cached = put(wheel, pin(wheel), tmp_path)
    cached.write_bytes(damage(cached.read_bytes()))
    said: list[str] = []
    assert fetch(pin(wheel), tmp_path, said.append).read_bytes() == wheel.read_bytes()
    assert "is damaged" in said[0]
    assert str(cached) in said[0]


def test_no_network_says_where_to_put_the_file(index, tmp_path):
    wheel = build_wheel(tmp_path / "elsewhere", "alpha", {"alpha/a.py": "x = 1\n"})
    with pytest.raises(
        StudyError, match=r"no file alpha-1\.0-py3-none-any\.whl of alpha==1\.0; .*no file of alpha"
    ) as error:
        fetch(pin(wheel), tmp_path, print)
    assert str(place(pin(wheel), tmp_path)) in str(error.value)
    assert "\n" not in str(error.value)
    put(wheel, pin(wheel), tmp_path)
    assert fetch(pin(wheel), tmp_path, print).read_bytes() == wheel.read_bytes()


def test_messages_are_passed_on_without_addresses():
    assert without_addresses("cannot reach https://me:secret@index.example/a now") == "cannot reach  now"


def test_cache_that_is_no_folder(tmp_path):
    cache = tmp_path / "cache"
    cache.write_text("in the way")
    wheel = build_wheel(tmp_path / "true", "alpha", {})
    with pytest.raises(StudyError, match="LMSTUDY_CACHE") as error:
        fetch(pin(wheel), cache, print)
    assert str(cache) in str(error.value)
    assert cache.read_text() == "in the way"


Pages = dict[str, tuple[int, bytes]]


def pip_uses(monkeypatch: pytest.MonkeyPatch, **given: str) -> None:
    named = {key.replace("_", "-"): value for key, value in given.items()}
    monkeypatch.setattr(fetching, "pip_settings", lambda: named)


@pytest.fixture
def server(monkeypatch):
    """Address of a server, the pages it has (status and content by path), and the paths asked for."""
    pages: Pages = {}
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            status, content = pages.get(self.path, (404, b""))
            self.send_response(status)
            self.send_header("Content-Type", "text/html" if self.path.endswith("/") else "application/gzip")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_): ...

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as opened:
        thread = threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{opened.server_port}", pages, asked
        opened.shutdown()
        thread.join()


def offer(pages: Pages, sdist: Path, declared: str = "") -> None:
    link = f'<a href="/files/{sdist.name}{declared}">{sdist.name}</a>'
    pages["/simple/alpha/"] = 200, link.encode()
    pages[f"/files/{sdist.name}"] = 200, sdist.read_bytes()


@pytest.mark.parametrize("says_so", [True, False])
def test_from_an_index_though_another_place_fails(tmp_path, server, monkeypatch, says_so):
    address, pages, asked = server
    sdist = build_sdist(tmp_path, "alpha", {"a.txt": "text"})
    offer(pages, sdist, f"#sha256={pin_sdist(sdist).sha256}" if says_so else "")
    pip_uses(monkeypatch, index_url="http://127.0.0.1:1/simple", extra_index_url=f"{address}/simple")
    assert fetch(pin_sdist(sdist), tmp_path / "cache", print).read_bytes() == sdist.read_bytes()
    assert asked.count(f"/files/{sdist.name}") == 1


@pytest.mark.parametrize("says_so", [True, False])
def test_another_file_of_the_same_name(tmp_path, server, monkeypatch, says_so):
    address, pages, asked = server
    wanted = pin_sdist(build_sdist(tmp_path / "true", "alpha", {"a.txt": "text"}))
    cached = place(wanted, tmp_path / "cache")
    cached.parent.mkdir(parents=True)
    cached.write_bytes(b"damaged")
    other = build_sdist(tmp_path / "other", "alpha", {"a.txt": "other"})
    offer(pages, other, f"#sha256={pin_sdist(other).sha256}" if says_so else "")
    pip_uses(monkeypatch, index_url=f"{address}/simple")
    with pytest.raises(StudyError) as error:
        fetch(wanted, tmp_path / "cache", print)
    for word in ("alpha==1.0", wanted.sha256, pin_sdist(other).sha256):
        assert word in str(error.value)
    assert asked.count(f"/files/{other.name}") == (0 if says_so else 1)  # what is known to differ is not fetched
    assert cached.read_bytes() == b"damaged"
    assert not list(cached.parent.glob(".partial-*"))


def test_a_version_that_is_not_there_lists_those_that_are(tmp_path, monkeypatch):
    wanted = pin_sdist(build_sdist(tmp_path / "elsewhere", "alpha", {}, "2.0"))
    build_sdist(tmp_path / "index", "alpha", {}, "1.0")
    pip_uses(monkeypatch, no_index="true", find_links=f"{tmp_path / 'index'} {tmp_path / 'nowhere'}")
    said = r"no file alpha-2\.0\.tar\.gz of alpha==2\.0; .*\['alpha-1\.0\.tar\.gz'\]"
    with pytest.raises(StudyError, match=said) as error:
        fetch(wanted, tmp_path / "cache", print)
    assert str(place(wanted, tmp_path / "cache")) in str(error.value)


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"index_url": "HERE"}, 404, r"there is no file of alpha at all"),
        ({"index_url": "HERE"}, 503, r"could not fetch alpha-1\.0\.tar\.gz .*is there a network"),
        ({"index_url": "http://127.0.0.1:1"}, 503, r"could not fetch alpha-1\.0\.tar\.gz .*is there a network"),
        ({"cert": "/no/such/file"}, 404, r"cert='/no/such/file' names no file"),
    ],
)
def test_what_cannot_be_fetched_is_said_without_addresses(tmp_path, server, monkeypatch, given, status, said):
    address, pages, _ = server
    pages["/simple/alpha/"] = status, b""
    pip_uses(monkeypatch, **{key: value.replace("HERE", f"{address}/simple") for key, value in given.items()})
    with pytest.raises(StudyError, match=said) as error:
        fetch(pin_sdist(build_sdist(tmp_path, "alpha", {})), tmp_path / "cache", print)
    assert "127.0.0.1" not in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("given", "around", "said"),
    [
        ({"timeout": "inf"}, {}, r"^pip's setting timeout=inf: seconds are wanted"),
        ({"default-timeout": "soon"}, {}, r"^pip's setting default-timeout=soon: seconds"),
        ({"index-url": "nonsense"}, {}, r"^pip's setting index-url names no address \(it has no scheme\)"),
        ({"extra-index-url": "http://h:99999/a"}, {}, r"^pip's setting extra-index-url names no address \(Port out"),
        ({"proxy": "ftp://me:secret@h:1"}, {}, r"^pip's setting proxy cannot be used \(Unknown scheme"),
        ({"client-cert": "/no/such/file"}, {}, r"^pip's setting client-cert cannot be used \(.*No such file"),
        ({"trusted-host": "[ a"}, {}, r"^pip's setting trusted-host cannot be used"),
        ({}, {"HTTP_PROXY": "ftp://me:secret@h:1"}, r"^HTTP_PROXY cannot be used"),
        ({}, {"REQUESTS_CA_BUNDLE": "/no/such/file"}, r"^REQUESTS_CA_BUNDLE='/no/such/file' names no file"),
    ],
)
def test_settings_that_cannot_be_used_are_named_in_a_line(monkeypatch, given, around, said):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    for name, value in around.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StudyError, match=said) as error, client(given):
        pass
    assert "\n" not in str(error.value)
    assert "secret" not in str(error.value)


def test_a_proxy_that_does_not_answer_is_named(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    assert unreachable({}) == "is there a network?"
    monkeypatch.setenv("NO_PROXY", "localhost")
    assert unreachable({}) == "is there a network?"
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    assert unreachable({}) == "is there a network, and is https_proxy right?"


def test_a_proxy_may_be_written_as_pip_reads_it():
    with client({"proxy": "proxy.example:3128"}):  # without a scheme
        pass


def test_a_folder_of_links_of_an_unknown_user_is_passed_over(tmp_path):
    with client({}) as session:
        assert len(list(finders({"find-links": f"~nobody-here/a {tmp_path}", "no-index": "true"}, session))) == 1


def test_settings_are_pips_own(tmp_path, monkeypatch):
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = http://a\ntimeout = 5\ncert = c\n[download]\ntimeout = 6\n[install]\ncert = d\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_INDEX_URL", "http://b")
    monkeypatch.delenv("PIP_CERT", raising=False)
    found = pip_settings()
    assert [found[name] for name in ("index-url", "timeout", "cert")] == ["http://b", "6", "c"]


@pytest.mark.parametrize(
    ("given", "places"),
    [
        ({}, ["the public index"]),
        ({"extra-index-url": "http://b http://c"}, ["the public index", "http://b", "http://c"]),
        ({"index-url": "http://a", "extra-index-url": "http://b"}, ["http://a", "http://b"]),
        ({"index-url": "http://a", "find-links": "http://page", "no-index": "true"}, ["http://page"]),
    ],
)
def test_one_finder_for_each_place(given, places):
    default = PackageFinder().sources[0]["url"]
    with client(given) as session:
        found = [[source["url"] for source in finder.sources] for finder in finders(given, session)]
    assert found == [[default if place == "the public index" else place] for place in places]


def test_the_public_index_is_pips_own_default():
    command = [sys.executable, "-m", "pip", "--isolated", "download", "--help"]
    wide = {**os.environ, "COLUMNS": "1000", "PIP_CONFIG_FILE": os.devnull}
    described = subprocess.run(command, capture_output=True, text=True, env=wide, check=True).stdout
    assert f"(default {str(PackageFinder().sources[0]['url']).rstrip('/')})" in described
