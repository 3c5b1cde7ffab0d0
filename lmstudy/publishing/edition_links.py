"""What editions of a book share: a link on every page to the same page in the other language, and the models."""

import filecmp
import os
import re
from pathlib import Path

from lmstudy.atomic import write_text
from lmstudy.publishing.fingerprint import files_under

OTHER = {"en": ("zh", "zh-CN", "中文"), "zh": ("en", "en", "English")}
"""By edition: the other one, its language as browsers know it, and its name."""
SWITCH = re.compile(r"<!--edition-->.*?<!--/edition-->", re.DOTALL)
PLACE = '<div class="article-header-buttons">'
"""Before what the switch stands."""
SCRIPT = (
    "this.hash=(location.hash||'#'+([...document.querySelectorAll('main section[id]')]"
    ".filter(s=>s.getBoundingClientRect().top<120).pop()||{id:''}).id)"
)
"""Follows the link to where the reader is: sections have the same ids in all editions."""
MODELS = re.compile(r'(?<= data-scripts=")[^"]*(?=")')
"""What a choice of a model on the page *Try the model* loads."""


def link_editions(html: Path) -> None:
    """Give the pages of a book that is built, with a second edition in its folder `zh`, their switches; take those away
    that lead nowhere."""
    folders = {"en": html, "zh": html / "zh"}
    for edition, folder in folders.items():
        other, language, name = OTHER[edition]
        for path in files_under(folder, "**/*.html", without=["_static", *(["zh"] if edition == "en" else [])]):
            target = folders[other] / path.relative_to(folder)
            text = path.read_text(encoding="utf-8")
            bare = SWITCH.sub("", text)
            link = ""
            if target.exists():
                address = Path(os.path.relpath(target, path.parent)).as_posix()
                link = (
                    f'<!--edition--><a class="btn btn-sm edition-switch" href="{address}" hreflang="{language}" '
                    f'lang="{language}" rel="alternate" onclick="{SCRIPT}">{name}</a><!--/edition-->'
                )
            new = bare.replace(PLACE, link + PLACE, 1)
            if new != text:
                write_text(path, new)


def share_models(html: Path) -> None:
    """Let the second edition of a book that is built load the models of the first, where they are the same files, which
    it then does without."""
    page = html / "zh" / "try.html"
    if not page.exists():
        return

    def shared(names: re.Match[str]) -> str:
        own = names[0].split()
        return " ".join(f"../{name}" if _same(html / name, page.parent / name) else name for name in own)

    text = page.read_text(encoding="utf-8")
    new = MODELS.sub(shared, text)
    if new != text:
        write_text(page, new)
    for names in MODELS.findall(new):
        for name in names.split():
            if name.startswith("../"):
                (page.parent / name.removeprefix("../")).unlink(missing_ok=True)


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and filecmp.cmp(one, other, shallow=False)
