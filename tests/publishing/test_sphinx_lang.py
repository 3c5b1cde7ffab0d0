import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook, new_output

from lmstudy.publishing.sphinx_lang import mark
from tests.conftest import write_files
from tests.publishing.sphinx_builds import build

CONF = """
extensions = ['myst_nb', 'lmstudy.publishing.sphinx_lang']
nb_execution_mode = 'off'
source_suffix = {'.md': 'myst-nb', '.ipynb': 'myst-nb'}
myst_enable_extensions = ['dollarmath']
exclude_patterns = ['_build']
"""
PAGE = """# Reward 奖励

A reward model (奖励模型) is `代码`, $\\text{公式}$ and [a link](https://example.org "标题").

```
代码
```

```{toctree}
table
```
"""


@pytest.mark.parametrize(
    ("html", "marked"),
    [
        ("<p>a 奖励模型 b 偏好</p>", '<p>a <span lang="zh">奖励模型</span> b <span lang="zh">偏好</span></p>'),
        ("<p>模型，“好”的。</p>", '<p><span lang="zh">模型，“好”的。</span></p>'),
        ("<p>no Chinese — at “all”</p>", "<p>no Chinese — at “all”</p>"),
        ('<img alt="一 > 二"><!-- 一 -->', '<img alt="一 > 二"><!-- 一 -->'),
        ("<pre>一<pre>二</pre>三</pre>四", '<pre>一<pre>二</pre>三</pre><span lang="zh">四</span>'),
        ("<title>一</title><script>'<二>'</script>", "<title>一</title><script>'<二>'</script>"),
        ('<span class="math notranslate">一</span>', '<span class="math notranslate">一</span>'),
        ('<td lang="zh-CN">一<b>二</b></td>', '<td lang="zh-CN">一<b>二</b></td>'),
        ("<p>1 < 2 一</p>", '<p>1 < 2 <span lang="zh">一</span></p>'),
    ],
)
def test_runs_of_chinese_are_marked_once(html, marked):
    assert mark(html) == marked
    assert mark(marked) == marked


def test_pages_say_where_they_are_chinese(tmp_path):
    write_files(tmp_path, {"conf.py": CONF, "index.md": PAGE})
    shown = new_output("display_data", {"text/html": "<table><tr><td>情感</td></tr></table>"})
    cell = new_code_cell("表 = 1", outputs=[shown])
    write(new_notebook(cells=[cell], metadata={"language_info": {"name": "python"}}), tmp_path / "table.ipynb")
    pages = build(tmp_path, strict=False)
    assert '<h1>Reward <span lang="zh">奖励</span>' in pages["index"]
    assert '(<span lang="zh">奖励模型</span>)' in pages["index"]
    for kept in ("代码</span></code>", "\\text{公式}", 'title="标题"', "<title>Reward 奖励", "<pre>代码"):
        assert kept.replace("<pre>", "") in pages["index"], kept
    assert '<td><span lang="zh">情感</span></td>' in pages["table"]
    assert ">表<" in pages["table"]
