"""Help says what a command is for in Chinese where the reader's settings are."""

import io
import re
import sys

import pytest

from lmstudy.commands.language import CHINESE, LOCALES, VARIABLE, in_chinese, purpose
from tests.commands.test_command import SCRIPTS


def test_every_command_has_a_purpose_in_chinese():
    assert set(CHINESE) == set(SCRIPTS)
    for text in CHINESE.values():
        assert text.endswith("。")
        assert not re.search(r"[\u4e00-\u9fff][,.;:]|[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", text)


@pytest.mark.parametrize(
    ("settings", "chinese"),
    [
        ({}, False),
        ({VARIABLE: "zh"}, True),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, False),
        ({"LANG": "zh_CN.UTF-8", VARIABLE: "en"}, False),
        ({VARIABLE: "zh", "LC_ALL": "C.UTF-8"}, True),
    ],
)
def test_the_variable_counts_before_the_locale(settings, chinese, monkeypatch):
    for name in (VARIABLE, *LOCALES):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    assert in_chinese() == chinese
    assert (purpose("lmstudy-prepare", "Fetch a corpus.") == "Fetch a corpus.") != chinese


def test_a_terminal_without_chinese_gets_english(monkeypatch):
    monkeypatch.setenv(VARIABLE, "zh")
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "ascii"))
    assert purpose("lmstudy-prepare", "Fetch a corpus.") == "Fetch a corpus."
