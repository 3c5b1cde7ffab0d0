"""What the chapter on objectives computes beside its example: weights of real lines, guidance, best of n, a table."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lmstudy.chapters.objectives.toy import shipped
from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.data.corpus import prepare
from lmstudy.data.documents import lines
from lmstudy.data.segments import segmented
from lmstudy.errors import StudyError
from lmstudy.models.guidance import Guided
from lmstudy.preferences.losses.dpo import dpo_loss
from lmstudy.preferences.objectives.base import Objective
from lmstudy.preferences.objectives.rwr import RWR
from lmstudy.preferences.rewritten import REPAIRED, rewrite, rewriter_of
from lmstudy.preferences.scored import ScoredDocuments, score_split
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.preferences.scorers.privacy import PrivacyScorer
from lmstudy.show.texts import annotated

YAML = (
    "mle",
    "filtering",
    "rewriting",
    "conditional",
    "conditional_cooldown",
    "conditional_rewriting",
    "selective",
    "unlikelihood",
    "rwr",
    "awr",
)
READS = {
    "mle": "all documents, no scores",
    "filtering": "documents with a mean score of at most t",
    "rewriting": "all documents, those with bad segments repaired by the scorer's rewriter",
    "conditional": "all documents, a control token before each segment",
    "conditional_cooldown": "the same, but plain documents in the last tenth",
    "conditional_rewriting": "as conditional, and repaired copies of documents with bad segments",
    "selective": "all documents, and scores of their tokens",
    "unlikelihood": "all documents, and scores of their tokens",
    "rwr": "all documents, and scores of their tokens",
    "awr": "all documents, and scores of their tokens",
}
LOSS = {
    "mle": "−log p",
    "filtering": "−log p",
    "rewriting": "−log p",
    "conditional": "−log p, of control tokens too",
    "conditional_cooldown": "−log p, of control tokens too",
    "conditional_rewriting": "−log p, of control tokens too",
    "selective": "−log p if s ≤ t, else 0",
    "unlikelihood": "−log p if s ≤ t, else −α log(1 − p)",
    "rwr": "−w log p, w = exp(R / β), at most clip",
    "awr": "−α w log p + (1 − α)(R − V)², w = exp((R − V) / β), at most clip",
}
COMMON = {"onset", "cooldown"}
"""Arguments of nearly all objectives, of which the chapter speaks apart."""


def scored_training_text(experiment: str) -> ScoredDocuments:
    """The training text of an experiment of `conf/experiment`, scored now unless its scores are kept."""
    config = compose_config("train", [f"experiment={experiment}"])
    return score_split(prepare(config["data"]), "train", config["scorer"])


def repaired_example(*overrides: str, longest: int = 6) -> tuple[str, str]:
    """Blocks of Markdown: a training document before and after, each line behind what the scorer says of it, masked.

    It is the first of at most `longest` lines that the rewriter of the run's scorer repairs.

    Args:
        overrides: of `lmstudy-train`, such as "experiment=pep8".
        longest: in lines.

    Raises:
        StudyError: there is none.
    """
    config = compose_config("train", overrides)
    corpus, scorer = prepare(config["data"]), build(config["scorer"], "scorer")
    scored = score_split(corpus, "train", config["scorer"])
    rewriter = rewriter_of(scorer, " ".join(overrides))
    counts = np.diff(scored.offsets)
    for number in np.flatnonzero(counts <= longest).tolist():
        scores = np.array(scored.segment_scores(number))
        if (scores > scored.threshold).any():
            ((segments,),) = segmented(corpus.splits["train"].select([number]), corpus.tokenizer)
            found = rewrite(scorer, rewriter, scored.threshold, segments, scores)
            if found.what == REPAIRED:
                return (
                    _marked(scorer, scored.threshold, segments, scores.tolist()),
                    _marked(scorer, scored.threshold, found.segments, found.scores),
                )
    raise StudyError(f"{' '.join(overrides)}: no training document of at most {longest} lines is repaired")


def _marked(scorer: Scorer, threshold: float, segments: Sequence[str], scores: Sequence[float]) -> str:
    shown = lines(scorer.masked("".join(segments)))
    return annotated(shown, {}, ["bad" if score > threshold else "good" for score in scores])


def objective_table() -> pd.DataFrame:
    """A row for each objective: what it reads, its loss, how it is asked to be good, its parameters, its YAML."""
    rows = {}
    for name in YAML:
        objective = shipped(name)
        arguments = inspect.signature(type(objective)).parameters
        values = {key: getattr(objective, key) for key in arguments if key not in COMMON}
        if objective.cooldown:
            values["cooldown"] = objective.cooldown
        rows[name.replace("_", ", ")] = {
            "training reads": READS[name],
            "loss of a token": LOSS[name],
            "control token at generation": "good" if objective.controlled else "none",
            "own parameters": ", ".join(f"{key}: {_plain(value)}" for key, value in values.items()) or "none",
            "YAML": f"objective={name}",
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def _plain(value: Any) -> str:
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else f"{value:g}"


def weight_table(tasks: Mapping[str, ScoredDocuments], settings: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """What RWR makes of real training segments: weights of good ones, and of bad ones from the worst to the mildest."""
    rows = {}
    for task, scored in tasks.items():
        for name, arguments in settings.items():
            objective = RWR(**arguments)
            objective.view(scored, 1)
            known = scored.scores[~np.isnan(scored.scores)]
            weights = objective.weights(torch.from_numpy(known.copy()), torch.zeros(())).numpy()
            bad = weights[known > scored.threshold]
            low, middle, high = np.quantile(bad, [0.05, 0.5, 0.95])
            rows[f"{task}, {name}"] = {
                "good segments": float(weights[known <= scored.threshold].mean()),
                "bad, the worst 5 %": low,
                "bad, median": middle,
                "bad, the mildest 5 %": high,
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def released_share(scored: ScoredDocuments) -> float:
    """How much of its likelihood term the released unlikelihood leaves to a bad segment: the mean of 1 - s."""
    known = scored.scores[~np.isnan(scored.scores)]
    return float((1 - known[known > scored.threshold]).mean())


def divided_table(lengths: Sequence[int] = (20, 40, 80)) -> pd.DataFrame:
    """The same made-up name in lines of several lengths, scored as it should be and divided by length once more."""
    rows = {}
    for length in lengths:
        line = "# by Jane Doe, ".ljust(length - 1, "x") + "\n"
        once, twice = (PrivacyScorer(divided_twice=again).score([line])[0] for again in (False, True))
        rows[f"a line of {length} characters"] = {
            "score": once,
            "items in it (score × length)": once * length,
            "score, divided twice": twice,
            "items in it, then": twice * length,
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def charged(chance: float, control: float) -> tuple[float, float]:
    """Bits for a token of this chance among text tokens, with a share of probability at control tokens or without."""
    return -math.log2(chance * (1 - control)), -math.log2(chance)


class _TwoMinds:
    """A `lmstudy.models.network.Writer` of one step: what it says depends on which control token it read last."""

    training, max_positions = False, 1

    def __init__(self, logits: Mapping[int, Sequence[float]], vocabulary: int) -> None:
        self.logits, self.embedding = logits, nn.Embedding(vocabulary, 1)

    def start(self, tokens_BS: Tensor, documents_BS: Tensor, length: int) -> None:
        return None

    def step(self, tokens_B: Tensor, cache: Any) -> Tensor:
        return torch.tensor([self.logits[int(token)] for token in tokens_B])


def guided(good: Mapping[str, float], bad: Mapping[str, float], strengths: Sequence[float]) -> pd.DataFrame:
    """[tokens, strengths] chances of the next token under guidance, by the package's own `Guided`.

    Args:
        good: chances behind the good control token.
        bad: of the same tokens behind the bad one.
        strengths: 1 is the good distribution itself, 0 the bad one.
    """
    logits = {token: np.log(list(of.values())).tolist() for token, of in ((0, good), (1, bad))}
    columns = {}
    for strength in strengths:
        writer: Any = Guided(_TwoMinds(logits, 2), strength, {0: 1})  # type: ignore[arg-type]
        nothing = torch.zeros(1, 1, dtype=torch.long)
        cache = writer.start(nothing, nothing, 1)
        columns[strength] = writer.step(torch.zeros(1, dtype=torch.long), cache).softmax(-1)[0].tolist()
    return pd.DataFrame(columns, index=list(good))


def best_of_table(numbers: Sequence[int]) -> pd.DataFrame:
    """Best of n: the rank it can be expected to have among all samples, and how far it goes from the model."""
    rows = {
        f"n = {n}": {
            "single samples expected to be worse, %": 100 * n / (n + 1),
            "KL from the model, at most, nats": math.log(n) - (n - 1) / n,
            "samples drawn for one that is shown": n,
        }
        for n in numbers
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def dpo_table(moves: Mapping[str, tuple[float, float]], beta: float) -> pd.DataFrame:
    """DPO of one pair: loss and how strongly it pulls, for changes of log p of the chosen and the rejected text."""
    rows = {}
    for name, (chosen, rejected) in moves.items():
        policy = torch.tensor([[chosen, rejected]], dtype=torch.float32, requires_grad=True)
        loss = dpo_loss(policy, torch.zeros(1, 2), beta)
        (gradient,) = torch.autograd.grad(loss, policy)
        pulls = (-gradient[0] / beta).tolist()
        rows[name] = {
            "loss": float(loss.detach()),
            "pull on the chosen text, divided by β": pulls[0],
            "on the rejected text, divided by β": pulls[1],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def schedules() -> dict[str, Objective]:
    """Settings of onset and cooldown that the chapter draws."""
    found = {name.replace("_", ", "): shipped(name) for name in ("conditional", "conditional_cooldown")}
    for onset in (0.2, 0.6, 1.0):
        objective = shipped("conditional")
        objective.onset = onset
        found[f"onset = {onset:g}"] = objective
    return found
