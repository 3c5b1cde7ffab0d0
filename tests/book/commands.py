"""The commands that README.md and the book tell people to type."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "book/reproduce.md", "book/claims.md", "book/intro.md")
BLOCK = re.compile(r"^```(?:bash|sh|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One line of a page's code block, cut as a shell would cut it."""

    page: str
    line: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.line, comments=True)

    def __str__(self) -> str:
        return f"{self.page}: {self.line}"


def commands() -> list[Command]:
    """All commands of all pages, continued lines joined."""
    found = []
    for page in PAGES:
        blocks = BLOCK.findall((ROOT / page).read_text(encoding="utf-8"))
        lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
        found += [Command(page, line.strip()) for line in lines if shlex.split(line, comments=True)]
    return found
