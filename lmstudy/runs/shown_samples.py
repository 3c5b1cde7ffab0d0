"""Samples of a finished run as they may be shown: in segments, each with its score."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lmstudy.config import GenerateConfig, build, check
from lmstudy.data.corpus import Corpus, to_stderr
from lmstudy.errors import StudyError
from lmstudy.evaluation.misalignment import misalignment
from lmstudy.preferences.scored import judge
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.runs.finished import Finished, load_run
from lmstudy.runs.folders import find_folder
from lmstudy.runs.records import load
from lmstudy.writing.control import Asked, asked_of, sampling_for
from lmstudy.writing.texts import Text, drawn, prompt_from, prompted

REWARDS = "scorer=sentiment_reward (English) and scorer=sentiment_zh_reward (Chinese) judge any"


@dataclass(frozen=True)
class Sample:
    """A text with the scores of its segments; of the first `given` segments, the prompt, none counts."""

    segments: tuple[str, ...]
    scores: tuple[float | None, ...]
    """None without a scorer, for a last segment that has no end, and where masking moved the borders"""
    mean: float | None
    """Over what was written, per character or segment as the scorer has it; None if nothing was scored"""
    given: int
    finished: bool


@dataclass(frozen=True)
class Generated:
    """Samples, and how they came about."""

    samples: list[Sample]
    asked: Asked
    seed: int
    scorer: Scorer | None


def write(config: Mapping[str, Any]) -> Generated:
    """What a resolved `lmstudy-generate` configuration asks for.

    Raises:
        StudyError: the configuration or the run is at fault, or the run cannot do what it is asked for.
    """
    typed = check(GenerateConfig, config)
    folder = find_folder(typed.run, Path(typed.runs), kind="train")
    trained = load(folder / "record.json")
    known: dict[str, Any] = dict(trained.config)
    controlled = build(known["objective"], "objective").controlled
    asked = asked_of(typed.control, typed.guidance, controlled, trained.name, look_ahead=typed.look_ahead)
    if asked.look_ahead > 1 and typed.temperature == 0:
        raise StudyError(
            f"look_ahead={asked.look_ahead} needs a temperature above 0: at 0 all texts written side by side are equal"
        )
    own = build(known["scorer"], "scorer") if known.get("scorer") else None
    scorer = judging(typed, own)
    if scorer is not None:
        scorer.ready()
    finished = load_run(folder, writes_only=True)
    texts = _texts(typed, finished, asked)
    masking = next((each for each in (scorer, own) if each is not None and each.masks), None)
    return Generated(_samples(texts, scorer, masking, finished.run.corpus), asked, typed.seed, scorer)


def judging(typed: GenerateConfig, own: Scorer | None) -> Scorer | None:
    """The scorer that judges what is written; None, with a line that says why, if the run's own cannot.

    Raises:
        StudyError: the scorer that was asked for cannot.
    """
    if typed.scorer is not None:
        scorer: Scorer = build(typed.scorer, "scorer")
        if not scorer.any_text:
            raise StudyError(f"scorer: {scorer.name} looks up known texts and judges no others; {REWARDS}")
        return scorer
    if own is None:
        to_stderr("no scores: the run has no scorer; name one, as in scorer=pep8")
    elif not own.any_text:
        to_stderr(f"no scores: the run's scorer, {own.name}, looks up known texts and judges no others; {REWARDS}")
        return None
    return own


def _texts(typed: GenerateConfig, finished: Finished, asked: Asked) -> list[Text]:
    model: Any = finished.module.model
    corpus = finished.run.corpus
    if not hasattr(model, "start"):
        raise StudyError(f"run={typed.run}: {finished.record.name} is of a model that cannot write")
    if (typed.max_tokens or 1) > model.max_positions:
        raise StudyError(
            f"max_tokens={typed.max_tokens}: {finished.record.name} writes at most {model.max_positions} tokens"
        )
    length = typed.max_tokens or model.max_positions - 1
    sampling = sampling_for(asked, length, typed.temperature, typed.top_p)
    if not typed.prompt:
        return [text for _, text in drawn(model, corpus, asked, typed.n, typed.seed, sampling)]
    prompt, longest = prompt_from(corpus, typed.prompt), finished.run.typed.budget.encoder_length - 1
    before = len(asked.before())
    begun, read = before + len(prompt.begun), sum(before + len(segment) for segment in prompt.segments)
    if prompt.begun and begun >= length:
        raise StudyError(
            f"prompt: its last segment has {begun} tokens and no end, and a sample has at most {length}; shorten it"
            + ("" if typed.max_tokens is None else ", or raise max_tokens")
        )
    if read > longest:
        to_stderr(f"prompt: it has {read} tokens before what is written, of which the encoder reads the last {longest}")
    return prompted(model, corpus, asked, [prompt] * typed.n, longest, typed.seed, sampling)


def _samples(texts: list[Text], scorer: Scorer | None, masking: Scorer | None, corpus: Corpus) -> list[Sample]:
    """Texts with their scores, which are those of the text before it is masked."""
    if scorer is None:
        return [_shown(text, [None] * len(text.segments), None, masking, corpus) for text in texts]
    judged = judge(scorer, [text.segments for text in texts])
    for reason in dict.fromkeys(judged.failures):
        to_stderr(f"no scores where {scorer.name} raised: {reason}")
    samples = []
    for text, scores in zip(texts, judged.scores, strict=True):
        mean = misalignment(scorer, [text.segments], [text.given]).mean
        samples.append(_shown(text, [_known(s) for s in scores], _known(mean), masking, corpus))
    return samples


def _known(score: float) -> float | None:
    return None if math.isnan(score) else float(score)


def _shown(
    text: Text, scores: list[float | None], mean: float | None, masking: Scorer | None, corpus: Corpus
) -> Sample:
    """A text as it may be shown; where masking moves borders, segments are those of the masked text, without scores."""
    segments = (*text.segments, *([text.rest] if text.rest else []))
    known = (*scores, *([None] if text.rest else []))
    whole = "".join(segments)
    masked = whole if masking is None else masking.masked(whole)
    if masked == whole:
        return Sample(segments, known, mean, text.given, text.finished)
    moved = (masked,) if corpus.one_segment else corpus.cut(masked)
    if len(moved) == len(segments):
        return Sample(moved, known, mean, text.given, text.finished)
    return Sample(moved, (None,) * len(moved), mean, 0, text.finished)
