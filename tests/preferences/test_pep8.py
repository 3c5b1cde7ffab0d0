"""PEP 8 scores: violations counted by hand, families apart, nothing fatal, nothing that depends on the machine."""

import json
import os
import subprocess
import sys

import pytest

from lmstudy.data.documents import lines
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.pep8 import Pep8Scorer

CLEAN = '''\
@cache
def area(width, height=1):
    """Of a rectangle."""

    def scaled(by):
        return by * width

    return scaled(height)
'''


def found(text: str, family="all", **settings) -> list[tuple[int, int, str]]:
    return [violation[:3] for violation in Pep8Scorer(family, **settings).violations(text)]


def test_clean_code_scores_zero_and_one_slip_is_seen():
    assert Pep8Scorer("all").score(lines(CLEAN)) == [0.0] * 8
    assert found(CLEAN.replace("by * width", "by*width")) == [(6, 18, "E226")]


def test_violations_counted_by_hand_belong_to_their_lines():
    text = "def f( a,b):\n    x=a+b \n    if x == None: return 1\n\n\n\n    return x\n"
    assert found(text, "style") == [
        (1, 7, "E201"),  # space after (
        (1, 9, "E231"),  # no space after the comma
        (2, 6, "E225"),  # no space around =
        (2, 8, "E226"),  # nor around +
        (2, 10, "W291"),  # trailing space
        (3, 10, "E711"),  # comparison to None
        (3, 17, "E701"),  # two statements
        (7, 5, "E303"),  # three empty lines
    ]
    assert Pep8Scorer().score(lines(text)) == [2 / 13, 3 / 11, 2 / 27, 0, 0, 0, 1 / 13]
    assert found(text, "structure") == []


def test_families_are_apart_and_all_is_their_sum():
    text = "def f(a):\n   x=a\n   return g(x,\n     2)\n"
    style, structure = found(text, "style"), found(text, "structure")
    assert style == [(2, 5, "E225")]
    assert structure == [(2, 4, "E111"), (3, 4, "E111"), (4, 6, "E128")]
    assert found(text, "all") == sorted(style + structure)


def test_rules_that_cannot_hold_for_a_unit_or_contradict_each_other_do_not_count():
    unit = "def f(a):\n    return (a\n            + 1)\n"  # W503 here, W504 with the operator before the break
    assert found(unit) == found(unit.replace("\n            +", " +\n           ")) == []
    assert found(unit.rstrip("\n")) == []  # W292
    assert found(unit + "\n\n") == []  # W391
    assert found("\n\n" + unit) == []
    assert found("import os, sys\n") == []  # E401


def test_a_line_may_have_79_characters():
    fits, long = ("x = '" + "a" * (size - 6) + "'\n" for size in (79, 80))
    assert (len(fits), len(long)) == (80, 81)  # with their newlines
    assert found(fits) == []
    assert found(long) == [(1, 80, "E501")]
    assert Pep8Scorer().score([fits, long]) == [0, 1 / 81]
    assert found(long, max_line_length=80) == []


def test_characters_are_code_points_not_bytes():
    text = "名 = '" + "爱" * 73 + "'\n"
    assert len(text.encode()) > 200
    assert found(text) == []
    assert found("名='爱'\n") == [(1, 2, "E225")]
    assert Pep8Scorer().score(["名='爱'\n"]) == [1 / 6]
    assert found(text.replace("'\n", "爱'\n")) == [(1, 80, "E501")]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("def f(:\n    return 1\n", (1, 7)),  # tokens, but no grammar
        ("x = (1,\ny = 2\n", (1, 5)),  # never closed
        ("x = 'abc\n", (1, 5)),
        ("def f():\n        return 1\n    return 2\n", (3, 0)),  # fits no outer indentation
        ("x = 1 $ 2\n", (1, 7)),
        ("x = \0\n", (1, 0)),
        ('"""\n', (1, 1)),
        ("(" * 300 + ")" * 300, (1, 0)),
        ("x = '\ud800'\n", (1, 0)),
    ],
)
def test_text_that_does_not_parse_has_one_e901_and_is_never_fatal(text, where):
    broken = [violation for violation in found(text, "structure") if violation[2] == "E901"]
    assert len(broken) == 1
    assert 1 <= broken[0][0] <= len(lines(text))
    assert where[1] == 0 or broken[0][:2] == where or sys.version_info >= (3, 12)  # tokenizers word it differently
    assert not any(code.startswith("E9") for _, _, code in found(text, "style"))
    assert sum(Pep8Scorer("structure").score(lines(text))) > 0


def test_a_comment_cannot_buy_a_better_score():
    text = "if x == None:  # noqa\n    y = '" + "a b" * 40 + "'  # NOQA: E501\n"
    assert [code for _, _, code in found(text)] == ["E711", "E501"]
    quoted = 'x = """\n' + "a b" * 40 + '\n"""  # noqa\n'
    assert [code for _, _, code in found(quoted)] == ["E501"]


def test_the_users_own_configuration_changes_nothing(tmp_path):
    (tmp_path / "pycodestyle").write_text("[pycodestyle]\nmax-line-length = 200\nignore = E225\nindent-size = 3\n")
    (tmp_path / "setup.cfg").write_text("[pycodestyle]\nignore = E2\n")
    text = "if x:\n    y=" + "a" * 90 + "\n"
    code = (
        "import json; from lmstudy.preferences.scorers.pep8 import Pep8Scorer; "
        f"print(json.dumps(Pep8Scorer('all').violations({text!r})))"
    )
    settings = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}
    call = [sys.executable, "-c", code]
    done = subprocess.run(call, capture_output=True, text=True, check=True, cwd=tmp_path, env=settings)
    assert [tuple(violation[:3]) for violation in json.loads(done.stdout)] == found(text)
    assert found(text) == [(2, 6, "E225"), (2, 80, "E501")]


def test_mistakes_are_named():
    with pytest.raises(StudyError, match=r"scorer\.family='stile' is not one of style, structure, all"):
        Pep8Scorer("stile")
    with pytest.raises(StudyError, match=r"scorer\.max_line_length=0 must be at least 1"):
        Pep8Scorer(max_line_length=0)
