"""Settings that several workloads have in common."""

from dataclasses import dataclass, fields

from pydantic import PositiveInt


@dataclass(frozen=True)
class Network:
    """A Transformer encoder-decoder: widths, and the layers of both stacks. Every contender is given them."""

    d_model: PositiveInt
    heads: PositiveInt
    d_ff: PositiveInt
    encoder_layers: PositiveInt
    decoder_layers: PositiveInt

    @property
    def sizes(self) -> dict[str, int]:
        """These settings alone, whatever else a workload has."""
        return {field.name: getattr(self, field.name) for field in fields(Network)}


@dataclass(frozen=True)
class Rows:
    """Shape of a batch (see `lmstudy.data.batch.Shape`)."""

    rows: PositiveInt
    encoder_length: PositiveInt
    decoder_length: PositiveInt
    prefix_length: PositiveInt

    @property
    def shape(self) -> dict[str, int]:
        """These settings alone."""
        return {field.name: getattr(self, field.name) for field in fields(Rows)}
