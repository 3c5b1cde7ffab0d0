import pytest

from lmstudy.publishing.links import broken_links, css_addresses
from tests.conftest import write_files

SOUND = """<html><head>
<link rel="stylesheet" href="_static/a.css?digest=1"><link rel="canonical" href="https://example.org/">
<script src="_static/a.js"></script><style>b { background: url(data:image/png;base64,AA==) }</style></head>
<body id="top"><a href="#caf%C3%A9">x</a><a href="sub/b.html#there">y</a><a href="https://example.org">w</a>
<a href="mailto:a@b.c">m</a><a href="sub/">folder</a><h1 id="café">z</h1><img src="_static/a%20b.svg"></body>"""


@pytest.fixture
def html(tmp_path):
    files = {
        "index.html": SOUND,
        "sub/index.html": "<a href='../index.html#top'>up</a>",
        "sub/b.html": "<p id=there></p>",
        "_static/a.css": "@font-face { src: url('f.woff2?v=1') format('x') } /* url(https://no.example/x) */",
        "_static/f.woff2": "",
        "_static/a.js": "",
        "_static/a b.svg": "",
    }
    return write_files(tmp_path, files)


def test_a_sound_book_has_no_fault(html):
    assert broken_links(html) == []


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("<a href='gone.html'>", "'gone.html' leads to no file"),
        ("<a href='index.html#gone'>", "no element of the page has the id that 'index.html#gone' names"),
        ("<a href='#gone'>", "no element of the page has the id that '#gone' names"),
        ("<img src='gone.png'>", "'gone.png' leads to no file"),
        ("<img srcset='_static/a%20b.svg 1x, gone.png 2x'>", "'gone.png' leads to no file"),
        ("<a href='../outside.html'>", "leads out of the book's folder"),
        ("<a href='/index.html'>", "leads out of the book's folder"),
        ("<script src='https://cdn.example/x.js'></script>", "fetches 'https://cdn.example/x.js' from the"),
        ("<script src='//cdn.example/x.js'></script>", "fetches '//cdn.example/x.js' from the network"),
        ("<link rel=stylesheet href='http://cdn.example/x.css'>", "fetches 'http://cdn.example/x.css'"),
        ("<link rel=preload href='http://cdn.example/x.woff2'>", "fetches 'http://cdn.example/x.woff2'"),
        ("<iframe src='https://example.org'></iframe>", "fetches 'https://example.org' from the network"),
        ("<p style='background: url(https://a.example/x.png)'>", "fetches 'https://a.example/x.png'"),
        ("<style>@import 'https://a.example/x.css';</style>", "fetches 'https://a.example/x.css'"),
    ],
)
def test_each_fault_is_named(html, body, fault):
    (html / "page.html").write_text(body)
    (found,) = broken_links(html)
    assert found.startswith("page.html: ")
    assert fault in found


def test_style_sheets_are_checked(html):
    (html / "_static/b.css").write_text('@import url("https://fonts.example/a.css"); p { src: url(gone.woff) }')
    assert broken_links(html) == [
        "_static/b.css: 'gone.woff' leads to no file",
        "_static/b.css: fetches 'https://fonts.example/a.css' from the network",
    ]
    assert css_addresses("@import 'x.css'; a { b: url( 'y.png' ) }") == ["x.css", "y.png"]
