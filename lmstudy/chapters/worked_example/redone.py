"""The worked example put right: an encoder-decoder of the article's shapes that can be followed by hand.

D = 2 numbers a word, V = 5 words. The encoder reads words x, the decoder writes y_1 ... y_T:

    X = S E            S  T_x x V, one-hot rows;  E  V x D     look the words up
    H = relu(X W)      W  D x D                                one row a word read
    c = mean of H      D                                       what the decoder knows of x
    s_t = c + e(y_t-1)                                         its state; y_0 is the start token BOS
    p_t = softmax(s_t W')   W'  D x V                          one probability a word
    L = -1/T sum_t log p_t[y_t]

Matrices multiply from the right, as in NumPy and PyTorch; with columns for words everything is transposed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Wedge
from scipy.spatial import ConvexHull
from scipy.stats import binomtest
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from lmstudy.chapters.worked_example.as_printed import ENGLISH, SENTENCE, WORDS
from lmstudy.chapters.worked_example.matrices import WIDTH, allow_chinese
from lmstudy.errors import StudyError
from lmstudy.evaluation.statistics import Estimate
from lmstudy.show.curves import Curve, curve_panels
from lmstudy.show.style import COLOURS

BOS = "BOS"
AXES = ("1", "2")

SENTENCES = (SENTENCE, ("你", "爱", "世界"))
"""Two sentences of the five words that differ in how they begin and end, and share the word between."""


class Example(nn.Module):
    """26 numbers in three matrices. Without a seed they start from whole numbers that are easy to follow."""

    def __init__(self, seed: int | None = None) -> None:
        super().__init__()
        E = torch.tensor([[1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, -1]], dtype=torch.float64)
        W = torch.tensor([[1, -1], [1, 1]], dtype=torch.float64)
        if seed is not None:
            generator = torch.Generator().manual_seed(seed)
            E, W = (torch.randn(M.shape, generator=generator, dtype=torch.float64) for M in (E, W))
        W_out = E[: len(WORDS)].T.clone()
        if seed is not None:
            W_out = torch.randn(W_out.shape, generator=generator, dtype=torch.float64)
        self.E, self.W, self.W_out = (nn.Parameter(M) for M in (E, W, W_out))

    def context(self, read: Sequence[str]) -> Tensor:
        """c, the mean of the encoder's rows; words that are not read leave it 0."""
        if not read:
            return torch.zeros(2, dtype=torch.float64)
        return torch.relu(self.E[numbers(read)] @ self.W).mean(0)

    def forward(self, read: Sequence[str], written: Sequence[str]) -> Tensor:
        """Logits (T x V) of each word of `written`, given those before it (teacher forcing) and what was read."""
        return self.states(read, written) @ self.W_out

    def states(self, read: Sequence[str], written: Sequence[str]) -> Tensor:
        """The decoder's states (T x D) before each word of `written`."""
        return self.context(read) + self.E[numbers([BOS, *written[:-1]])]

    def probability(self, read: Sequence[str], before: Sequence[str], word: str) -> float:
        """p(word | before, read)."""
        with torch.no_grad():
            logits = self(read, [*before, word])[-1]
        return float(logits.softmax(-1)[numbers([word])[0]])

    def write(self, read: Sequence[str], length: int = 3) -> list[str]:
        """The most probable word, time after time, each put behind the ones before."""
        written: list[str] = []
        with torch.no_grad():
            for _ in range(length):
                logits = self(read, [*written, WORDS[0]])[-1]  # the last word only marks the position
                written.append(WORDS[int(logits.argmax())])
        return written


def numbers(words: Sequence[str]) -> list[int]:
    """The row of each word in E.

    Raises:
        StudyError: a word that is not one of the five.
    """
    known = (*WORDS, BOS)
    if missing := [word for word in words if word not in known]:
        raise StudyError(f"{missing[0]!r} is not in the vocabulary {', '.join(known)}")
    return [known.index(word) for word in words]


