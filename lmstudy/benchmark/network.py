"""The network of a workload, whose sizes its YAML names and every contender is given."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Network:
    """A Transformer encoder-decoder: widths, and the layers of both stacks. Workloads inherit these keys."""

    d_model: int
    heads: int
    d_ff: int
    encoder_layers: int
    decoder_layers: int

    @property
    def sizes(self) -> dict[str, int]:
        """These keys alone, whatever else a workload has."""
        return {field.name: getattr(self, field.name) for field in fields(Network)}
