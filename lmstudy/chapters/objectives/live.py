"""The part of the chapter in which a reader moves a token's probability, and sees what each objective makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lmstudy.chapters.objectives.toy import CHANCES, CRITIC, DOCUMENTS, read, toy
from lmstudy.preferences.objectives.awr import AWR
from lmstudy.preferences.objectives.base import Objective
from lmstudy.preferences.objectives.rwr import RWR
from lmstudy.preferences.objectives.unlikelihood import Unlikelihood
from lmstudy.show.live import live


def pulls(objectives: Mapping[str, Objective]) -> str:
    """HTML, with the tokens of the first document and the settings of the objectives, by shown name, as they ship."""
    scored = toy()
    texts = [token.replace(" ", "␣") for line in DOCUMENTS[0] for token in line]
    scores = scored.token_scores(0).tolist()
    tokens = [
        {"text": text, "p": chance, "score": score, "bad": score > scored.threshold}
        for text, chance, score in zip(texts, CHANCES, scores, strict=True)
    ]
    own = [{"name": objective.name, "title": name, **_settings(objective)} for name, objective in objectives.items()]
    alpha = next(o.alpha for o in objectives.values() if isinstance(o, Unlikelihood))
    beta = next(o.beta for o in objectives.values() if isinstance(o, RWR))
    data = {"tokens": tokens, "threshold": scored.threshold, "objectives": own, "alpha": alpha, "beta": beta}
    return live("pulls", data=data)


def _settings(objective: Objective) -> dict[str, Any]:
    """What the formula of an objective takes beside the token and what the reader sets."""
    dropped = read(objective) is None  # reading also lets the regressions know the scores' mean and deviation
    if isinstance(objective, RWR):
        known = {"mean": objective.mean, "deviation": objective.deviation, "clip": objective.clip, "value": CRITIC}
        return known | ({"share": objective.alpha} if isinstance(objective, AWR) else {})
    return {"dropped": dropped} if dropped else {}
