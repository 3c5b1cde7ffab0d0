"""Examples in the tokens of a corpus."""

from collections.abc import Sequence

import numpy as np

from lmstudy.data.corpus import Corpus
from lmstudy.data.tokenizer import encode
from lmstudy.errors import StudyError
from lmstudy.tasks.base import Example
from lmstudy.training.fine_tuning import TokenPairs


def in_tokens(examples: Sequence[Example], labels: Sequence[str], corpus: Corpus, longest: int) -> TokenPairs:
    """Sources and targets in tokens, each cut to what fits a context of `longest` with its start or end token.

    Raises:
        StudyError: an example without a source or a target, or with a label that is not among `labels`.
    """
    for example in examples:
        if not example.source.strip() or not example.target.strip():
            raise StudyError(f"task: {example.id} has an empty {'target' if example.source.strip() else 'source'}")
        if labels and example.target not in labels:
            raise StudyError(f"task: {example.id} has the label {example.target!r}; known are {', '.join(labels)}")
    sources, targets = (
        encode(corpus.tokenizer, [[text] for text in texts], corpus.segmentation)[0]
        for texts in ([one.source for one in examples], [one.target for one in examples])
    )
    room = longest - 1
    cut = sum(len(s) > room or len(t) > room for s, t in zip(sources, targets, strict=True))
    numbers = np.array([labels.index(one.target) if labels else -1 for one in examples], dtype=np.int64)
    return TokenPairs([s[:room] for s in sources], [t[:room] for t in targets], numbers, cut)
