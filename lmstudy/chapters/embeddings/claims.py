"""Claims of the chapter on embeddings: bits per byte that one embedding saves against another."""

from functools import partial

from lmstudy.study.claims import Compute, claim, confirm
from lmstudy.study.estimates import more_bits
from lmstudy.study.rates import tried_up_to
from lmstudy.study.verdicts import above

in_bits = partial(claim, chapter="notebooks/08_embeddings", unit="bits per byte")
BUDGET = "brief"
TRAINED = {
    "random, trained": "first_model",
    "Word2Vec, trained": "embedding_word2vec",
    "GloVe, trained": "embedding_glove",
}
"""What the chapter calls an arm -> its experiment."""
RATES = ("3.0e-3", "1.0e-2", "2.0e-2", "4.0e-2", "8.0e-2", "1.6e-1")
"""Of embeddings, tried for each start alike, by one run each. The first is that of all other runs of the chapter, the
last was tried only where the one before it was the best."""
BEST = {
    "random, trained": "4.0e-2",
    "Word2Vec, trained": "1.0e-2",
    "GloVe, trained": "1.0e-2",
    "random, frozen": "8.0e-2",
    "Word2Vec, frozen": "1.0e-2",
}
"""What was best on *valid*."""
FROZEN = {
    "random, frozen": "embedding_random_frozen",
    "Word2Vec, frozen": "embedding_word2vec_frozen",
}
SEARCHED = {**TRAINED, **FROZEN}
"""All of them, each searched alike; where vectors are frozen, the rate is that of the output matrix."""
CONFIRMED = ("random, trained", "Word2Vec, trained", "GloVe, trained", "Word2Vec, frozen")
"""Those that were compared at their best rates with new seeds."""
FIRST_SEEDS, NEW_SEEDS = (11, 12, 13), (21, 22, 23, 24)
"""Of the runs at the best rates that two batches of predictions brought, judged on *test*."""


def rates_of(arm: str) -> tuple[str, ...]:
    """The rates that were tried for an arm."""
    return tuple(tried_up_to(RATES, BEST[arm]))


def searched(arm: str, rate: str) -> tuple[str, ...]:
    """Overrides of `lmstudy-train` for the run that tried a rate."""
    return (f"experiment={SEARCHED[arm]}", f"budget={BUDGET}", f"optimizer.lr={rate}")


TRIED = {arm: {rate: searched(arm, rate) for rate in rates_of(arm)} for arm in SEARCHED}
"""The search, as `lmstudy.study.rates` takes it."""


def _more_bits(arm: str, reference: str) -> Compute:
    """Bits per byte of an experiment minus those of another."""
    first, second = ((f"experiment={name}", f"budget={BUDGET}") for name in (arm, reference))
    return lambda shelf: more_bits(shelf.trained(*first), shelf.trained(*second))


# fmt: off
in_bits("An embedding that starts from Word2Vec vectors and is trained needs fewer bits per byte than one that starts "
        "at random.", "embeddings.word2vec_trained", _more_bits("first_model", "embedding_word2vec"), above(0))
in_bits("Frozen, Word2Vec vectors need fewer bits per byte than random ones.",
        "embeddings.word2vec_frozen", _more_bits("embedding_random_frozen", "embedding_word2vec_frozen"), above(0))
in_bits("An embedding that starts from GloVe vectors and is trained needs fewer bits per byte than one that starts at "
        "random.", "embeddings.glove_trained", _more_bits("first_model", "embedding_glove"), above(0))
in_bits("Training random vectors saves bits per byte compared with leaving them as they are.",
        "embeddings.random_training", _more_bits("embedding_random_frozen", "first_model"), above(0))
confirm("09cc3e26f4c5")  # embeddings.saved_at_best_rates
confirm("58048a78d802")  # embeddings.glove_at_best_rates
confirm("557b56bdb0be")  # embeddings.freezing_at_best_rates
