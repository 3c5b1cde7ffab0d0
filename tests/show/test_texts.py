"""Code and samples as the book shows them."""

import pytest

from lmstudy.show.texts import Sample, annotated, as_code, cards, excerpt, parses, shortened, visible


def test_an_excerpt_is_the_source_without_docstrings():
    shown = excerpt("lmstudy.data.batches.packing", "decoder_input")
    assert "return np.concatenate([[BOS], target[:-1]]) if shifted else target" in shown
    assert '"""' not in shown
    assert shown.startswith("`lmstudy.data.batches.packing`, `decoder_input`:\n\n```python\ndef decoder_input(")
    nested = excerpt("lmstudy.data.copying", "Reproduce")
    assert "shifted = False" in nested
    assert '"""' not in nested


@pytest.mark.parametrize(
    ("text", "is_python"), [("def f():\n    return 1\n", True), ("def f(:\n", False), ("", False), ("x\0", False)]
)
def test_whole_python_is_highlighted(text, is_python):
    assert parses(text) == is_python
    assert as_code([text]).startswith("```python" if is_python else "```text")


def test_code_is_fenced_and_cut():
    assert as_code(["a ``` b"]).startswith("````text")
    assert "# ... (cut)" in as_code(["x" * 50], limit=10)
    shown = annotated(["x=1\n", "y = 2\n"], {0: [" ^ E225"]}, before=["0.333", "0.000"], head="score")
    assert shown == "```text\nscore\n0.333  x=1\n        ^ E225\n0.000  y = 2\n```"
    assert annotated(["x=1"], {}) == "```text\nx=1\n```"


def test_white_space_is_seen_and_long_texts_are_cut():
    assert visible(" a\n\t\x07") == "·a↵→\\x07"
    assert shortened("abc", 3) == "abc"
    assert shortened("ab cd", 3) == "ab …"


def test_samples_are_labelled_on_cards_with_marks_glosses_and_chips():
    html = cards(
        {
            "MLE <1>": [Sample(["# <b>\n", "# by Jane\n", "never seen"], [False, True, False], note="bad"), "second"],
            "conditional": [Sample("键盘", gloss="keyboard")],
        },
        longest=12,
        caption="Samples",
    )
    for part in (
        "# &lt;b&gt;\n",
        "# by Jane</mark>\n…",
        "<em>keyboard</em>",
        ">bad</span></dt>",
        "<dt>conditional</dt>",
    ):
        assert part in html
    for cut in ("never seen", "second"):
        assert cut not in html
    assert html.count('<dl class="sample-card">') == 1
    assert html.index("MLE &lt;1&gt;") < html.index("by Jane") < html.index("conditional") < html.index("键盘")
    assert '<figcaption class="samples">Samples</figcaption>' in html
    assert "(nothing)" in cards({"a": [""]}, code=True)
    assert cards({"a": "bc", "d": "ef"}).count("<dl") == 2
    assert "figcaption" not in cards({"a": "b"})


def test_line_breaks_at_the_ends_of_a_sample_are_not_shown():
    assert ">  x</div>" in cards({"a": ["\n  x\n\n"]})
    assert ">  x</div>" in cards({"a": [Sample(["  x\n", "\n"])]})
