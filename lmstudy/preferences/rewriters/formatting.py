"""Style repaired by a formatter: a function with a bad line is written anew by black."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from lmstudy.data.documents import lines
from lmstudy.preferences.rewriters.base import Rewriter
from lmstudy.preferences.scorers.reformatted import words


class Formatting(Rewriter):
    """The whole document as black writes it, which also checks that the program stayed the same.

    A formatter cannot mend one line of a statement, so good lines are written anew with the bad ones. Quotes stay, and
    so do lists that are spread over lines. What black leaves stays bad: names, comparisons, comments and strings that
    are too long. It ends a file with a newline; a document that has none at its end gets none. Black's space around the
    colon of a slice, which pycodestyle minds (E203) and PEP 8 leaves open, is taken out again.

    Black is also what the held-out grader of style goes by (`lmstudy.preferences.scorers.formatter`). Of a model that
    was trained on such text that grader is no longer independent.

    Args:
        max_line_length: characters that a line may have, its newline not counted.
    """

    name = "black"

    def __init__(self, max_line_length: int) -> None:
        self.max_line_length = max_line_length

    def rewrite(self, segments: Sequence[str], bad: Sequence[bool]) -> list[str]:
        """Raises what black does, where it cannot read the text, and where the program would be another one."""
        import black

        text = "".join(segments)
        written = _tight_slices(black.format_str(text, mode=_mode(self.max_line_length)))
        if written != text:
            black.assert_equivalent(text, written)
        return list(lines(written if text.endswith("\n") else written.removesuffix("\n")))


def _tight_slices(code: str) -> str:
    """`x[a + 1:b]` for what black writes as `x[a + 1 : b]`."""
    found = words(code)
    for number in range(len(found) - 2, 0, -1):
        before, colon = found[number - 1 : number + 1]
        if colon.text == ":" and colon.bracket == "[" and colon.gap == " " and before.text != ",":
            after = next(word for word in found[number + 1 :] if (word.text, word.gap) != (":", ""))
            end = after.start - len(after.gap)
            code = code[: colon.start - 1] + code[colon.start : end] + code[end + (after.gap == " ") :]
    return code


@cache
def _mode(line_length: int) -> Any:
    from black import Mode, TargetVersion

    return Mode(target_versions={TargetVersion.PY311}, line_length=line_length, string_normalization=False)
