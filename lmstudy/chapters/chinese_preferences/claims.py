"""Claims of the chapter on preferences in Chinese, and across languages."""

from __future__ import annotations

from functools import partial

from lmstudy.chapters.chinese_preferences.chinese_preferences import (
    BAD,
    GOOD,
    MLE,
    PROMPTED,
    below_people,
    bilingual_among,
    cost,
    labelled_among,
    lower,
    more_steered,
    own_among,
    steered,
    steered_in_points,
)
from lmstudy.study.claims import claim

in_points = partial(claim, chapter="notebooks/17_chinese_preferences", unit="percentage points", spec="+.1f")
in_ratings = partial(claim, chapter="notebooks/17_chinese_preferences", unit="points of rating", spec="+.2f")

in_points(
    id="zh.conditional_vs_mle",
    sentence="From nothing and after the good token, conditional training writes less negative reviews than MLE.",
    holds=lambda e: e.low > 0,
)(lambda records: lower(labelled_among(records), GOOD, MLE))

in_points(
    id="zh.good_vs_bad",
    sentence="The same model writes less negative reviews after the good token than after the bad one.",
    holds=lambda e: e.low > 0,
)(lambda records: lower(labelled_among(records), GOOD, BAD))

in_points(
    id="zh.below_people",
    sentence="Asked for good, the conditional model writes less negative reviews than people did.",
    holds=lambda e: e.low > 0,
)(lambda records: below_people(labelled_among(records)))

in_points(
    id="zh.mle_above_people",
    sentence="What a model of maximum likelihood writes is more negative than what people wrote.",
    holds=lambda e: e.high < 0,
)(lambda records: below_people(labelled_among(records), MLE))

in_points(
    id="zh.prompted",
    sentence="Behind beginnings of people's reviews, too, conditional training is less negative than MLE.",
    holds=lambda e: e.low > 0,
)(lambda records: lower(labelled_among(records), GOOD, MLE, PROMPTED))

claim(
    id="zh.capability_cost",
    chapter="notebooks/17_chinese_preferences",
    unit="% bits per byte",
    spec="+.1f",
    sentence="Conditional training costs less than two per cent in bits per byte of held-out reviews.",
    holds=lambda e: e.high < 2,
)(lambda records: cost(labelled_among(records)))

in_points(
    id="zh.own_tokens",
    sentence="Control tokens that were learned in Chinese steer how Chinese beginnings go on.",
    holds=lambda e: e.low > 0,
)(lambda records: steered_in_points(own_among(records)))

in_ratings(
    id="zh.english",
    sentence="A bilingual model is steered in English, whose texts have control tokens, after as many steps.",
    holds=lambda e: e.low > 0,
    expected=False,
)(lambda records: steered(bilingual_among(records).english))

in_points(
    id="zh.transfer",
    sentence="Control tokens that stood before English text alone steer the Chinese text of the same model.",
    holds=lambda e: e.low > 0,
    expected=False,
)(lambda records: steered_in_points(bilingual_among(records).chinese))

in_points(
    id="zh.own_vs_transfer",
    sentence="Control tokens learned in Chinese steer Chinese text by more than those learned in English.",
    holds=lambda e: e.low > 0,
)(lambda records: more_steered(own_among(records), bilingual_among(records).chinese))
