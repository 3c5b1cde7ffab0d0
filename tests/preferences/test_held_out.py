"""Held out means held out: no snippet and no rating teaches both what steers a model and what judges it.

The test of the data reads the real corpus, which building the book prepares; without it, it is skipped.
"""

import pytest

from lmstudy.compose import compose_config
from lmstudy.data.corpus import prepare
from lmstudy.preferences.ratings import rated_split
from lmstudy.preferences.scorers.taught import Taught, shared
from lmstudy.runs.records import load_folder, published_folder
from lmstudy.runs.reward_examples import learned_from, rated_texts
from lmstudy.study import register
from tests.conftest import USERS_CACHE

GRADED = "measure=sentiment_graders"


COMMON_WORDS = {"don't waste your money."}
"""What two reviewers wrote, of a film and of a product, one with a capital letter: two snippets, rated apart."""


@pytest.fixture
def own_cache(monkeypatch):
    """The user's data cache in the place of the test session's; skips where the corpus is not in it."""
    monkeypatch.setenv("LMSTUDY_CACHE", str(USERS_CACHE))
    sdist = compose_config("train", ["data=rated_snippets"])["data"]["sdist"]["file"]
    if not list((USERS_CACHE / "artefacts").glob(f"*/{sdist}")):
        pytest.skip("the rated snippets are not in the data cache: make book fetches them")


def test_no_snippet_and_no_rating_teaches_both_sides_built_here(own_cache):
    settings = compose_config("reward", ["data=rated_snippets"])["data"]
    rated = rated_texts(prepare(settings), settings)
    taught = {half: learned_from(rated, half, 1.0, None, 1) for half in ("A", "B")}
    texts = {half: {" ".join(text.split()).casefold() for text in own.texts} for half, own in taught.items()}
    assert min(map(len, texts.values())) > 9000
    assert texts["A"] & texts["B"] <= COMMON_WORDS
    test = {" ".join(text.split()).casefold() for text in rated_split(settings, "test").texts}
    assert len(test) > 1000
    assert not test & (texts["A"] | texts["B"])


def halves():
    """Which half taught each published reward model, by name and by id."""
    rewards = [record for record in load_folder(published_folder()) if record.kind == "reward"]
    taught = [Taught(record.config["data"]["_target_"], record.config["half"]) for record in rewards]
    return {key: own for r, own in zip(rewards, taught, strict=True) for key in (r.name, r.id)}


def test_what_steers_the_registered_arms_taught_none_of_their_graders():
    known = halves()
    scorers = compose_config("evaluate", ["run=any", GRADED])["measure"]["scorers"]
    graders = {name: node["model"] for name, node in scorers.items() if name != "training"}
    assert len(graders) == 3
    arms = [
        arm for entry in register.read().values() for arm in entry.prediction.arms.values() if GRADED in arm.measure
    ]
    assert arms
    for arm in arms:
        steering = compose_config("train", list(arm.train))["scorer"]["model"]
        assert steering == scorers["training"]["model"]
        for name, model in graders.items():
            assert model in known, f"{name}: {model} is not published"
            assert not shared(known[steering], known[model]), name
