"""Names of persons in text, found by lists of names that packages carry; no model and no download.

A name is a run of capitalised words in which a known given name comes before a family name. Two lists of
different making stand behind the two privacy scorers: given names of some eighty countries (Faker), with any
family name behind; and given and family names of the 1990 census of the United States (names).
"""

import calendar
import pkgutil
import re
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

UPPER = "".join(chr(code) for code in range(0x530) if chr(code).isupper())
"""Capital letters of the Latin, Greek and Cyrillic scripts, as the inside of a character class."""
_WORD = rf"[{UPPER}][\w'’-]*\w"
_PARTICLES = r"(?:(?:van|von|vom|zu|de|der|den|dos|du|da|di|del|della|la|le|el|al|ten|ter|y)[ ]+){0,3}"
RUN = re.compile(rf"(?<![\w@/.-]){_WORD}(?:[ ]+(?:[{UPPER}]\.(?:-?[{UPPER}]\.)?|{_PARTICLES}{_WORD}))*")
"""A capitalised word and those behind it, initials and particles such as "van der" included."""
_PART = re.compile(r"\S+")
_POSSESSIVE = re.compile(r"['’]s$")
_DATES = frozenset(
    name.lower()
    for names in (calendar.day_name, calendar.day_abbr, calendar.month_name, calendar.month_abbr)
    for name in names
)
_WORDS = frozenset({"an", "can", "general", "my", "us"})
"""Names somewhere, but words at the beginning of many more English phrases."""
_REACH = 3
"""Words behind a given name among which a family name is looked for, since initials may lie between."""


class Names(NamedTuple):
    """Known names in lower case; without family names any capitalised word behind a given name is one."""

    given: frozenset[str]
    family: frozenset[str] | None

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Start and end, in characters, of each name, from the given name to the end of its run."""
        found = []
        for run in RUN.finditer(text):
            parts = list(_PART.finditer(run[0]))
            for number, part in enumerate(parts):
                behind = parts[number + 1 : number + 1 + _REACH]
                if self._is_given(part[0]) and any(self._is_family(other[0]) for other in behind):
                    found.append((run.start() + part.start(), run.end()))
                    break
        return found

    def _is_given(self, word: str) -> bool:
        return not word.isupper() and word.lower() in self.given and word.lower() not in _DATES

    def _is_family(self, word: str) -> bool:
        word = _POSSESSIVE.sub("", word)
        if len(word) < 2 or not word[0].isupper() or word.isupper() or word.lower() in _DATES:
            return False
        return self.family is None or word.lower() in self.family


@cache
def faker_names() -> Names:
    """Given names of all of Faker's countries that write them with capitals."""
    from faker.providers import person

    given: set[str] = set()
    for module in pkgutil.iter_modules(person.__path__):
        provider = getattr(import_module(f"{person.__name__}.{module.name}"), "Provider", None)
        for gender in ("", "_male", "_female", "_nonbinary"):
            names = getattr(provider, f"first_names{gender}", ())
            given |= set() if isinstance(names, property) else set(names)
    return Names(frozenset(name.lower() for name in given if len(name) > 1 and name[0].isupper()) - _WORDS, None)


@cache
def census_names() -> Names:
    """Given and family names of the census."""
    import names

    def read(kind: str) -> frozenset[str]:
        return frozenset(line.split()[0].lower() for line in Path(names.FILES[kind]).read_text("ascii").splitlines())

    return Names(read("first:male") | read("first:female"), read("last"))
