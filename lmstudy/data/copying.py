"""Tasks in which the answer is given: what they teach, and what they do not, is shown in the book."""

import numpy as np

from lmstudy.data.examples import Documents, Ints, Plan, PrefixLM, Rng, drawn_already
from lmstudy.data.tokenizer import BOS
from lmstudy.errors import StudyError


class Reproduce(PrefixLM):
    """The article's `fit(data, data)`: the decoder reads at each position the very token it has to name there.

    Whole documents, nothing for the encoder to read. Any network can solve it without learning anything of
    language; a decoder whose input somebody forgot to shift is trained like this by accident. Held-out documents
    are evaluated as always, by the next token.
    """

    shifted = False

    def __init__(self) -> None:
        super().__init__(start_probability=1.0)


class Copy:
    """The encoder reads the first n tokens of a document, the decoder writes the same n: nothing but remembering.

    n is uniform between `shortest` and `longest`, or as long as the document and the row allow.
    """

    shifted = True

    def __init__(self, shortest: int = 1, longest: int = 95) -> None:
        if not 1 <= shortest <= longest:
            raise StudyError(
                f"pretraining.shortest={shortest} must be at least 1 and at most pretraining.longest={longest}"
            )
        self.shortest, self.longest = shortest, longest

    def plan(self, documents: Documents, index: Ints, encoder_length: int, decoder_length: int, rng: Rng) -> Plan:
        drawn = rng.integers(self.shortest, self.longest + 1, len(index))
        room = min(encoder_length, decoder_length) - 1
        length = np.minimum(np.minimum(drawn, documents.lengths(index)), room)
        return drawn_already(index, length, length + 1, length)

    def build(self, documents: Documents, example: Plan) -> tuple[Ints, Ints]:
        tokens = documents.tokens(int(example.document))[: int(example.cut)]
        return np.concatenate([[BOS], tokens]), tokens
