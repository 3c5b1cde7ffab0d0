"""Parts of a page that answer to the reader, by scripts on the reader's own disk (`book/_static/live`).

Each stands beside a figure or a table that needs no script. It waits hidden until its script wakes it, and is not
printed.
"""

from __future__ import annotations

import json
from typing import Any

STATIC = "../_static/live"
"""The scripts and their style, seen from a chapter's page."""


def live(kind: str, body: str = "", data: Any = None, *, hidden: bool = True) -> str:
    """HTML of one part, with the scripts that it needs.

    Args:
        kind: name of its script.
        body: HTML that the script finds in it.
        data: what the script reads, as JSON.
        hidden: until the script wakes it; False for what can be read without.
    """
    if data is not None:
        text = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
        body += f'<script type="application/json">{text}</script>'
    scripts = "".join(f'<script defer src="{STATIC}/{name}.js"></script>' for name in ("live", kind))
    return (
        f'<link rel="stylesheet" href="{STATIC}/live.css">'
        f'<div class="live" data-live="{kind}"{" hidden" * hidden}>{body}</div>{scripts}'
    )
