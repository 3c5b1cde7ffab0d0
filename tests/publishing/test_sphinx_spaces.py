import pytest

from lmstudy.publishing.sphinx_spaces import close_up


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        (
            '步骤是 <a href="#"><span class="xref">去噪</span></a>：',
            '步骤是<a href="#"><span class="xref">去噪</span></a>：',
        ),
        ('<a href="#"><span>清洗</span></a> 由一连串', '<a href="#"><span>清洗</span></a>由一连串'),
        ("有 <span>45%（34 至 57）</span> 能", "有 <span>45%（34 至 57）</span>能"),
        ('比 <a href="#">Adam</a> 好', '比 <a href="#">Adam</a> 好'),
        ("是 <span>0.86<span>查看<a>论断</a></span></span> 倍", "是 <span>0.86<span>查看<a>论断</a></span></span> 倍"),
        ("陈旧 服务", "陈旧 服务"),
        ("<b>5.7 %</b>、<code>5 % 2</code>", "<b>5.7%</b>、<code>5 % 2</code>"),
    ],
)
def test_only_chinese_beside_chinese_is_closed_up(html, expected):
    assert close_up(html) == expected
