from lmstudy.publishing.outputs import figure, gathered, glued, html, in_lines, is_words, markdown, retold
from lmstudy.publishing.placeholders import placeholders

TOLD = {
    "after 400 steps": "400 步后",
    "bits per byte": "每字节比特数",
    "a long label": "很长的，一个标签",
    "0.1 to 0.2": "0.1 至 0.2",
}


def tell(text):
    return TOLD.get(text, text)


def test_tables_are_told_and_data_are_not():
    source = (
        '<table><td class="x">after 400&nbsp;steps</td><td> bits per byte </td><td>1.7</td><td>a &lt; b</td></table>'
        '<code>bits per byte</code><div class="code" style="">bits per byte</div><i aria-label="bits per byte"></i>'
    )
    expected = source.replace("after 400&nbsp;steps", "400 步后").replace("<td> bits per byte", "<td> 每字节比特数")
    assert html(source, tell) == expected.replace('aria-label="bits per byte"', 'aria-label="每字节比特数"')


def test_a_drawing_in_html_is_told():
    drawn = '<svg viewBox="0 0 9 9"><title>bits per byte</title><text x="1">after 400 steps</text></svg>'
    assert html(drawn, tell) == drawn.replace("bits per byte", "每字节比特数").replace("after 400 steps", "400 步后")


def test_a_label_in_a_font_for_code_is_data():
    drawn = """<svg><g id="text_1"><text style="font: 8px 'DejaVu Sans Mono', monospace">from</text></g></svg>"""
    assert figure(drawn, lambda text: "来自") == drawn
    assert "来自" in figure(drawn.replace("monospace", "sans-serif"), lambda text: "来自")


def test_a_label_of_two_lines_keeps_two_lines_and_the_figure_has_its_glyphs():
    line = '<text style="font: 10px sans-serif" x="1">{}</text>\n'
    drawn = f'<svg width="1"><g id="text_1">\n{line.format("a long")}{line.format("label")}</g>\n</svg>'
    told = figure(drawn, tell)
    assert line.format("很长的，").replace("sans-serif", "'lmstudy Noto Sans SC', sans-serif") in told
    assert ">一个标签</text>" in told
    assert "@font-face" in told
    assert figure(drawn, lambda text: text) == drawn


def test_lines_are_broken_between_words():
    assert in_lines("各方法的得分，越低越好", 2) == ["各方法的得分，", "越低越好"]
    assert "".join(in_lines("很短", 3)) == "很短"


def test_markdown_and_glued_values_are_told():
    assert (
        markdown("- bits per byte\n\n```\nbits per byte\n```\n", tell) == "- 每字节比特数\n\n```\nbits per byte\n```\n"
    )
    assert glued("'0.1 to 0.2'", tell) == "'0.1 至 0.2'"
    assert glued("1.5", tell) == "1.5"


def test_what_a_notebook_says_is_gathered_with_its_numbers_masked():
    data = {"text/html": "<td>after 400 steps</td><td>after 6,400 steps</td><td>E226</td>"}
    cell = {"cell_type": "code", "metadata": {}, "outputs": [{"data": data}]}
    hidden = {
        "cell_type": "code",
        "metadata": {"tags": ["remove-cell"]},
        "outputs": [{"data": {"text/html": "<p>no</p>"}}],
    }
    glued_by_name = {"application/papermill.record/text/plain": "'0.1 to 0.2'", "text/html": "<p>no</p>"}
    named = {**hidden, "outputs": [{"data": glued_by_name}]}
    assert list(gathered({"cells": [cell, hidden, named]})) == ["after {0} steps", "{0} to {1}"]
    retold({"cells": [cell]}, tell)
    assert "400 步后" in data["text/html"]
    assert placeholders("after {0} steps") == {"{0}": 1}


def test_code_is_not_words():
    assert not any(map(is_words, ("·self", "E226", "learning_rate", "1.5 (1.2)", "lmstudy-train --help")))
    assert is_words("5-gram model")
