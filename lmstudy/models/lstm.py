"""An LSTM encoder-decoder whose two halves meet in a code of fixed length (Sutskever et al. 2014)."""

from lmstudy.models.matching import Reference, matched
from lmstudy.models.recurrent import Recurrent, lstm_parameters


class Seq2SeqLSTM(Recurrent):
    """p(y_t | y_<t, code(x)): what the decoder knows of x are the encoder's last states.

    Args:
        vocab_size: entries of the tokenizer, V.
        max_positions: longest row on either side, in tokens; longer input is a StudyError.
        d_model: width of the embedding, D.
        layers: of each stack.
        units: of each layer, H; None: as many as give the parameters of `match`.
        match: the Transformer to be compared with.
    """

    def __init__(
        self,
        vocab_size: int,
        max_positions: int,
        match: Reference,
        d_model: int = 128,
        layers: int = 2,
        units: int | None = None,
    ) -> None:
        def count(size: int) -> int:
            return vocab_size * d_model + 2 * lstm_parameters(d_model, size, layers) + size * d_model

        units = units or matched(count, match.parameters(vocab_size), "model.units")
        super().__init__(vocab_size, max_positions, d_model, units, layers, mixed=units)
