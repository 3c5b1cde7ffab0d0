import pytest

from lmstudy.show import phrases

PO = """
msgid "{0} times fewer"
msgstr "减少到 {0} 分之一"

msgid "{0} to {1}"
msgstr "{0} 至 {1}"

#, fuzzy
msgid "unsure"
msgstr "不确定"
"""


@pytest.fixture
def chinese(tmp_path, monkeypatch):
    place = tmp_path / "code.po"
    place.write_text(PO, encoding="utf-8")
    monkeypatch.setenv(phrases.CATALOGUES, str(place))
    monkeypatch.setattr(phrases, "MISSING", {})
    phrases._known.cache_clear()
    yield
    phrases._known.cache_clear()


def test_numbers_are_masked():
    assert phrases.masked("After 6,400 steps: −0.5 (T5, F1)") == ("After {0} steps: {1} (T5, F1)", ["6,400", "−0.5"])
    assert phrases.filled("{1} 与 {0}", ["1", "2"]) == "2 与 1"


def test_in_english_all_is_as_it_is():
    assert phrases.retold("7.5 times fewer") == "7.5 times fewer"
    assert phrases.said("{0} to {1}", 1, 2) == "1 to 2"


def test_in_chinese_what_is_not_known_is_kept(chinese):
    assert phrases.retold("7.5 times fewer") == "减少到 7.5 分之一"
    assert phrases.said("{0} to {1}", "1.0", 2) == "1.0 至 2"
    assert phrases.retold("1.5") == "1.5"
    assert phrases.retold("unsure") == "unsure"
    assert phrases.retold("after 3 steps") == "after 3 steps"
    assert list(phrases.MISSING) == ["unsure", "after {0} steps"]
