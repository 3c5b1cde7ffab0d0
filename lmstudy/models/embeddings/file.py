"""Word vectors that someone else trained, or an earlier run: from a text file of GloVe, Word2Vec or fastText."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lmstudy.data.corpus import Corpus
from lmstudy.data.documents import Progress
from lmstudy.errors import StudyError
from lmstudy.models.embeddings.base import Placement, WordVectors
from lmstudy.models.embeddings.learned import kept, spread
from lmstudy.models.embeddings.text_format import read_vectors
from lmstudy.models.embeddings.token_names import Match, candidates, matches, token_names, token_texts
from lmstudy.overrides import home

VERSION = 1
"""Raised by a change that alters which vectors are found, so that the cache does not give old ones."""

_KINDS = {"name": "by name", "exact": "exact", "stripped": "without spaces", "lower": "in lower case"}


@dataclass(frozen=True, kw_only=True)
class File(Placement):
    """Vectors of the words that a file shares with the vocabulary (see `lmstudy.models.embeddings.text_format`).

    path: of the file. It has no part in a run's identity; the content has.
    match: how far a token is looked for. "exact": its text with the space before it; "stripped": then without
        spaces; "lower": then in lower case; "name": only by its name in the byte-level alphabet ("Ġreturn"), under
        which `lmstudy.models.embeddings.placing.export` writes.
    sha256: of the content, 64 hexadecimal digits; null: whatever the file holds, which the record then says.
    """

    path: str
    match: Match = "lower"
    sha256: str | None = None

    def __post_init__(self) -> None:
        if not self.path.strip():
            raise StudyError("embedding.path is empty: name a text file of word vectors")

    def pinned(self) -> Mapping[str, Any]:
        """The hash of the content; a record that has it can be loaded where the file is not."""
        return {"sha256": self.sha256 or self._sha256()}

    def vectors(self, corpus: Corpus, width: int, progress: Progress) -> WordVectors:
        """As `Embedding.vectors`.

        Raises:
            StudyError: as `read_vectors`; no word of the file is in the vocabulary; or it is not the file that
                `sha256` names.
        """
        content = {"version": VERSION, "match": self.match, **self.pinned()}
        return kept("file", content, corpus, width, progress, lambda: self._read(corpus, width, progress))

    def _read(self, corpus: Corpus, width: int, progress: Progress) -> WordVectors:
        found = self._sha256()
        if self.sha256 not in (None, found):
            raise StudyError(
                f"embedding.path={self.path}: its sha256 is {found}, and embedding.sha256={self.sha256} asks for "
                "another file"
            )
        names, texts = token_names(corpus.tokenizer), token_texts(corpus.tokenizer)
        pairs = zip(names, texts, strict=True)
        wanted = {word for name, text in pairs for _, word in candidates(name, text, self.match)}
        spaced = {name for name in names if name and name.startswith("Ġ")}
        read = read_vectors(self._file(), width, wanted | spaced)
        place = {word: row for row, word in enumerate(read.words)}
        if self.match != "name" and len(spaced & place.keys()) > len(spaced) / 2:
            raise StudyError(
                f"embedding.match={self.match}: the words of {self.path} are names of byte-level tokens, such as "
                f"{min(spaced & place.keys())!r}; read them with embedding.match=name"
            )
        chosen = matches(names, texts, place, self.match)
        ids = np.array([token for token, match in enumerate(chosen) if match], dtype=np.int64)
        if not len(ids):
            raise StudyError(
                f"embedding.path={self.path}: none of its {read.lines:,} words is in the vocabulary "
                f"(embedding.match={self.match})"
            )
        rows = read.vectors[[place[match[1]] for match in chosen if match]]
        matrix, mask = spread(rows, ids, len(names))
        ways = Counter(_KINDS[match[0]] for match in chosen if match)
        if read.duplicates:
            progress(f"{self.path}: {read.duplicates:,} duplicates; the first vector of a word counts")
        return WordVectors(matrix, mask, {way: ways[way] for way in _KINDS.values() if ways[way]})

    def _file(self) -> Path:
        return Path(home(self.path, "embedding.path"))

    def _sha256(self) -> str:
        try:
            with self._file().open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise StudyError(
                f"embedding.path={self.path}: cannot be read: {error.strerror}; name a text file of word vectors"
            ) from error
