"""Sizes at which models of different kinds have equally many parameters, so that they can be compared."""

from collections.abc import Callable
from dataclasses import dataclass

from lmstudy.errors import StudyError

TOLERANCE = 0.02
"""Share of the reference's parameters by which a matched model may be off."""


@dataclass(frozen=True)
class Reference:
    """The Transformer to be matched, under the names of `lmstudy.models.transformer.Seq2SeqTransformer`."""

    d_model: int
    d_ff: int
    encoder_layers: int
    decoder_layers: int

    def parameters(self, vocab_size: int) -> int:
        """All weights: the tied matrix, 4 D^2 an attention, 3 D F a feed-forward, D a norm."""
        width = self.d_model
        attention, feed_forward = 4 * width**2, 3 * width * self.d_ff
        encoder = attention + feed_forward + 2 * width
        decoder = 2 * attention + feed_forward + 3 * width
        return vocab_size * width + self.encoder_layers * encoder + self.decoder_layers * decoder + 2 * width


def matched(count: Callable[[int], int], target: int, key: str) -> int:
    """The size at which `count`, which must grow with it, comes nearest to `target` parameters.

    Raises:
        StudyError: no size comes within `TOLERANCE`; names the config key to set by hand.
    """
    low, high = 1, 2
    while count(high) < target:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) < target else (low, middle)
    best = min((low, high), key=lambda size: abs(count(size) - target))
    if abs(count(best) - target) > TOLERANCE * target:
        raise StudyError(
            f"{key}: no size gives {target:,} parameters within {TOLERANCE:.0%} (the nearest, {best}, gives "
            f"{count(best):,}); set {key} to a number"
        )
    return best
