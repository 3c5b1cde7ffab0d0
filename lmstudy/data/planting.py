"""Made-up signatures planted in training text: what a model keeps of them can then be measured exactly.

Such lines are known as canaries (Carlini et al. 2019, "The Secret Sharer"). Each names a person who does not exist and
an address with a random part, its secret. Nothing but the planted line tells which secret belongs to which name. So a
model to which the true secret is more probable than other ones has learned it from that line.
"""

import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from lmstudy.errors import StudyError

SYLLABLES = tuple(first + vowel for first in "bdfgklmnprstv" for vowel in "aeiou")
SECRET_LETTERS = 8
"""Of 26 each: some 38 bits."""


class Planting(BaseModel):
    """What is planted in the training split: `persons` for each number of `repeats`, a line in so many documents.

    The line stands before a random one of a document's segments, which are lines. No document gets two.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    persons: PositiveInt
    repeats: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    seed: int = 1


@dataclass(frozen=True)
class Planted:
    """A person with a secret, and in how many documents they stand."""

    name: str
    secret: str
    repeats: int

    @property
    def line(self) -> str:
        """What is planted."""
        return signature(self.name, self.secret)


def signature(name: str, secret: str) -> str:
    """The line in which a person signs with a secret."""
    return f"# Author: {name} <{secret}@postbox.net>\n"


def secrets(count: int, rng: np.random.Generator) -> list[str]:
    """So many random secrets."""
    letters = np.array(list(string.ascii_lowercase))
    return ["".join(row) for row in letters[rng.integers(len(letters), size=(count, SECRET_LETTERS))]]


def planted(settings: Planting) -> list[Planted]:
    """Who is planted, the least repeated first; the same ones for the same settings."""
    rng = np.random.default_rng(settings.seed)
    count = settings.persons * len(settings.repeats)
    syllables = np.array(SYLLABLES)[rng.integers(len(SYLLABLES), size=(count, 6))]
    names = [f"{''.join(row[:3]).capitalize()} {''.join(row[3:]).capitalize()}" for row in syllables]
    repeats = np.repeat(sorted(settings.repeats), settings.persons).tolist()
    return [Planted(*each) for each in zip(names, secrets(count, rng), repeats, strict=True)]


def plant(batches: Iterable[Mapping[str, Any]], rows: int, settings: Planting) -> Iterator[Mapping[str, Any]]:
    """Batches of documents (`text` and `segment_lengths`) with the lines in them.

    Args:
        batches: of all documents, in order.
        rows: how many documents that is.
        settings: what is planted.

    Raises:
        StudyError: there are fewer documents than lines.
    """
    lines = [one.line for one in planted(settings) for _ in range(one.repeats)]
    if len(lines) > rows:
        raise StudyError(
            f"data.planting: {settings.persons} persons in {', '.join(map(str, settings.repeats))} documents each need "
            f"{len(lines)} documents, and the training split has {rows}"
        )
    rng = np.random.default_rng([settings.seed, 1])
    places = dict(zip(rng.permutation(rows)[: len(lines)].tolist(), lines, strict=True))
    row = 0
    for batch in batches:
        texts, lengths = list(batch["text"]), [list(each) for each in batch["segment_lengths"]]
        for own in range(len(texts)):
            if line := places.get(row + own):
                before = int(rng.integers(len(lengths[own])))
                start = sum(lengths[own][:before])
                texts[own] = texts[own][:start] + line + texts[own][start:]
                lengths[own].insert(before, len(line))
        row += len(texts)
        yield {**batch, "text": texts, "segment_lengths": lengths}
