"""Third and fourth stages: a tokenizer learned from the training split, and every split in its tokens."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from lmstudy.data import tables
from lmstudy.data.parallel import ordered_map
from lmstudy.data.segmentation import Segmentation
from lmstudy.data.splits import NAMES
from lmstudy.data.tokenizer import TokenizerSettings, encode, train
from lmstudy.errors import StudyError

VERSION = 1
"""Raised when a change here, or in the tokenizer, alters tokens."""


def learn(selected: Path, folder: Path, settings: TokenizerSettings) -> str:
    """Write `tokenizer.json`, learned from a sample of the training split.

    The sample holds the documents whose id hashes low, about `sample_bytes` of them: merges hardly change
    beyond a few megabytes, and learning time grows with them.

    Raises:
        StudyError: no document, or nothing but white space, fell into the sample: there is nothing to learn from.
    """
    size = json.loads((selected / "counts.json").read_text(encoding="utf-8"))["splits"]["train"]["bytes"]
    share = settings.sample_bytes / size

    def sample() -> Iterator[str]:
        for batch in tables.batches(tables.read(selected / "train.arrow")):
            for number, text in zip(batch["id"], batch["text"], strict=True):
                digest = hashlib.blake2b(number.encode(), digest_size=8).digest()
                if int.from_bytes(digest, "big") < share * 2**64:
                    yield text

    if not any(text.strip() for text in sample()):
        raise StudyError(
            f"data.tokenizer.sample_bytes={settings.sample_bytes}: no text of the training split ({size} bytes) fell "
            "into a sample of that size, so that there is no vocabulary to learn; raise it"
        )
    train(sample(), settings.vocab_size, settings.segmentation).save(str(folder / "tokenizer.json"), pretty=False)
    return "learned"


def tokenise(selected: Path, tokenizer: Tokenizer, folder: Path, segmentation: Segmentation | None) -> str:
    """Write each split with its tokens, and `counts.json`: tokens a split; returns how many in all, in words."""
    features = tables.tokenised(tokenizer.get_vocab_size())
    counts: dict[str, int] = {}

    def rows(split: str) -> Iterator[dict[str, Any]]:
        documents = tables.read(selected / f"{split}.arrow")
        segments = map(_segments, tables.batches(documents.select_columns(["text", "segment_lengths"])))
        encoded = ordered_map(partial(encode, tokenizer, segmentation=segmentation), segments)
        for batch, (tokens, starts) in zip(tables.batches(documents), encoded, strict=True):
            counts[split] = counts.get(split, 0) + sum(map(len, tokens))
            columns = {name: batch[name] for name in features if name in batch}
            yield {**columns, "tokens": tokens, "starts": starts}

    for split in NAMES:
        if (selected / f"{split}.arrow").exists():
            tables.write(folder / f"{split}.arrow", features, rows(split))
    (folder / "counts.json").write_text(json.dumps(counts), encoding="utf-8")
    return f"{sum(counts.values()):,} tokens"


def _segments(batch: Mapping[str, Any]) -> list[list[str]]:
    segments = []
    for text, lengths in zip(batch["text"], batch["segment_lengths"], strict=True):
        segments.append([text[start:stop] for start, stop in pairwise(accumulate(lengths, initial=0))])
    return segments
