"""Small models and batches for the tests of the concepts chapter."""

import torch
from torch import Tensor, nn

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.models.transformer import Seq2SeqTransformer

VOCABULARY = 50


def transformer(layers: int = 4, seed: int = 0) -> Seq2SeqTransformer:
    torch.manual_seed(seed)
    return Seq2SeqTransformer(
        VOCABULARY, 16, d_model=8, heads=2, d_ff=12, encoder_layers=layers, decoder_layers=layers
    ).eval()


def packed(rows: int = 2) -> Seq2SeqBatch:
    """Rows of two examples, of 4 and 3 tokens read and 5 and 4 written, with padding on both sides."""
    generator = torch.Generator().manual_seed(1)
    encoder_documents = torch.tensor([1] * 4 + [2] * 3 + [0] * 2).expand(rows, -1)
    decoder_documents = torch.tensor([1] * 5 + [2] * 4 + [0] * 3).expand(rows, -1)
    labels = torch.randint(5, VOCABULARY, decoder_documents.shape, generator=generator)
    labels[decoder_documents == 0] = IGNORE
    return Seq2SeqBatch(
        torch.randint(5, VOCABULARY, encoder_documents.shape, generator=generator),
        encoder_documents,
        torch.randint(5, VOCABULARY, decoder_documents.shape, generator=generator),
        decoder_documents,
        labels,
        (labels != IGNORE).sum(),
        torch.zeros_like(labels),
    )


def loss_of(labels: Tensor):
    return lambda logits: nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())


class Dense(nn.Module):
    """The article's listing: layers that map each token by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 8)
        self.stack = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, VOCABULARY))

    def forward(self, tokens: Tensor) -> Tensor:
        return self.stack(self.embedding(tokens))


class Recurrent(nn.Module):
    """An LSTM reads, a second one starts from its state."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 8)
        self.reader = nn.LSTM(8, 8, batch_first=True)
        self.writer = nn.LSTM(8, 8, batch_first=True)
        self.output = nn.Linear(8, VOCABULARY, bias=False)
        self.output.weight = self.embedding.weight

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        _, state = self.reader(self.embedding(batch["source"]))
        return self.output(self.writer(self.embedding(batch["target"]), state)[0])


class PyTorchs(nn.Module):
    """torch.nn.Transformer, whose layers lie two modules down."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCABULARY, 8)
        self.core = nn.Transformer(8, 2, 3, 2, 16, batch_first=True)
        self.output = nn.Linear(8, VOCABULARY)

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        return self.output(self.core(self.embedding(batch["source"]), self.embedding(batch["target"])))


def pair() -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(2)
    return {
        "source": torch.randint(0, VOCABULARY, (2, 6), generator=generator),
        "target": torch.randint(0, VOCABULARY, (2, 5), generator=generator),
    }
