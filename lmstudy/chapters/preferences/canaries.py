"""Made-up persons, planted in lines of headers: what share of them a detector finds, since here the truth is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lmstudy.evaluation.statistics import Estimate, wilson
from lmstudy.preferences.scorers.personal_data import PersonalDataScorer

PEOPLES = {
    "English": ("en_US", "en_GB", "en_IN"),
    "Western European": ("de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "pt_BR"),
    "Northern and Eastern European": ("sv_SE", "fi_FI", "pl_PL", "cs_CZ", "hr_HR", "tr_TR"),
}
"""Faker's locales with Latin letters, by the rows of the table."""
LINES = {
    "name": ("# Author: {}\n", "# Copyright (c) 2019 {}\n", '__author__ = "{}"\n', "    Written by {} in 2019.\n"),
    "email": ("# {}\n", '__email__ = "{}"\n', "# Contact: <{}>\n", "    Bugs to {}, please.\n"),
    "phone": ("# Tel. {}\n", "# phone: {}\n", "    Call {} by day.\n"),
}
"""Lines that a header may have, by what is planted in them."""


@dataclass(frozen=True)
class Canary:
    """A planted item.

    Args:
        line: the whole line.
        kind: name, email or phone.
        start, end: where the item stands, in characters.
        people: the row of `PEOPLES` that it was made for.
    """

    line: str
    kind: str
    start: int
    end: int
    people: str

    def is_found(self, detector: PersonalDataScorer) -> bool:
        """Whether the detector sees an item of that kind there, if only a part of it."""
        return any(
            kind == self.kind.upper() and start < self.end and end > self.start
            for start, end, kind in detector.found(self.line)
        )


def planted(count: int, seed: int) -> list[Canary]:
    """So many items of each kind and people; the same ones for the same seed."""
    from faker import Faker

    found = []
    for people, locales in PEOPLES.items():
        makers = [Faker(locale) for locale in locales]
        for number, maker in enumerate(makers):
            maker.seed_instance(1000 * seed + number)
        for number in range(count):
            maker = makers[number % len(makers)]
            given, family = maker.first_name(), maker.last_name()
            items = {"name": f"{given} {family}", "email": maker.ascii_email(), "phone": maker.phone_number()}
            for kind, item in items.items():
                line = LINES[kind][number % len(LINES[kind])]
                start = line.index("{}")
                found.append(Canary(line.format(item), kind, start, start + len(item), people))
    return found


def recall_table(detectors: Mapping[str, PersonalDataScorer], canaries: Sequence[Canary]) -> pd.DataFrame:
    """Per cent of the planted items that each detector finds: a row a kind and people, with Wilson's interval."""
    rows: dict[str, dict[str, Estimate | int]] = {}
    for kind in LINES:
        for people in PEOPLES:
            own = [one for one in canaries if (one.kind, one.people) == (kind, people)]
            rows[f"{kind}, {people}"] = {"planted": len(own)} | {
                name: wilson(sum(one.is_found(detector) for one in own), len(own)).times(100)
                for name, detector in detectors.items()
            }
    return pd.DataFrame.from_dict(rows, orient="index", dtype=object)
