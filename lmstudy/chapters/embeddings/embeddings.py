"""What the chapter on embeddings shows: its arms, neighbours before and after training, and a file of vectors."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmstudy.evaluation.statistics import Estimate, seed_interval
from lmstudy.runs.records import Record

if TYPE_CHECKING:
    from lmstudy.data.corpus import Corpus
    from lmstudy.models.embeddings.base import WordVectors

TRAINED = {
    "first_model": "random, trained",
    "embedding_word2vec": "Word2Vec, trained",
    "embedding_glove": "GloVe, trained",
}
FROZEN = {
    "embedding_random_frozen": "random, frozen",
    "embedding_word2vec_frozen": "Word2Vec, frozen",
}


def learned(kind: str, corpus: Corpus, width: int) -> WordVectors:
    """Vectors of conf/embedding/KIND on a corpus, from the cache or learned now (a minute or less)."""
    from lmstudy.compose import compose_config
    from lmstudy.config import build
    from lmstudy.data.corpus import to_stderr

    settings = compose_config("train", [f"embedding={kind}"])["embedding"]
    return build(settings, "embedding").vectors(corpus, width, to_stderr)


def there_and_back(corpus: Corpus, vectors: WordVectors) -> tuple[list[str], WordVectors]:
    """Write vectors as GloVe's text format does, read them as `embedding=file`; the file's first lines, cut short."""
    from lmstudy.data.corpus import to_stderr
    from lmstudy.models.embeddings.file import File
    from lmstudy.models.embeddings.placing import export

    with tempfile.TemporaryDirectory() as folder:
        path = export(Path(folder) / "vectors.txt", corpus.tokenizer, vectors.matrix)
        with path.open(encoding="utf-8") as opened:
            head = [" ".join(next(opened).split()[:5]) + " ..." for _ in range(3)]
        read = File(path=str(path), match="name").vectors(corpus, vectors.matrix.shape[1], to_stderr)
    return head, read


def token_counts(corpus: Corpus) -> np.ndarray:
    """[V] occurrences of each token in the training split."""
    import pyarrow.compute as pc

    tokens = pc.list_flatten(corpus.splits["train"].data.table.column("tokens")).combine_chunks()
    return np.bincount(tokens.to_numpy(), minlength=corpus.tokenizer.get_vocab_size())


def neighbour_table(evaluations: Mapping[str, Sequence[Record]], seed: int) -> pd.DataFrame:
    """Nearest tokens of the measured words in each arm's embedding, of the run of one seed."""
    columns: dict[str, dict[str, str]] = {}
    for name, records in evaluations.items():
        (record,) = (r for r in records if r.seed == seed)
        rows: list[Any] = list(record.samples)
        columns[name] = {
            row["word"].replace(" ", "·"): "  ".join(near.rsplit(" ", 1)[0] for near in row["neighbours"])
            for row in rows
        }
    return pd.DataFrame(columns)


def purity(evaluations: Mapping[str, Sequence[Record]], kind: str = "all kinds") -> dict[str, Estimate]:
    """Share of the nearest tokens that are of a token's own kind, in per cent, over seeds."""
    return {
        name: seed_interval([100 * record.metrics[f"neighbours/{kind}/share"] for record in records])
        for name, records in evaluations.items()
    }
