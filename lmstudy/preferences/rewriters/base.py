"""What every rewriter is: a function from a document that people mind to one that they mind less."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar


class Rewriter(ABC):
    """Repairs what one scorer minds. A new one is one class with `name` and `rewrite`, given out by the scorer.

    Rewriters are deterministic and picklable, as scorers are. They need not succeed: whether a text became better is
    for the scorer to say (`lmstudy.preferences.rewritten`), and one that raises leaves the text as it was.
    """

    name: str
    """Stands in what is said of a rewriting."""
    version: ClassVar[int] = 1
    """Raised by a change that alters what is written: texts are rewritten again."""

    @abstractmethod
    def rewrite(self, segments: Sequence[str], bad: Sequence[bool]) -> list[str]:
        """The segments of the repaired document; there may be more or fewer than before.

        Args:
            segments: of one document, in order.
            bad: for each of them whether the scorer calls it bad; at least one is.
        """
