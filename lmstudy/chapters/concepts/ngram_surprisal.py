"""A language model by counting, and what it makes of a held-out text, token by token."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import datasets
import numpy as np
import pandas as pd
from tokenizers import Tokenizer

from lmstudy.chapters.concepts.shading import MONOSPACE, shade, visible
from lmstudy.data.corpus import Corpus
from lmstudy.data.store import TokenStore
from lmstudy.data.tokenizer import decode, token_bytes
from lmstudy.errors import StudyError
from lmstudy.evaluation.kneser_ney import KneserNey
from lmstudy.evaluation.statistics import Estimate, paired_difference, ratio_of_sums_bootstrap
from lmstudy.show.live import live
from lmstudy.show.numbers import percent

END = "the end"
"""How the end of a document is shown, which is predicted like a token."""
DARKEST = 12.0
"""Bits at which a token has the darkest shade."""


@dataclass(frozen=True)
class Surprisal:
    """One piece of a text, what it cost to predict, and what was expected in its place."""

    text: str
    bits: float
    """-log2 p(piece | all before it)."""
    expected: str
    """The most probable next token."""
    probability: float
    """Of the expected one."""


def some_documents(split: datasets.Dataset, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Token ids of `count` documents (or all, if there are fewer) drawn without replacement, and their offsets."""
    store = TokenStore(split)
    return store.flat(np.random.default_rng(seed).permutation(len(store))[:count])


def largest_order(vocab_size: int, wanted: int = 5) -> int:
    """The highest order up to `wanted` whose n-grams fit the 64-bit keys of `KneserNey`."""
    return max(k for k in range(1, wanted + 1) if (vocab_size + 1) ** k <= 2**64)


def counted(corpus: Corpus, documents: int, order: int, seed: int) -> KneserNey:
    """An n-gram model of some training documents, the same ones for every order."""
    return KneserNey(order, corpus.tokenizer.get_vocab_size()).fit(
        *some_documents(corpus.splits["train"], documents, seed)
    )


def held_out(corpus: Corpus) -> datasets.Dataset:
    """The split to look at: documents of sources never trained on, else of files never trained on.

    Raises:
        StudyError: the corpus has neither; its test split is left alone.
    """
    for name in ("valid", "valid_files"):
        if name in corpus.splits and len(corpus.splits[name]):
            return corpus.splits[name]
    raise StudyError(
        f"the corpus has no documents to validate on, only {sorted(corpus.splits)}: raise data.split.valid"
    )


def a_document(split: datasets.Dataset, seed: int, shortest: int = 60, longest: int = 130) -> dict:
    """A document of so many tokens, drawn; of any length where none is that long."""
    lengths = TokenStore(split).lengths(np.arange(len(split)))
    fitting = np.flatnonzero((lengths >= shortest) & (lengths <= longest))
    return split[int(np.random.default_rng(seed).choice(fitting if len(fitting) else len(split)))]


def surprisals(model: KneserNey, tokenizer: Tokenizer, tokens: Sequence[int]) -> list[Surprisal]:
    """-log2 p of each token given those before it, by the chain rule; the end of the document comes last.

    Tokens that are parts of one character are shown as one piece, whose bits add up. The bits of all pieces
    are those of the document, and their texts joined are its text.
    """
    pieces = []
    waiting: list[int] = []
    bits, expected, probability = 0.0, "", 0.0
    for position, token in enumerate([*tokens, model.vocab_size]):
        p = model.distribution(np.asarray(tokens[max(0, position - model.order + 1) : position], dtype=np.int64))
        if not waiting:
            best = int(p.argmax())
            expected = END if best == model.vocab_size else decode(tokenizer, [best])
            probability = float(p[best])
        bits -= math.log2(p[token])
        if token == model.vocab_size:
            pieces.append(Surprisal("", bits, expected, probability))
            continue
        waiting.append(token)
        text = decode(tokenizer, waiting)
        if "\N{REPLACEMENT CHARACTER}" not in text or position == len(tokens) - 1:
            pieces.append(Surprisal(text, bits, expected, probability))
            waiting, bits = [], 0.0
    return pieces


