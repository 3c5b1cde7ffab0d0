"""Vectors into a model, and out of it."""

from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from lmstudy.errors import StudyError
from lmstudy.models.embeddings.base import Embedding, WordVectors
from lmstudy.models.embeddings.text_format import write_vectors
from lmstudy.models.embeddings.token_names import token_names
from lmstudy.models.network import TiedOutput


class Embedded(Protocol):
    """A model that vectors can be put into."""

    embedding: nn.Embedding

    def untie(self) -> None:
        """Give the output a trained matrix of its own."""
        ...


def arrange(model: Embedded, settings: Embedding) -> None:
    """Untie and freeze as the settings say: what a model must look like before a run's weights are loaded into it.

    A frozen embedding gets an output matrix of its own whatever `tied` says, since the output is trained always.

    Raises:
        StudyError: the model has no embedding to freeze or no output to untie.
    """
    if not hasattr(model, "embedding") or not hasattr(model, "untie"):
        raise StudyError(f"embedding: model {type(model).__name__} has no embedding that vectors could be put into")
    if settings.frozen or not settings.tied:
        model.untie()
    model.embedding.weight.requires_grad_(not settings.frozen)


@torch.no_grad()
def place(model: Embedded, vectors: WordVectors) -> None:
    """Start the embedding from vectors, at the size of the model's own initialisation.

    All found vectors are multiplied by one number, such that their entries have the root mean square of the matrix
    they replace (1/sqrt(D) for the study's models). Vectors of another size would change training by their size
    alone; one number for all leaves the angles between words, and which words are longer than others, as they were.
    Tokens without a vector keep the random one that the model gave them, whose size is right already.

    An output matrix that `untie` made starts from the same vectors, so that tied and untied, frozen and trained,
    begin as the same function; one that was never the embedding's, such as the dense network's, stays as it is.

    Raises:
        StudyError: the shapes differ, or all vectors are 0.
    """
    weight = model.embedding.weight
    if tuple(weight.shape) != vectors.matrix.shape:
        raise StudyError(f"embedding: vectors {list(vectors.matrix.shape)} for a model with {list(weight.shape)}")
    found = torch.from_numpy(vectors.found)
    rows = torch.from_numpy(vectors.matrix)[found].to(weight)
    size = rows.square().mean().sqrt()
    if not size > 0:
        raise StudyError("embedding: no vector was found that is not 0")
    weight[found.to(weight.device)] = rows * (weight.square().mean().sqrt() / size)
    if isinstance(model, TiedOutput) and model.output is not None:
        model.output.copy_(weight)


def export(path: Path | str, tokenizer: Tokenizer, matrix: NDArray[np.floating] | Tensor) -> Path:
    """Write the vectors [V, D] of a vocabulary, under the tokens' names in the byte-level alphabet.

    `embedding=file embedding.match=name` reads them back. Special tokens are left out.

    Raises:
        StudyError: as `write_vectors`.
    """
    names = token_names(tokenizer)
    rows = matrix.detach().cpu().numpy() if isinstance(matrix, Tensor) else np.asarray(matrix)
    if len(rows) != len(names):
        raise StudyError(f"{path}: {len(rows)} vectors for a vocabulary of {len(names)}")
    kept = [token for token, name in enumerate(names) if name is not None]
    return write_vectors(path, [str(names[token]) for token in kept], rows[kept])
