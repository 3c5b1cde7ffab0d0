"""Pairs of catalogues: what is read, what is left out and counted."""

from pathlib import Path

import pytest

from lmstudy.data.source_messages import Messages, placeholders
from tests.data.wheels import pinned_wheel

PO = """\
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\\n"

msgid "Open file"
msgstr "打开文件"

#, fuzzy
msgid "Close"
msgstr "打开"

msgid "Save"
msgstr ""

msgid "Name: %(name)s"
msgstr "名称：%(nam)s"

msgid "<b>{0}</b> of {1}"
msgstr "第{1}项中的<b>{0}</b>"

#, python-format
msgid "%d file"
msgid_plural "%d files"
msgstr[0] "%d个文件"

msgid "OK"
msgstr "OK"

msgid "42"
msgstr "四十二"

#~ msgid "Old"
#~ msgstr "旧"
"""
LOCALE = "alpha/locale/zh_CN/LC_MESSAGES"


def read(tmp_path: Path, files: dict[str, str | bytes], **changes):
    packages = {"alpha": pinned_wheel(tmp_path, "alpha", files)}
    source = Messages(**{"packages": packages, "locales": ["zh_CN"], **changes})
    (part,) = source.parts(tmp_path, print)
    return source.read(part)


def test_whole_pairs_are_read_and_the_others_counted(tmp_path):
    reading = read(tmp_path, {f"{LOCALE}/a.po": PO, "alpha/locale/de/LC_MESSAGES/a.po": PO, f"{LOCALE}/a.mo": "no"})
    assert [document.segments for document in reading.documents] == [
        ("Open file", "打开文件"),
        ("<b>{0}</b> of {1}", "第{1}项中的<b>{0}</b>"),
        ("%d files", "%d个文件"),
    ]
    assert reading.files == {"alpha": 1}
    assert {reason: count for (_, reason), count in reading.skipped.items()} == {
        "fuzzy translations": 1,
        "untranslated messages": 1,
        "pairs with different placeholders": 1,
        "translations without a Chinese character": 1,
        "messages without a letter": 1,
    }


def test_a_message_counts_once_and_long_ones_not_at_all(tmp_path):
    again = PO.replace("打开文件", "开启文件")
    reading = read(tmp_path, {f"{LOCALE}/a.po": PO, f"{LOCALE}/b.po": again}, longest=12)
    assert [document.segments[1] for document in reading.documents] == ["打开文件", "%d个文件"]
    assert reading.skipped["alpha", "messages that stood in an earlier catalogue of the package"] == 2
    assert reading.skipped["alpha", "pairs with more than 12 characters on a side"] == 4


@pytest.mark.parametrize("broken", [PO.encode("gb18030"), b'msgidd "b"\n', b"\xff\xfe"])
def test_catalogues_that_cannot_be_read_are_counted_and_the_others_read(tmp_path, broken):
    reading = read(tmp_path, {f"{LOCALE}/a.po": broken, f"{LOCALE}/b.po": PO})
    assert len(reading.documents) == 3
    assert sum(n for (_, reason), n in reading.skipped.items() if reason.startswith("catalogues that cannot")) == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%(a)s and %(b)d", ["%(a)s", "%(b)d"]),
        ("{x} of ${y}", ["${y}", "{x}"]),
        ("10 % stored, 5% of %s", ["%s"]),
        ('<a href="%s">here</a>', ["</a>", '<a href="%s">']),
        ("a < b > c", []),
        ("R&D &amp; &#39;", ["&#39;", "&amp;"]),
        ("%.2f%%", ["%.2f"]),
    ],
)
def test_placeholders(text, found):
    assert placeholders(text) == found