def steps(model: Example, read: Sequence[str], written: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Every matrix on the way from words to loss and back, by name, with words for labels.

    `loss` has a row a position: the target, its probability and -log of it. `gradient` is the derivative of the mean
    loss by the logits, as PyTorch works it out; it equals (p - one-hot target) / T.
    """
    with torch.no_grad():
        S = F.one_hot(torch.tensor(numbers(read)), len(WORDS)).double()
        X = S @ model.E[: len(WORDS)]
        XW = X @ model.W
        c = model.context(read)
        previous = [BOS, *written[:-1]]
        before = model.E[numbers(previous)]
    logits = model(read, written).detach().requires_grad_()
    losses = F.cross_entropy(logits, torch.tensor(numbers(written)), reduction="none")
    losses.mean().backward()
    p = logits.detach().softmax(-1)
    states = [f"s{chr(ord('₁') + t)}" for t in range(len(written))]
    words, told = list(WORDS), list(read)
    return {
        "S": pd.DataFrame(S.numpy(), told, words),
        "E": pd.DataFrame(model.E[: len(WORDS)].detach().numpy(), words, AXES),
        "X": pd.DataFrame(X.numpy(), told, AXES),
        "W": pd.DataFrame(model.W.detach().numpy(), AXES, AXES),
        "XW": pd.DataFrame(XW.numpy(), told, AXES),
        "H": pd.DataFrame(XW.relu().numpy(), told, AXES),
        "c": pd.DataFrame(c[None].numpy(), ["c"], AXES),
        "before": pd.DataFrame(before.numpy(), previous, AXES),
        "s": pd.DataFrame((c + before).numpy(), states, AXES),
        "W'": pd.DataFrame(model.W_out.detach().numpy(), AXES, words),
        "logits": pd.DataFrame(logits.detach().numpy(), states, words),
        "p": pd.DataFrame(p.numpy(), states, words),
        "loss": pd.DataFrame(
            {
                "after": [" ".join(previous[: t + 1]) for t in range(len(written))],
                "target": list(written),
                "p of the target": p[range(len(written)), numbers(written)].numpy(),
                "−log p": losses.detach().numpy(),
            },
            states,
        ),
        "gradient": pd.DataFrame(logits.grad.numpy() if logits.grad is not None else None, states, words),
    }


def loss_of(logits: Tensor, targets: Tensor, kind: str) -> Tensor:
    """Mean loss of rows of logits: `softmax`, `sigmoid` (each word a yes or no) or `softmax twice`.

    Raises:
        StudyError: another kind.
    """
    if kind == "softmax":
        return F.cross_entropy(logits, targets)
    if kind == "softmax twice":
        return F.cross_entropy(logits.softmax(-1), targets)
    if kind == "sigmoid":
        return F.binary_cross_entropy_with_logits(logits, F.one_hot(targets, logits.shape[-1]).to(logits))
    raise StudyError(f"no loss {kind!r}; there are softmax, sigmoid, softmax twice")


@dataclass(frozen=True)
class Training:
    """A trained example, and by step (0 before the first) its loss and p of each word at each position."""

    model: Example
    losses: np.ndarray
    probabilities: np.ndarray
    """steps + 1, sentences, positions, words; by a softmax, or word by word by a sigmoid"""


def train(
    sentences: Sequence[Sequence[str]],
    read: int,
    steps: int,
    rate: float,
    kind: str = "softmax",
    model: Example | None = None,
) -> Training:
    """Plain gradient descent on all sentences at once; of each, the encoder reads the first `read` words.

    `model` is trained in place; None: the chapter's own start.
    """
    model = Example() if model is None else model
    targets = torch.tensor([numbers(sentence) for sentence in sentences])
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    losses, probabilities = [], []
    for step in range(steps + 1):
        logits = torch.stack([model(sentence[:read], sentence) for sentence in sentences])
        loss = loss_of(logits.flatten(0, 1), targets.flatten(), kind)
        losses.append(loss.item())
        probabilities.append((logits.sigmoid() if kind == "sigmoid" else logits.softmax(-1)).detach().numpy())
        if step < steps:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return Training(model, np.array(losses), np.stack(probabilities))


def train_all(
    seeds: Sequence[int], sentences: Sequence[Sequence[str]], read: int, steps: int, rate: float, kind: str = "softmax"
) -> list[tuple[Example, float, np.ndarray]]:
    """`train` from the starts of several seeds at once, up to rounding the same, and in a fraction of the time.

    Of each: the trained example, its last loss, and its last probabilities (sentences, positions, words).
    """
    models = [Example(seed) for seed in seeds]
    parameters, _ = stack_module_state(models)
    targets = torch.tensor([numbers(sentence) for sentence in sentences])

    def forward(own: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        logits = [functional_call(models[0], own, (sentence[:read], sentence)) for sentence in sentences]
        return torch.stack(logits), loss_of(torch.cat(logits), targets.flatten(), kind)

    optimizer = torch.optim.SGD(parameters.values(), lr=rate)
    for step in range(steps + 1):
        logits, losses = torch.vmap(forward)(parameters)
        if step < steps:
            optimizer.zero_grad()
            losses.sum().backward()  # each start has parameters of its own, and so the gradient of its own loss
            optimizer.step()
    p = (logits.sigmoid() if kind == "sigmoid" else logits.softmax(-1)).detach().numpy()
    for number, model in enumerate(models):
        model.load_state_dict({name: values[number] for name, values in parameters.items()})
    return list(zip(models, losses.tolist(), p, strict=True))


def learning_figure(training: Training, prefix: Sequence[str]) -> Figure:
    """Probability of each word after `prefix` in the first sentence, and the loss, by step of gradient descent."""
    allow_chinese()
    after, loss = f"probability after {' '.join(prefix)}", "loss, nats a word"
    words = training.probabilities[:, 0, len(prefix)].T
    steps = np.arange(len(training.losses), dtype=float).tolist()
    panels: dict[str, dict[str, Curve]] = {
        after: {f"{w} {ENGLISH[w]}": dict(zip(steps, p, strict=True)) for w, p in zip(WORDS, words, strict=True)},
        loss: {"": dict(zip(steps, training.losses, strict=True))},
    }
    return curve_panels(panels, "step", "", columns=2)


def by_reading(steps: int, rate: float) -> pd.DataFrame:
    """Both sentences learned with an encoder that reads their first 0, 1, 2 or 3 words.

    The final loss, and the probability of the first sentence's last word after 爱: behind what that sentence, and what
    the other one, gives the encoder to read.
    """
    word, rows = SENTENCES[0][2], {}
    for read, told in enumerate(("nothing", "the first word", "two words", "the whole sentence")):
        run = train(SENTENCES, read, steps, rate)
        first, second = run.probabilities[-1, :, 2, numbers([word])[0]]
        rows[told] = {"loss": run.losses[-1], f"p({word}), sentence 1": first, f"p({word}), sentence 2": second}
    return pd.DataFrame(rows).T.rename_axis(columns="the encoder reads")


def from_random_starts(kind: str, read: int, steps: int, rate: float, starts: int) -> dict[str, Any]:
    """Both sentences, from `starts` random starts: how often every target is the most probable word in the end.

    `learned` is that number of starts with Wilson's 95 % interval. `same context` counts the failures in which the
    encoder says the same of both sentences. Also the mean final `loss`, and the `least sum` and `greatest sum` that the
    five probabilities have at any position.
    """
    targets = np.array([numbers(sentence) for sentence in SENTENCES])
    models, losses, probabilities = zip(
        *train_all(range(1, starts + 1), SENTENCES, read, steps, rate, kind), strict=True
    )
    final = np.stack(probabilities)
    right = (final.argmax(-1) == targets).all((1, 2))
    same = [np.ptp([model.context(s[:read]).tolist() for s in SENTENCES], 0).max() < 1e-6 for model in models]
    learned = int(right.sum())
    interval = binomtest(learned, starts).proportion_ci(method="wilson")
    return {
        "learned": Estimate(learned, starts * interval.low, starts * interval.high, starts),
        "same context": int((~right & np.array(same)).sum()),
        "loss": float(np.mean(losses)),
        "least sum": float(final.sum(-1).min()),
        "greatest sum": float(final.sum(-1).max()),
    }


def can_win(vectors: np.ndarray) -> list[str]:
    """Words whose logit is the greatest for some state, of output vectors (V x 2) without a bias.

    A word can win exactly when its vector is a corner of the convex hull of all of them.
    """
    corners = set(ConvexHull(vectors).vertices.tolist())
    alone = [index for index in corners if (vectors == vectors[index]).all(1).sum() == 1]
    return [WORDS[index] for index in sorted(alone)]


def single_out(vectors: np.ndarray, directions: int = 3600) -> list[str]:
    """Words that some state gives a logit above 0 while all others' are below: what a sigmoid calls the one.

    Without a bias and with D = 2 there are at most three, however the vectors lie. To be alone in a half-plane, a
    word's two neighbours by angle must be more than 180 degrees apart; these angles add up to 720 degrees over all V
    words, so 180 V < 720.
    """
    angles = np.linspace(0, 2 * np.pi, directions, endpoint=False)
    positive = np.stack([np.cos(angles), np.sin(angles)], 1) @ vectors.T > 0
    return [WORDS[index] for index in np.unique(positive[positive.sum(1) == 1].argmax(1))]


def directions_figure(panels: Mapping[str, tuple[np.ndarray, Sequence[tuple[str, np.ndarray]]]]) -> Figure:
    """Output vectors as arrows, and for each direction of the state the word that wins there.

    Each panel: title -> (output vectors V x 2, states with the word that should come next). Only a state's direction
    matters, so it is a dot on the rim, in the colour of its word. In a sector without colour words tie.
    """
    allow_chinese()
    figure, all_axes = plt.subplots(1, len(panels), figsize=(WIDTH, WIDTH / len(panels) + 0.25))
    for axes, (title, (vectors, states)) in zip(np.atleast_1d(all_axes), panels.items(), strict=True):
        size = 1.65 * max(float(np.linalg.norm(vectors, axis=1).max()), 0.5)
        _sectors(axes, vectors, 0.93 * size)
        _arrows(axes, vectors)
        for word, state in states:
            x, y = 0.93 * size * state / np.linalg.norm(state)
            axes.plot(x, y, "o", color=COLOURS[WORDS.index(word)], markeredgecolor="black", markersize=6.5)
        axes.set(xlim=(-size, size), ylim=(-size, size), aspect="equal", title=title)
        axes.title.set_fontsize(9.5)
        axes.axis("off")
    return figure


def _arrows(axes: Axes, vectors: np.ndarray) -> None:
    placed: dict[tuple[float, float], list[str]] = {}
    for word, (x, y) in zip(WORDS, vectors.tolist(), strict=True):
        placed.setdefault((x, y), []).append(word)
    for (x, y), words in placed.items():
        colour = COLOURS[WORDS.index(words[0])]
        if x or y:
            axes.annotate("", (x, y), (0, 0), arrowprops={"arrowstyle": "-|>", "color": colour, "linewidth": 1.8})
        else:
            axes.plot(0, 0, "o", color=colour, markersize=6)
        away = np.array([x, y]) / np.hypot(x, y) * 9 if x or y else np.array([-12.0, -9.0])
        side = "left" if away[0] > 4 else "right" if away[0] < -4 else "center"
        text = " =\n".join(words)
        axes.annotate(text, (x, y), tuple(away), textcoords="offset points", ha=side, va="center", fontsize=9)


def _sectors(axes: Axes, vectors: np.ndarray, radius: float) -> None:
    """Shade the directions in which one word alone has the greatest logit, in the word's colour."""
    width = 0.5
    angles = np.arange(0, 360, width) + width / 2
    logits = np.stack([np.cos(np.radians(angles)), np.sin(np.radians(angles))], 1) @ vectors.T
    ahead = logits >= logits.max(1, keepdims=True) - 1e-9
    winner = np.where(ahead.sum(1) == 1, ahead.argmax(1), -1)
    starts = np.flatnonzero(winner != np.roll(winner, 1))
    for first, after in zip(starts, np.roll(starts, -1), strict=True):
        if winner[first] >= 0:
            end = angles[after] + (360 if after <= first else 0)
            colour = COLOURS[winner[first]]
            axes.add_patch(
                Wedge((0, 0), radius, angles[first], end, facecolor=(colour, 0.2), edgecolor="white", zorder=-1)
            )