def mentions(
    model: KneserNey, corpus: Corpus, documents: int, seed: int, size: int = 3, longest: int = 200
) -> tuple[dict[str, Estimate], Estimate]:
    """Bits a piece of letters costs where it is new in its document, and where it is not.

    Only pieces of at least `size` bytes count: three Latin letters, or one Chinese character.

    A piece counts as mentioned before if it was further back than the model can see.

    Returns:
        Mean bits of both kinds over held-out documents of at most `longest` tokens, and the second less the
        first, paired by document.
    """
    split, reach = held_out(corpus), model.order - 1
    fitting = np.flatnonzero(TokenStore(split).lengths(np.arange(len(split))) <= longest)
    chosen = np.random.default_rng(seed).permutation(fitting)[:documents]
    sums = np.zeros((2, len(chosen), 2))  # kind, document, (bits, pieces)
    for number, index in enumerate(chosen):
        pieces = surprisals(model, corpus.tokenizer, split[int(index)]["tokens"])
        words = [piece.text.strip() for piece in pieces]
        for position, (word, piece) in enumerate(zip(words, pieces, strict=True)):
            if len(word.encode()) >= size and word.isalpha() and word not in words[max(0, position - reach) : position]:
                sums[int(word in words[:position]), number] += piece.bits, 1
    new, again = sums[:1], sums[1:]
    names = {"new in its document": new, "mentioned before": again}
    return {name: ratio_of_sums_bootstrap(each) for name, each in names.items()}, paired_difference(again, new)


def order_table(corpus: Corpus, documents: int, evaluated: int, seed: int, highest: int = 5) -> pd.DataFrame:
    """Cross-entropy of held-out documents for n-gram models of growing order: one row an order.

    Nats and bits are means over tokens, ends of documents included; perplexity is their exponential; bits
    per byte divide the same sum by the bytes of the text. The first row gives every outcome the same probability.
    """
    tokens, offsets = some_documents(held_out(corpus), evaluated, seed)
    outcomes = len(tokens) + len(offsets) - 1
    size = float(token_bytes(corpus.tokenizer)[tokens].sum())
    vocab_size = corpus.tokenizer.get_vocab_size()
    totals = {"uniform": outcomes * math.log2(vocab_size + 1)}
    for order in range(1, largest_order(vocab_size, highest) + 1):
        name = f"{order - 1} token{'s' if order != 2 else ''} of context"
        totals[name] = float(counted(corpus, documents, order, seed).bits(tokens, offsets).sum())
    rows = {
        name: {
            "nats a token": total / outcomes * math.log(2),
            "bits a token": total / outcomes,
            "perplexity": 2 ** (total / outcomes),
            "bits per byte": total / size,
        }
        for name, total in totals.items()
    }
    return pd.DataFrame(rows).T


def surprisal_strip(pieces: Sequence[Surprisal]) -> str:
    """A text whose tokens are the darker the less they were expected; HTML, pointing at one tells its numbers.

    A script tells them to keys and fingers, too.
    """
    spans = []
    for piece in pieces:
        title = f"{piece.bits:.1f} bits; expected {visible(piece.expected)} with {percent(piece.probability)}"
        text = escape(piece.text) if piece.text else "<i> end </i>"
        text = text.replace("\n", "↵\n") if not piece.text.strip() and "\n" in piece.text else text
        spans.append(
            f'<span style="{shade(piece.bits / DARKEST)};padding:0.2em 0" title="{escape(title)}">{text}</span>'
        )
    scale = "".join(
        f'<span style="{shade(bits / DARKEST)};padding:0 0.7em">{bits}{"+" if bits == DARKEST else ""}</span>'
        for bits in range(0, int(DARKEST) + 1, 2)
    )
    block = (
        f"{MONOSPACE};line-height:1.75;background:#fff;color:#000;padding:0.7em;overflow-x:auto;white-space:pre-wrap"
    )
    return live(
        "strip",
        f'<div style="{MONOSPACE};margin-bottom:0.4em">bits a token: {scale}</div>'
        f'<div class="verbatim" style="{block}">{"".join(spans)}</div>',
        hidden=False,
    )
