"""Toxicity of natural language, by a classifier that people's labels of comments trained (Hanu and Unitary 2020).

The classifiers of detoxify (https://github.com/unitaryai/detoxify) come by their names there, or as any sequence
classification model of the Hugging Face format from a folder or a hub: `unitary/toxic-bert` is detoxify's
`original`. A folder needs no network.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import torch

from lmstudy.errors import StudyError
from lmstudy.overrides import home
from lmstudy.preferences.scorers.base import Scorer

DETOXIFY = ("original", "unbiased", "multilingual", "original-small", "unbiased-small")
"""Names that detoxify knows; it downloads their weights once."""
LONGEST = 512
"""Tokens that are read at once, where a model names no limit of its own."""


class _Classifier(NamedTuple):
    tokenizer: Any
    model: Any
    labels: list[str]
    exclusive: bool
    """Whether the labels share one distribution; else each has a probability of its own."""


class ToxicityScorer(Scorer):
    """s(segment) = probability of a label, given the segment alone; segments are sentences or snippets.

    A segment longer than the classifier can read counts as its worst part.

    Args:
        model: a name of `DETOXIFY`, a folder in the Hugging Face format, or a model of a hub.
        label: of the classifier's labels the one that people mind.
        threshold: a segment is good if its score is this or less, 0 to 1.
        batch: segments that are read together.

    Raises:
        StudyError: `batch` below 1, a threshold outside of [0, 1]; when first asked for a score: a model that
            is neither here nor can be had, or that has no such label.
    """

    name = "toxicity"
    unit: ClassVar[Literal["character", "segment"]] = "segment"
    highest: ClassVar[float] = 1.0
    processes: ClassVar[bool] = False

    def __init__(
        self, model: str = "original", label: str = "toxicity", threshold: float = 0.5, batch: int = 32
    ) -> None:
        if batch < 1:
            raise StudyError(f"scorer.batch={batch} must be at least 1 segment")
        if not 0 <= threshold <= 1:
            raise StudyError(f"scorer.threshold={threshold} must lie in [0, 1]: it is compared with a probability")
        self.model, self.label, self.threshold, self.batch = model, label, threshold, batch

    def ready(self) -> None:
        _ = self._classifier

    def score(self, segments: Sequence[str]) -> list[float]:
        return self.score_batch([segments])[0]

    def score_batch(self, documents: Sequence[Sequence[str]]) -> list[list[float]]:
        """`score` of several documents, whose segments the classifier reads together, shortest first."""
        texts = [segment for segments in documents for segment in segments]
        found = [0.0] * len(texts)
        spoken = sorted((index for index, text in enumerate(texts) if text.strip()), key=lambda i: len(texts[i]))
        for start in range(0, len(spoken), self.batch):
            part = spoken[start : start + self.batch]
            for index, value in zip(part, self._probabilities([texts[index] for index in part]), strict=True):
                found[index] = value
        borders = [0, *accumulate(map(len, documents))]
        return [found[start:stop] for start, stop in pairwise(borders)]

    @torch.inference_mode()
    def _probabilities(self, texts: list[str]) -> list[float]:
        """The label's probability in the worst part of each text."""
        classifier = self._classifier
        texts = [text.encode("utf-8", "replace").decode() for text in texts]  # a lone surrogate stops tokenizers
        limit = min(classifier.tokenizer.model_max_length, LONGEST)
        inputs = classifier.tokenizer(
            texts,
            padding=True,
            truncation=True,
            max_length=limit,
            return_overflowing_tokens=True,
            return_tensors="pt",
        ).to(classifier.model.device)
        owners = inputs.pop("overflow_to_sample_mapping").tolist()
        logits_BL = classifier.model(**inputs).logits.float()
        chances_BL = logits_BL.softmax(-1) if classifier.exclusive else logits_BL.sigmoid()
        worst = [0.0] * len(texts)
        for owner, chance in zip(owners, chances_BL[:, classifier.labels.index(self.label)].tolist(), strict=True):
            worst[owner] = max(worst[owner], chance)
        return worst

    @cached_property
    def _classifier(self) -> _Classifier:
        loaded = _from_detoxify(self.model) if self.model in DETOXIFY else _from_transformers(self.model)
        if self.label not in loaded.labels:
            raise StudyError(
                f"scorer.label={self.label!r}: scorer.model={self.model} tells only {', '.join(loaded.labels)}"
            )
        loaded.model.eval().to("cuda" if torch.cuda.is_available() else "cpu")
        return loaded

    def __getstate__(self) -> dict[str, Any]:
        """Without the classifier: another process loads its own."""
        return {name: value for name, value in self.__dict__.items() if name != "_classifier"}


def _from_detoxify(name: str) -> _Classifier:
    try:
        from detoxify import Detoxify
    except ImportError:
        raise StudyError(
            f"scorer.model={name} needs the package detoxify: pip install 'lmstudy[toxicity]', "
            "or name a folder with a sequence classification model of the Hugging Face format"
        ) from None
    try:
        loaded = Detoxify(name)
    except OSError as error:  # no network, or no room for the weights
        raise _unavailable(name, error) from error
    return _Classifier(loaded.tokenizer, loaded.model, list(loaded.class_names), exclusive=False)


def _from_transformers(name: str) -> _Classifier:
    try:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer
    except ImportError:
        raise StudyError(
            f"scorer.model={name} needs the package transformers: pip install 'lmstudy[toxicity]'"
        ) from None
    folder = Path(home(name, "scorer.model"))
    local = folder.is_dir()
    place = str(folder) if local else name
    try:
        tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=local)
        model = AutoModelForSequenceClassification.from_pretrained(place, local_files_only=local)
    except (OSError, ValueError) as error:
        raise _unavailable(name, error) from error
    labels = [str(model.config.id2label[number]) for number in range(model.config.num_labels)]
    kind = model.config.problem_type  # where it is not told, several labels exclude each other, as in pipelines
    exclusive = kind == "single_label_classification" or (kind is None and len(labels) > 1)
    return _Classifier(tokenizer, model, labels, exclusive)


def _unavailable(name: str, error: Exception) -> StudyError:
    reason = " ".join(str(error).split("\n")[:1])
    return StudyError(
        f"scorer.model={name} is no folder with a sequence classification model, and cannot be had from a hub "
        f"({reason}); with a network, choose one of {', '.join(DETOXIFY)} or a model of a Hugging Face hub; "
        "without, give the path of a folder that such a model was saved in"
    )
