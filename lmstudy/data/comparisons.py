"""Preference data of one's own: pairs of texts of which people prefer one, checked row by row, and counted.

A row holds a prompt and two texts that answer or go on from it, `chosen` and `rejected`. Where each row comes from is
`lmstudy.data.comparisons_file` and `lmstudy.data.comparisons_hub`; what is made of them is the same.
"""

import hashlib
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from lmstudy.data.cache import digest
from lmstudy.data.documents import Progress, universal_newlines
from lmstudy.errors import StudyError

EXAMPLE = '{"prompt": "How do I sort a list?", "chosen": "Call sorted().", "rejected": "No idea."}'
"""What a row should look like."""
KEYS = ("prompt", "chosen", "rejected")
"""Of a row, unless others are named."""


class Comparison(NamedTuple):
    """Two texts behind one prompt, which may be empty."""

    prompt: str
    chosen: str
    rejected: str


@dataclass(frozen=True)
class Comparisons:
    """Pairs that can be learned from, those that are held out, and a hash of both."""

    train: tuple[Comparison, ...]
    held_out: tuple[Comparison, ...]
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class ComparisonSource(ABC):
    """Where pairs come from. A new one is one class with `rows` and `place`, and one YAML in `conf/comparisons`.

    Args:
        prompt: key of the prompt in a row; None: the texts are written from nothing.
        chosen: key of the preferred text.
        rejected: key of the other one.
        held_out: share of the prompts whose pairs are measured on and never learned from, from 0 to below 1.
        fingerprint: of the pairs, 16 hexadecimal digits; None: whatever there is, which the record then says.

    Raises:
        StudyError: a share that is none, or one key twice.
    """

    prompt: str | None = "prompt"
    chosen: str = "chosen"
    rejected: str = "rejected"
    held_out: float = 0.1
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.held_out < 1:
            raise StudyError(f"comparisons.held_out={self.held_out} must be at least 0 and below 1")
        keys = tuple(getattr(self, role) for role in KEYS)
        if len(set(keys)) < 3:
            raise StudyError(f"comparisons: prompt, chosen and rejected must be three keys, and are {keys}")

    @property
    @abstractmethod
    def place(self) -> str:
        """How a message names the rows, such as "comparisons.path=pairs.jsonl"."""

    @abstractmethod
    def rows(self) -> Iterable[Any]:
        """The rows: mappings, or whatever stands in the place of one.

        Raises:
            StudyError: there is no such file or data set, or it cannot be read.
        """

    def pinned(self) -> Mapping[str, Any]:
        """The fingerprint; a record that has it can be loaded where the pairs are not."""
        return {"fingerprint": self.fingerprint or self.read().fingerprint}

    def read(self, progress: Progress = lambda line: None) -> Comparisons:
        """All usable pairs; `progress` is told how many rows were left out, and why.

        A row is left out if it lacks a key, if what it holds is no text, if one of the two texts is empty or blank, or
        if both are the same. Lists of messages with a "content", as chat data hold them, count as text: of an answer
        the last message, of a prompt all of them.

        Raises:
            StudyError: as `rows`; not a single pair is left; or they are not those that `fingerprint` names.
        """
        pairs: list[Comparison] = []
        left_out: Counter[str] = Counter()
        seen: dict[str, None] = {}
        for row in self.rows():
            if isinstance(row, Mapping):
                seen |= dict.fromkeys(map(str, row))
            pair = self._pair(row)
            if isinstance(pair, Comparison):
                pairs.append(pair)
            else:
                left_out[pair] += 1
        total = len(pairs) + left_out.total()
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in left_out.items())
        if not pairs:
            keys = f"; its keys are {', '.join(seen)}" if seen else ""
            if lacking := [role for role in KEYS if f'without "{getattr(self, role)}"' in left_out]:
                null = ", null for none" if lacking == ["prompt"] else ""
                keys += f"; comparisons.{lacking[0]}=KEY names another{null}"
            why = f"none of its {total:,} rows is a usable pair ({reasons}{keys})" if total else "it holds no row"
            raise StudyError(f"{self.place}: {why}; a row should look like {self._example()}")
        train, held_out = ([pair for pair in pairs if self._is_held_out(pair) == wanted] for wanted in (False, True))
        progress(
            f"{self.place}: {len(pairs):,} pairs of {total:,} rows, {len(held_out):,} of them held out; left out: "
            f"{reasons or 'none'}"
        )
        found = Comparisons(tuple(train), tuple(held_out), digest({"pairs": pairs}))
        if self.fingerprint not in (None, found.fingerprint):
            raise StudyError(
                f"{self.place}: its pairs have the fingerprint {found.fingerprint}, and comparisons.fingerprint="
                f"{self.fingerprint} asks for others"
            )
        return found

    def _pair(self, row: Any) -> Comparison | str:
        """The pair of a row, or why it is none."""
        if not isinstance(row, Mapping):
            return "that are no object with keys"
        for key in (self.prompt, self.chosen, self.rejected):
            if key is not None and row.get(key) is None:
                return f'without "{key}"'
        prompt = "" if self.prompt is None else _text(row[self.prompt], whole=True)
        chosen, rejected = _text(row[self.chosen]), _text(row[self.rejected])
        if prompt is None or chosen is None or rejected is None:
            return "that hold no text"
        if not chosen.strip() or not rejected.strip():
            return "with an empty text"
        if chosen == rejected:
            return "with two equal texts"
        return Comparison(prompt, chosen, rejected)

    def _is_held_out(self, pair: Comparison) -> bool:
        """By a hash of the prompt, so that no prompt is on both sides; where it is empty, of both texts."""
        about = pair.prompt or "\0".join(sorted(pair[1:]))
        return int(hashlib.sha256(about.encode()).hexdigest()[:8], 16) < self.held_out * 2**32

    def _example(self) -> str:
        example = EXAMPLE if self.prompt else "{" + EXAMPLE.partition(", ")[2]
        for key in KEYS:
            example = example.replace(f'"{key}":', f'"{getattr(self, key)}":')
        return example


def _text(value: Any, whole: bool = False) -> str | None:
    """A text, or that of messages: the last one, or the `whole` conversation, a line each. None if it is neither."""
    if isinstance(value, list) and value:
        contents = [message.get("content") if isinstance(message, Mapping) else None for message in value]
        texts = [content for content in contents if isinstance(content, str)]
        if len(texts) < len(value):
            return None
        value = "\n".join([*texts, ""]) if whole else texts[-1]
    if not isinstance(value, str):
        return None
    try:
        value.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, as "\\ud800" in JSON gives
        return None
    return universal_newlines(value)
