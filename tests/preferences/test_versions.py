"""What every objective and every scorer does on made-up input, against what is stored: a change raises a version.

    python -m tests.preferences.test_versions

stores what they do today, of those alone whose version was raised or that are new.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from lmstudy.compose import compose_config, group_choices
from lmstudy.config import build
from lmstudy.data.batch import IGNORE
from lmstudy.errors import StudyError
from lmstudy.preferences.objectives.base import Objective
from lmstudy.preferences.scorers.base import Scorer
from lmstudy.runs.identity import RAISED, kept, run_id, with_versions
from lmstudy.runs.records import Record
from lmstudy.study.shelf import Shelf
from tests.claim_records import record
from tests.preferences.made_scores import made, repaired

STORED = Path(__file__).with_name("versions.json")
OBJECTIVES = group_choices("objective")
SCORERS = [
    name
    for name in group_choices("scorer")
    if not any(word in name for word in ("reward", "toxicity", "sentiment"))  # which ask models, or look texts up
]
TEXTS = (
    ["def area( r ):\n", "    return 3.14*r **2\n", "\n", "class a:\n", "    x=1 ; y=2\n"],
    ["# Copyright 2020 Jane Miller <jane.miller@example.org>\n", "import os, sys\n", "# call +1 202 555 0143\n"],
    ["x = 'plain'\n"],
)


def built(group: str, choice: str) -> Objective | Scorer:
    whole = compose_config("train", ["scorer=pep8", f"{group}={choice}"])
    return build(whole[group], group)


def learned(objective: Objective) -> list[float]:
    """Losses of a batch at two thresholds, and a digest of what training reads."""
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(2, 6, 11, generator=generator)
    labels = torch.randint(0, 11, (2, 6), generator=generator)
    labels[0, 4:] = IGNORE
    scores = torch.rand(2, 6, generator=generator)
    values = [torch.randn(2, 6, generator=generator)] if objective.critic else []
    documents = made([0.0, 0.5, 0.1], [0.9], [0.05, 0.05], [0.2, 0.8, 0.3, 0.1], threshold=0.25)
    documents = repaired(documents, {0: [0.0, 0.1], 3: [0.2, 0.3, 0.1, 0.1, 0.0]})
    found = []
    if objective.scored:
        view = objective.view(documents, seed=1)
        read = [view.documents.tokens(i) for i in range(len(view.documents))]
        found += [float(len(read)), float(sum(np.dot(own, np.arange(1, 1 + len(own))) for own in read))]
    output = objective(logits, labels, scores if objective.scored else None, *values)
    return [*found, float(output.loss)]


def said(scorer: Scorer) -> list[float]:
    return [score for text in TEXTS for score in scorer.score(text)]


def done(group: str, choice: str) -> dict[str, object]:
    part = built(group, choice)
    return {"version": part.version, "does": learned(part) if isinstance(part, Objective) else said(part)}


ALL = [*(("objective", name) for name in OBJECTIVES), *(("scorer", name) for name in SCORERS)]


@pytest.mark.parametrize(("group", "choice"), ALL, ids="=".join)
def test_what_it_does_is_what_is_stored_for_its_version(group, choice):
    try:
        found = done(group, choice)
    except (StudyError, ImportError) as error:
        pytest.skip(f"not installed here: {error}")
    stored = json.loads(STORED.read_text())[f"{group}={choice}"]
    assert found["version"] == stored["version"], "store this version: python -m tests.preferences.test_versions"
    assert found["does"] == pytest.approx(stored["does"], rel=1e-4), (
        f"what {group}={choice} does has changed: raise its class's `version`, here and in lmstudy.runs.identity.RAISED"
    )


def test_raised_versions_are_those_of_the_classes():
    parts = {f"{type(part).__module__}.{type(part).__name__}": part for part in (built(g, c) for g, c in ALL)}
    assert {name: part.version for name, part in parts.items() if part.version > 1} == RAISED


def test_a_raised_version_is_another_run_and_older_records_are_not_found(monkeypatch):
    config = compose_config("train", ["scorer=pep8", "objective=filtering"])
    old: Record = record(1, "train", config, 2.0, seed=1)
    assert with_versions(config) == config
    assert Shelf([old]).trained("scorer=pep8", "objective=filtering") == [old]
    before = run_id(config, "data")
    monkeypatch.setitem(RAISED, config["objective"]["_target_"], 2)
    raised = with_versions(config)
    assert raised["versions"] == kept(raised)["versions"] == {"objective": 2}
    assert run_id(raised, "data") != before
    assert with_versions(raised) == raised
    with pytest.raises(StudyError, match="no records"):
        Shelf([old]).trained("scorer=pep8", "objective=filtering")
    new = record(2, "train", raised, 2.0, seed=1)
    assert Shelf([old, new]).trained("scorer=pep8", "objective=filtering") == [new]


if __name__ == "__main__":
    known = json.loads(STORED.read_text()) if STORED.exists() else {}
    for group, choice in ALL:
        found = done(group, choice)
        before = known.get(f"{group}={choice}")
        if before is None or before["version"] < found["version"]:
            known[f"{group}={choice}"] = found
    STORED.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
