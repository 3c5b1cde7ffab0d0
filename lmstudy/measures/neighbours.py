"""What a run's embedding knows: nearest neighbours of tokens, and how often they are of a token's own kind."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lmstudy.chapters.embeddings.figures import kind_purity, neighbours
from lmstudy.errors import StudyError
from lmstudy.measures.base import Findings, Subject
from lmstudy.models.embeddings.token_names import token_texts
from lmstudy.runs.finished import Finished


@dataclass(frozen=True)
class Neighbours:
    """Cosine neighbours in the input embedding of a run.

    `neighbours/KIND/share` is the mean share of the `k` nearest tokens that are of a token's own kind (see
    `lmstudy.chapters.embeddings.figures.kind_purity`), `neighbours/KIND/chance` what chance would give; the record's
    samples hold the neighbours of `words`.
    """

    words: list[str]
    k: int

    name: ClassVar[str] = "neighbours"

    def __post_init__(self) -> None:
        if self.k < 1:
            raise StudyError(f"measure.k={self.k} must be at least 1")

    def documents(self) -> int | None:
        return None

    def check(self, finished: Finished) -> None:
        """Raises StudyError for a word that is no token of the run's vocabulary."""
        known = set(token_texts(finished.run.corpus.tokenizer))
        for word in self.words:
            if word not in known:
                raise StudyError(f"measure.words: {word!r} is no whole token of this run's vocabulary")

    def measure(self, subject: Subject) -> Findings:
        finished = subject.finished
        texts = token_texts(finished.run.corpus.tokenizer)
        model = finished.module.model
        vectors: np.ndarray = model.embedding.weight.detach().numpy()  # type: ignore[union-attr, operator]
        metrics: dict[str, float] = {}
        for kind, (share, chance) in kind_purity(vectors, texts, self.k).items():
            metrics |= {f"neighbours/{kind}/share": share.value, f"neighbours/{kind}/chance": chance}
        table = neighbours(vectors, texts, self.words, self.k)
        shown = [
            {"word": word, "neighbours": row.tolist()}
            for word, (_, row) in zip(self.words, table.iterrows(), strict=True)
        ]
        return Findings(metrics, samples=list(shown))
