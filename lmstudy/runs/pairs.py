"""Pairs that a model writes itself: texts, and which of two a scorer minds less."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lmstudy.config import DPOSettings
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.data.corpus import Corpus, to_stderr
from lmstudy.data.examples import Ints
from lmstudy.data.tokenizer import EOS
from lmstudy.errors import StudyError
from lmstudy.evaluation.misalignment import misalignment
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.training.dpo import Pairs, Texts, text_log_probabilities
from lmstudy.writing.control import PLAIN, sampling_for
from lmstudy.writing.texts import drawn

AT_ONCE = 32
"""Texts whose log-probabilities are computed together."""


def sampled_pairs(
    model: Any, corpus: Corpus, scorer: Scorer, settings: DPOSettings, seed: int
) -> tuple[Pairs, dict[str, float]]:
    """Pairs of texts that `model` writes from nothing, with its own log-probabilities as the reference, and metrics.

    A text is as bad as its mean misalignment; texts that cannot be scored, or have nothing to score, are in no pair.
    The last segment of an unfinished text is learned, but not judged.

    Metrics: `dpo/texts` drawn, `dpo/judged` of them, `dpo/misalignment` their mean score, `dpo/pairs`, `dpo/ties`
    dropped; tokens that were sampled, scored and given a reference log-probability (`compute/..._tokens`).

    Raises:
        StudyError: fewer pairs are left than one step takes.
    """
    sampling = sampling_for(PLAIN, model.max_positions - 1, settings.temperature, top_p=1.0)
    rng = np.random.default_rng([seed, 1])
    texts = drawn(model, corpus, PLAIN, settings.samples, int(rng.integers(2**31)), sampling)
    targets = [np.array([*ids, EOS] if text.finished else ids, dtype=np.int64) for ids, text in texts]
    scored = misalignment(scorer, [text.segments for _, text in texts])
    means = np.full(len(texts), np.nan)
    means[scored.scored] = scored.totals[:, 0] / scored.totals[:, 1]
    chosen, rejected, ties = matched(means, settings.partners, rng)
    judged = int(scored.scored.sum())
    to_stderr(f"{len(texts):,} texts, {judged:,} judged by {scorer.name}: {len(chosen):,} pairs, {ties:,} ties")
    if len(chosen) < settings.pairs:
        raise StudyError(
            f"only {len(chosen)} pairs are left ({ties} of {len(chosen) + ties} are ties) of "
            f"samples={settings.samples}, and a step takes pairs={settings.pairs}: raise samples or partners"
        )
    used = np.unique([chosen, rejected])
    reference = torch.zeros(len(targets))
    reference[torch.from_numpy(used)] = log_probabilities(model, Texts(targets), used.tolist())
    lengths = np.array([len(target) for target in targets])
    metrics = {
        "dpo/texts": len(texts),
        "dpo/judged": judged,
        "dpo/misalignment": scored.mean,
        "dpo/pairs": len(chosen),
        "dpo/ties": ties,
        "compute/sampled_tokens": lengths.sum(),
        "compute/scored_tokens": lengths[scored.scored].sum(),
        "compute/reference_tokens": lengths[used].sum(),
    }
    return Pairs(Texts(targets), chosen, rejected, reference), {name: float(value) for name, value in metrics.items()}


def matched(means: NDArray[np.float64], partners: int, rng: np.random.Generator) -> tuple[Ints, Ints, int]:
    """Numbers of the better and the worse text of each pair, and how many pairs were ties, which are dropped.

    Each text whose mean is known (not NaN) meets `partners` random others, one in each round; with an odd number one
    text sits out.
    """
    judged = np.flatnonzero(~np.isnan(means))
    rounds = [rng.permutation(judged)[: len(judged) // 2 * 2].reshape(-1, 2) for _ in range(partners)]
    left, right = np.concatenate(rounds).T
    differ = means[left] != means[right]
    left, right = left[differ], right[differ]
    better = means[left] < means[right]
    return np.where(better, left, right), np.where(better, right, left), int((~differ).sum())


@torch.no_grad()
def log_probabilities(model: Any, texts: Texts, numbers: Sequence[int], of: Sequence[int] | None = None) -> Tensor:
    """log p [numbers] of the texts of these numbers, on the CPU; `of` as of `Texts.batch`."""
    device = next(model.parameters()).device
    parts = []
    for start in range(0, len(numbers), AT_ONCE):
        chosen = slice(start, start + AT_ONCE)
        batch = texts.batch(numbers[chosen], None if of is None else of[chosen])
        parts.append(text_log_probabilities(model, Seq2SeqBatch(*(part.to(device) for part in batch))).cpu())
    return torch.cat(parts)
