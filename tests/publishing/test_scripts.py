"""Words of the book's scripts are found, and said in another language."""

from lmstudy.publishing.placeholders import faults
from lmstudy.publishing.scripts import gathered, retold, scripts

SCRIPT = """const label = /*said*/ "a \\"label\\"";
const other = "not said";
const count = lines === 1 ? /*said*/ "one line" : /*said*/ `${lines} lines of ${all.length}`;
"""


def test_words_are_found_by_their_comment(tmp_path):
    (tmp_path / "one.js").write_text(SCRIPT)
    (tmp_path / "two.js").write_text('/*said*/ "one line"')
    (tmp_path / "silent.js").write_text('const other = "not said";')
    assert [path.name for path in scripts(tmp_path)] == ["one.js", "two.js"]
    assert gathered(tmp_path) == {
        'a "label"': ["one.js"],
        "one line": ["one.js", "two.js"],
        "${lines} lines of ${all.length}": ["one.js"],
    }


def test_only_these_are_said_otherwise():
    told = retold(
        SCRIPT, {'a "label"': '"标签"', "one line": "一行", "${lines} lines of ${all.length}": "第 ${lines} 行"}.get
    )
    assert '"\\"标签\\""' in told
    assert '"not said"' in told
    assert "`第 ${lines} 行`" in told
    assert retold(SCRIPT, lambda text: text) == SCRIPT


def test_a_part_that_is_lost_is_a_fault():
    assert faults("${lines} lines of ${all.length}", "第 ${lines} 行") == ["lost: ${all.length}"]
    assert faults("${lines} lines of ${all.length}", "${all.length} 行中的第 ${lines} 行") == []
