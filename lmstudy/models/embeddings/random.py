"""No vectors: the embedding begins as the model initialises it."""

from dataclasses import dataclass

from lmstudy.data.corpus import Corpus
from lmstudy.data.documents import Progress
from lmstudy.models.embeddings.base import Placement


@dataclass(frozen=True)
class Random(Placement):
    """The model's own random initialisation; with `frozen`, tokens keep the random vectors they were dealt."""

    def vectors(self, corpus: Corpus, width: int, progress: Progress) -> None:
        return None
