"""What the chapter on preferences looks at: violations line by line, codes by package, masked headers, two opinions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd

from lmstudy.chapters.preferences.preferences import Agreement, Drawn
from lmstudy.data.documents import lines
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.formatter import FormatterScorer
from lmstudy.preferences.scorers.pep8 import STRUCTURE, STYLE, Pep8Scorer
from lmstudy.preferences.scorers.personal_data import PersonalDataScorer
from lmstudy.show.texts import annotated

FAMILY = dict.fromkeys(STYLE, "style") | dict.fromkeys(STRUCTURE, "structure")
GROUPS = {
    "E2": "white space in a line",
    "E3": "blank lines",
    "E5": "line length",
    "E7": "statements",
    "W": "tabs, trailing space, escapes",
    "E1": "indentation",
    "E9": "does not parse",
}
"""What a group of codes is about."""

MADE_UP = (
    "# Author: Jane Doe <jane.doe@example.org>",
    "# Author: Jane Doe, jane.doe (at) example (dot) org",
    "# Author: J. Doe",
    "# by Nguyễn Thị Minh",
    "# 作者:王小明",
    "# Call me: +1 202 555 0143",
    "# Victoria Falls, Charlotte Airport and Jordan River",
    "# He proved the Nash Equilibrium and Jordan Normal Form",
)
"""Lines that nobody wrote: the person is invented, the telephone number is one that is reserved for stories."""


ITEMS = {
    "NAME": "names",
    "EMAIL": "e-mail addresses",
    "PHONE": "phone numbers",
    "CREDENTIAL": "credentials",
    "CREDIT_CARD": "card numbers",
    "SOCIAL_SECURITY_NUMBER": "social security numbers",
    "SSN": "social security numbers",
}
"""Kinds of personal data, as the book calls them."""


def as_linted(scorer: Pep8Scorer, text: str) -> str:
    """A function as a linter shows it: each line behind its score, and below it a mark for each violation."""
    found: dict[int, list[str]] = {}
    for one in scorer.violations(text):
        found.setdefault(one.line - 1, []).append(f"{' ' * (one.column - 1)}^ {one.code} {one.message}")
    scores = [f"{score:6.3f}" for score in scorer.score(lines(text))]
    return annotated(lines(text), found, scores, head=" score")


def as_reformatted(scorer: FormatterScorer, text: str) -> str:
    """A function with a mark below each character that the formatter would change."""
    places = set(scorer.changes(text))
    below: dict[int, list[str]] = {}
    start = 0
    for number, line in enumerate(lines(text)):
        marks = "".join("^" if start + column in places else " " for column in range(len(line))).rstrip()
        below[number] = [marks] if marks else []
        start += len(line)
    return annotated(lines(text), below)


def telling(scorer: Pep8Scorer, drawn: Drawn, seed: int, codes: int = 3, longest: int = 8) -> str:
    """A short function with several kinds of violations, a clean line among them.

    Raises:
        StudyError: there is none.
    """
    fitting = []
    for text in drawn.texts:
        found = scorer.violations(text)
        rows = lines(text)
        clean = len(rows) - len({one.line for one in found})
        short = len(rows) <= longest and max(map(len, rows)) < 78
        if short and clean > 1 and len({one.code for one in found}) >= codes and len(found) <= 6:
            fitting.append(text)
    if not fitting:
        raise StudyError(f"none of {len(drawn)} functions breaks {codes} rules in few lines: draw more documents")
    return fitting[seed % len(fitting)]


def broken_rules(drawn: Drawn) -> pd.DataFrame:
    """Every violation of both families in some documents: source, document, code and message."""
    scorer = Pep8Scorer("all")
    rows = [
        (source, number, one.code, one.message.split(" (")[0].strip())
        for number, (source, text) in enumerate(zip(drawn.sources, drawn.texts, strict=True))
        for one in scorer.violations(text)
    ]
    return pd.DataFrame(rows, columns=["source", "document", "code", "message"])


def family_table(found: pd.DataFrame, drawn: Drawn) -> pd.DataFrame:
    """Violations per 1,000 characters by group of codes, and the share of functions with one."""
    rows = {}
    for start, about in GROUPS.items():
        own = found[found["code"].str.startswith(start)]
        rows[start] = {
            "about": about,
            "family": FAMILY[start],
            "per 1,000 characters": 1000 * len(own) / drawn.characters.sum(),
            "functions with one, %": 100 * own["document"].nunique() / len(drawn),
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def codes_by_package(found: pd.DataFrame, drawn: Drawn, most: int = 12) -> pd.DataFrame:
    """[codes, packages] of the most frequent style codes: violations per 1,000 characters, most of them first."""
    style = found[found["code"].str.startswith(STYLE)]
    sizes = pd.Series(drawn.characters).groupby(drawn.sources).sum() / 1000
    counts = style.groupby(["code", "source"]).size().unstack(fill_value=0).reindex(columns=sizes.index, fill_value=0)
    rates = counts / sizes
    messages = style.groupby("code")["message"].agg(lambda of: Counter(of).most_common(1)[0][0])
    kept = rates.loc[rates.mean(axis=1).sort_values(ascending=False).index[:most]]
    kept.index = [f"{code}  {messages[code]}" for code in kept.index]
    return kept[rates.sum().sort_values(ascending=False).index]


def header(scorer: PersonalDataScorer, drawn: Drawn, seed: int) -> str:
    """A masked header of some length with several items in it.

    Raises:
        StudyError: there is none.
    """
    fitting = [
        text for text in drawn.texts if 5 <= text.count("\n") <= 12 and len(scorer.found(text)) >= 3 and len(text) < 500
    ]
    if not fitting:
        raise StudyError(f"none of {len(drawn)} headers has three items of personal data: draw more documents")
    return scorer.masked(fitting[seed % len(fitting)])


def item_table(scorers: Mapping[str, PersonalDataScorer], drawn: Drawn) -> pd.DataFrame:
    """Items of each kind that each scorer finds in 1,000 documents."""
    rows = {}
    for name, scorer in scorers.items():
        kinds = Counter(kind for text in drawn.texts for _, _, kind in scorer.found(text))
        rows[name] = {ITEMS[kind]: 1000 * n / len(drawn) for kind, n in kinds.items()}
    return pd.DataFrame.from_dict(rows, orient="index").fillna(0.0)


def made_up_table(scorers: Mapping[str, PersonalDataScorer]) -> pd.DataFrame:
    """What each scorer takes for personal data in lines that were made up for this table."""
    rows = {}
    for line in MADE_UP:
        found = {name: [line[a:b] for a, b, _ in scorer.found(line)] for name, scorer in scorers.items()}
        rows[line] = {name: "; ".join(items) or "–" for name, items in found.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def one_sided(agreement: Agreement, longest: int = 300) -> dict[str, int]:
    """Documents of which one scorer thinks the most ill while the other finds nothing, by the name of the first."""
    rates = {"training": agreement.training, "held-out": agreement.held_out}
    short = agreement.drawn.characters <= longest
    found = {}
    for name, other in (("training", "held-out"), ("held-out", "training")):
        alone = np.where(short & (rates[other] == 0), rates[name] / agreement.drawn.characters, 0)
        if alone.max() > 0:
            found[name] = int(alone.argmax())
    return found
