"""Claims of the chapter on embeddings: bits per byte that one embedding saves against another."""

from functools import partial

from lmstudy.study.claim_arms import BITS, difference
from lmstudy.study.claims import claim

in_bits = partial(claim, chapter="notebooks/08_embeddings", unit=BITS)


in_bits(
    id="embeddings.word2vec_trained",
    sentence="An embedding that starts from Word2Vec vectors and is trained needs fewer bits per byte than one that "
    "starts at random.",
    holds=lambda e: e.low > 0,
)(difference("first_model", "embedding_word2vec", "brief"))


in_bits(
    id="embeddings.word2vec_frozen",
    sentence="Frozen, Word2Vec vectors need fewer bits per byte than random ones.",
    holds=lambda e: e.low > 0,
)(difference("embedding_random_frozen", "embedding_word2vec_frozen", "brief"))


in_bits(
    id="embeddings.glove_trained",
    sentence="An embedding that starts from GloVe vectors and is trained needs fewer bits per byte than one that "
    "starts at random.",
    holds=lambda e: e.low > 0,
)(difference("first_model", "embedding_glove", "brief"))


in_bits(
    id="embeddings.random_training",
    sentence="Training random vectors saves bits per byte against reading them as they are.",
    holds=lambda e: e.low > 0,
)(difference("embedding_random_frozen", "first_model", "brief"))
