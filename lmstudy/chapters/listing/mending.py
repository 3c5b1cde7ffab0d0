"""The listing of the article's section 5.2, and what was changed in it, one erratum after the other.

A mending replaces lines of the text that the mendings before it have left. It changes as little as makes the next error
appear; so every error of the listing is met by running it, the first one as it is printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from lmstudy.errors import StudyError

COPYING = 12
"""The erratum whose mending makes the network predict; without it, it copies."""

ZEROS = 38
"""The erratum whose mending lets words without a vector start at random; without it, they start from zeros."""


@dataclass(frozen=True)
class Mending:
    """A change to the listing.

    Args:
        errata: numbers of those that it puts right; the first is the one that it is known by.
        says: what it does, in a few words.
        edits: lines as they are, and what stands there afterwards; each occurs once.
        call: how the listing is called from then on; None: as before.
    """

    errata: tuple[int, ...]
    says: str
    edits: tuple[tuple[str, str], ...]
    call: str | None = None


FIRST_CALL = "train_language_model(words, embedding_dim=2, hidden_dim=25, learning_rate=0.01, epochs=50)"
"""`words` are the five of the article's worked example: the listing counts its vocabulary by `len(data)`."""

MENDINGS = (
    Mending(
        (30,),
        "vectors are given by word",
        (
            (
                "def initialize_embedding_matrix(data, embedding_dim):",
                "def initialize_embedding_matrix(data, embedding_dim, vectors):",
            ),
            ("embedding_vector = ... # 获取预训练的嵌入向量", "embedding_vector = vectors.get(word)"),
            ("def train_language_model(data, embedding_dim,", "def train_language_model(data, vectors, embedding_dim,"),
            (
                "initialize_embedding_matrix(data, embedding_dim)\n",
                "initialize_embedding_matrix(data, embedding_dim, vectors)\n",
            ),
        ),
        "train_language_model(words, vectors, embedding_dim=2, hidden_dim=25, learning_rate=0.01, epochs=50)",
    ),
    Mending(
        (31,),
        "numbers in the place of the function that is missing for the encoder",
        (
            (
                "initialize_encoder_weights(embedding_dim, hidden_dim)",
                "np.random.normal(size=(embedding_dim, hidden_dim))",
            ),
        ),
    ),
    Mending(
        (31,),
        "the same for the decoder",
        (
            (
                "initialize_decoder_weights(hidden_dim, embedding_dim)",
                "np.random.normal(size=(hidden_dim, embedding_dim))",
            ),
        ),
    ),
    Mending(
        (32,),
        "encoder and decoder are called with both of their arguments",
        (
            (
                "        encoder(encoder_weights),\n        decoder(decoder_weights)\n",
                "        encoder_output,\n        decoder_output\n",
            ),
            (
                "\n    model = tf.keras.Sequential",
                "    encoder_output = encoder(embedding_matrix, encoder_weights)\n"
                "    decoder_output = decoder(encoder_output, decoder_weights)\n\n"
                "    model = tf.keras.Sequential",
            ),
        ),
    ),
    Mending(
        (31, 11),
        "the vocabulary is an argument of its own",
        (
            (
                "def initialize_embedding_matrix(data, embedding_dim, vectors):\n    vocab_size = len(data)",
                "def initialize_embedding_matrix(vocab, embedding_dim, vectors):\n    vocab_size = len(vocab)",
            ),
            ("enumerate(data)", "enumerate(vocab)"),
            ("def decoder(encoder_output, decoder_weights):", "def decoder(encoder_output, decoder_weights, vocab):"),
            ("def train_language_model(data, vectors,", "def train_language_model(data, vocab, vectors,"),
            (
                "initialize_embedding_matrix(data, embedding_dim, vectors)\n",
                "initialize_embedding_matrix(vocab, embedding_dim, vectors)\n",
            ),
            ("decoder(encoder_output, decoder_weights)\n", "decoder(encoder_output, decoder_weights, vocab)\n"),
            ("input_dim=len(data)", "input_dim=len(vocab)"),
        ),
        "train_language_model(words, words, vectors, embedding_dim=2, hidden_dim=25, learning_rate=0.01, epochs=50)",
    ),
    Mending(
        (32, 33, 34),
        "layers are made once and kept; they hold the weights",
        (
            (
                "def encoder(embeddings, encoder_weights):\n"
                "    encoder_output = tf.keras.layers.Dense(units=100, activation='relu')(embeddings)\n"
                "    encoder_output = tf.keras.layers.Dense(units=50, activation='relu')(encoder_output)\n"
                "    encoder_output = tf.keras.layers.Dense(units=25, activation='relu')(encoder_output)\n"
                "    return encoder_output\n",
                "def encoder():\n"
                "    return [\n"
                "        tf.keras.layers.Dense(units=100, activation='relu'),\n"
                "        tf.keras.layers.Dense(units=50, activation='relu'),\n"
                "        tf.keras.layers.Dense(units=25, activation='relu'),\n"
                "    ]\n",
            ),
            (
                "def decoder(encoder_output, decoder_weights, vocab):\n"
                "    decoder_output = tf.keras.layers.Dense(units=50, activation='relu')(encoder_output)\n"
                "    decoder_output = tf.keras.layers.Dense(units=100, activation='relu')(decoder_output)\n"
                "    decoder_output = tf.keras.layers.Dense(units=len(vocab), activation='softmax')(decoder_output)\n"
                "    return decoder_output\n",
                "def decoder(vocab):\n"
                "    return [\n"
                "        tf.keras.layers.Dense(units=50, activation='relu'),\n"
                "        tf.keras.layers.Dense(units=100, activation='relu'),\n"
                "        tf.keras.layers.Dense(units=len(vocab), activation='softmax'),\n"
                "    ]\n",
            ),
            ("embedding_dim, hidden_dim, learning_rate", "embedding_dim, learning_rate"),
            (
                "    encoder_weights = np.random.normal(size=(embedding_dim, hidden_dim))\n"
                "    decoder_weights = np.random.normal(size=(hidden_dim, embedding_dim))\n"
                "    encoder_output = encoder(embedding_matrix, encoder_weights)\n"
                "    decoder_output = decoder(encoder_output, decoder_weights, vocab)\n",
                "",
            ),
            ("        encoder_output,\n        decoder_output\n", "        *encoder(),\n        *decoder(vocab)\n"),
        ),
        "train_language_model(words, words, vectors, embedding_dim=2, learning_rate=0.01, epochs=50)",
    ),
    Mending(
        (36,),
        "words are given as their numbers",
        (),
        "train_language_model(numbers, words, vectors, embedding_dim=2, learning_rate=0.01, epochs=50)",
    ),
    Mending(
        (36,),
        "a loss for numbers of words",
        (("loss='categorical_crossentropy'", "loss='sparse_categorical_crossentropy'"),),
    ),
    Mending(
        (35,),
        "the loss function takes logits, and is used",
        (
            ("units=len(vocab), activation='softmax'", "units=len(vocab)"),
            ("def compute_loss(decoder_output, sentence):", "def compute_loss(sentence, decoder_output):"),
            (
                "tf.nn.softmax_cross_entropy_with_logits(logits=decoder_output, labels=sentence)",
                "tf.nn.sparse_softmax_cross_entropy_with_logits("
                "logits=decoder_output, labels=tf.cast(sentence, tf.int32))",
            ),
            ("loss='sparse_categorical_crossentropy'", "loss=compute_loss"),
        ),
    ),
    Mending(
        (37,),
        "rows of any length; each word still goes through by itself",
        (("input_dim=len(vocab), input_length=1, ", "input_dim=len(vocab), "),),
        "train_language_model(sentences, words, vectors, embedding_dim=2, learning_rate=0.01, epochs=50)",
    ),
    Mending(
        (ZEROS,),
        "a word without a vector starts at random, not from zeros",
        (("np.zeros((vocab_size, embedding_dim))", "np.random.normal(scale=0.1, size=(vocab_size, embedding_dim))"),),
    ),
    Mending(
        (39,),
        "rows are shuffled before a fifth is held out",
        (("    model.fit(", "    data = data[np.random.permutation(len(data))]\n    model.fit("),),
    ),
    Mending(
        (COPYING,),
        "the target is the next word",
        (("model.fit(data, data, ", "model.fit(data[:, :-1], data[:, 1:], "),),
    ),
    Mending(
        (40,),
        "the model can be asked: the most probable word, time after time",
        (
            (
                "    return model\n",
                "    return model\n\n"
                "# 生成文本\n"
                "def write(model, number, length):\n"
                "    written = [number]\n"
                "    while len(written) < length:\n"
                "        logits = model(np.array([written[-1:]]))\n"
                "        written.append(int(np.argmax(logits[0, -1])))\n"
                "    return written\n",
            ),
        ),
    ),
)


@cache
def as_printed() -> str:
    """The listing of section 5.2, character by character."""
    return (Path(__file__).parent / "as_printed.txt").read_text(encoding="utf-8")


def mended(mendings: Sequence[Mending] = MENDINGS, text: str | None = None) -> str:
    """The listing (or `text`) after mendings; a StudyError where lines that one replaces are not there just once."""
    text = as_printed() if text is None else text
    for mending in mendings:
        for before, after in mending.edits:
            if text.count(before) != 1:
                raise StudyError(
                    f"mending of E{mending.errata[0]}: {before!r} occurs {text.count(before)} times, not once"
                )
            text = text.replace(before, after)
    return text


def call_after(number: int) -> str:
    """How the listing is called after its first `number` mendings."""
    return [FIRST_CALL, *(mending.call for mending in MENDINGS[:number] if mending.call)][-1]
