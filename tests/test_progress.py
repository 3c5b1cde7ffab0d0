import io
import re

from lmstudy.progress import ProgressLines


class Terminal(io.StringIO):
    def isatty(self):
        return True


def steps(stream):
    lines = ProgressLines(stream)
    lines.begin("one")
    lines.begin("two")
    lines.update("one", "cell 1/2")
    lines.end("two")
    lines.end("one", failed=True)
    return stream.getvalue()


def screen(text: str) -> list[str]:
    """What a terminal shows in the end."""
    rows: list[str] = []
    for part in re.split(r"(\x1b\[\d+A\x1b\[J|\n)", text):
        if up := re.match(r"\x1b\[(\d+)A", part):
            del rows[-int(up[1]) :]
        elif part.strip():
            rows.append(part)
    return rows


def test_in_a_log_each_step_has_one_line_when_it_ends():
    two, one = steps(io.StringIO()).splitlines()
    assert re.fullmatch(r"  two +0\.0 s", two)
    assert re.fullmatch(r"  one +failed at cell 1/2 +0\.0 s", one)


def test_on_a_terminal_what_ended_stands_above_what_goes_on():
    text = steps(Terminal())
    assert [row.split()[0] for row in screen(text)] == ["two", "one"]
    before = text[: text.rindex("\x1b[1A")]
    assert [row.split()[0] for row in screen(before)] == ["two", "one"]
    assert "cell 1/2" in screen(before)[1]
    assert [row.split()[0] for row in screen(before[: before.rindex("\x1b[2A")])] == ["one", "two"]
