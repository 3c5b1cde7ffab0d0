"""What a translation must keep: roles, code, formulas, links and masked numbers, and numbers that it may not add."""

import re
from collections import Counter
from collections.abc import Mapping

from babel.dates import get_month_names
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROLE = re.compile(r"\{([a-zA-Z][\w:-]*)\}(`+)(.+?)(?<!`)\2(?!`)")
CODE = re.compile(r"(`+)(.+?)(?<!`)\1(?!`)")
FORMULA = re.compile(r"(?<![\\$])(\$\$?)(?!\s)([^$]+?)\1")
LINK = re.compile(r"\]\(([^)\s]+)[^)]*\)|<(https?://[^>]+)>|(?<![(<])\b(https?://[^\s)>，。；：）]+)")
FOOTNOTE = re.compile(r"\[\^[^\]]+\]")
MASK = re.compile(r"\{\d+\}")
PART = re.compile(r"\$\{[^{}]*\}")
"""Of a template in a script."""
TITLED = re.compile(r"(.*?)\s*<([^<>]+)>", re.DOTALL)
IN_FORMULA = re.compile(r"(\\text\{)[^{}]*\}")
NUMBER = re.compile(r"(?<![\w.])\.\d+|\d+(?:[.,]\d+)*")
MONTHS = tuple(get_month_names(locale="en").values())
MONTH = re.compile(rf"\b(?:{'|'.join(MONTHS)})(?= \d)")
"""In a date, which Chinese writes in digits alone."""
WORD = re.compile(r"[^\W\d_]{2,}|\b[aI]\b")
STARS = re.compile(r".{,12}\*\*.{,12}")
REFERENCES = frozenset(("doc", "ref", "term", "numref"))
"""Roles whose text may be translated, and whose target may not."""


def placeholders(text: str, terms: Mapping[str, str] | None = None) -> Counter[str]:
    """What a message holds that is no word, each as often as it occurs.

    Args:
        text: of a message or of its translation.
        terms: names of glossary entries by other names of the same, so that both are one.
    """
    found: Counter[str] = Counter()

    def role(m: re.Match[str]) -> str:
        titled = TITLED.fullmatch(m[3])
        target = titled[2] if titled and m[1] in REFERENCES else m[3].strip()
        target = " ".join(target.split())
        if m[1] == "term":
            target = (terms or {}).get(target, target)
        found[f"{{{m[1]}}}`{target}`"] += 1
        return " "

    def formula(m: re.Match[str]) -> str:
        bare = "".join(IN_FORMULA.sub(r"\1}", m[2]).split())
        found[f"${bare}$"] += 1
        return " "

    def same(m: re.Match[str]) -> str:
        found[m[0]] += 1
        return " "

    def link(m: re.Match[str]) -> str:
        found[m[1] or m[2] or m[3].rstrip(".,;:")] += 1
        return "] "

    left = PART.sub(same, CODE.sub(same, ROLE.sub(role, text)))
    left = FOOTNOTE.sub(same, FORMULA.sub(formula, left))
    LINK.sub(link, MASK.sub(same, left))
    return found


def words(text: str) -> str:
    """A message without its placeholders, but with the titles of its references and links, and its terms."""

    def title(m: re.Match[str]) -> str:
        titled = TITLED.fullmatch(m[3]) if m[1] in REFERENCES else None
        return f" {titled[1]} " if titled else f" {m[3]} " if m[1] == "term" else " "

    left = FOOTNOTE.sub(" ", FORMULA.sub(" ", PART.sub(" ", CODE.sub(" ", ROLE.sub(title, text)))))
    return LINK.sub("] ", MASK.sub(" ", left))


def is_prose(text: str) -> bool:
    """Whether a message has words of its own, or those of a formula."""
    return bool(WORD.search(words(text)))


def faults(message: str, told: str, terms: Mapping[str, str] | None = None) -> list[str]:
    """What a translation loses, or adds and may not, in words.

    Args:
        message: the English one.
        told: its translation.
        terms: as of `placeholders`.
    """
    wanted, there = placeholders(message, terms), placeholders(told, terms)
    texts = [part.content for part in inline(told) if part.type == "text"]
    unmarked = [found[0] for part in texts if (found := STARS.search(part))]
    numbers = in_digits(told) - in_digits(message)
    return [
        *(f"lost: {one}" for one in sorted((wanted - there).elements())),
        *(f"not in the English: {one}" for one in sorted((there - wanted).elements())),
        *(f"a number that the English does not write in digits: {one}" for one in sorted(numbers)),
        *(f"stars that mark nothing, since a mark of punctuation is beside them: {one}" for one in unmarked),
    ]


def in_digits(message: str) -> Counter[str]:
    """The numbers in the words of a message, months of dates among them; .5 is the same as 0.5."""
    left = words(message)
    told = [f"0{one}" if one.startswith(".") else one for one in NUMBER.findall(left)]
    return Counter([*told, *(str(MONTHS.index(one) + 1) for one in MONTH.findall(left))])


def inline(text: str) -> list[Token]:
    """The parts of a message, parsed."""
    return MarkdownIt("commonmark").parseInline(FORMULA.sub("$x$", text))[0].children or []
