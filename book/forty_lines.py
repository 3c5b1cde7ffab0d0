"""Pretraining with a preference, from text to judged text: python book/forty_lines.py [budget=smoke]"""

import sys

from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.data.corpus import prepare
from lmstudy.evaluation.misalignment import misalignment
from lmstudy.preferences.scored import score_split
from lmstudy.runs.finished import load_run
from lmstudy.runs.pretraining import open_run, train
from lmstudy.writing.control import Asked
from lmstudy.writing.texts import unprompted

# Heads of Python files, where authors leave names and addresses, and a scorer that counts these.
config = compose_config("train", ["experiment=privacy", "objective=conditional", *sys.argv[1:]])
corpus = prepare(config["data"])
scorer = build(config["scorer"], "scorer")

# 1. Score a text, segment by segment: items of personal data per character.
lines = ["# Author: Ada Lovelace <ada@example.org>\n", "import math\n"]
print("score of each line:", scorer.score(lines))

# 2. Score all training text, and put a control token before every segment, good or bad.
scored = score_split(corpus, "train", config["scorer"])
print(f"{scored.good().mean():.1%} of the training lines are good")
view = build(config["objective"], "objective").view(scored, seed=1)
first = view.documents.tokens(0)[:24].tolist()
print("what is learned:", corpus.tokenizer.decode(first, skip_special_tokens=False))

# 3. Train by maximum likelihood on that. A run that is finished is not repeated.
train(config)
model = load_run(open_run(config).folder).module.model

# 4. Let it write behind the good token and behind the bad one, and score again.
for control in ("good", "bad"):
    texts = unprompted(model, corpus, Asked(control), 256, seed=1)
    found = misalignment(scorer, [text.segments for text in texts])
    print(f"asked for {control}: {1000 * found.mean:.2f} items per 1,000 characters, {found.empty} empty texts")
