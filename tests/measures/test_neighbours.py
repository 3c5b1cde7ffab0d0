"""Neighbours in a run's embedding: measured once, by name, against chance."""

import pytest

from lmstudy.errors import StudyError
from lmstudy.measures.neighbours import kind_purity, neighbours
from lmstudy.models.embeddings.token_names import token_texts


def test_neighbours_and_shares_are_those_of_the_embedding(trained, measured):
    record = measured("measure=neighbours", 'measure.words=["self"," for"]', "measure.k=3")
    texts = token_texts(trained.run.corpus.tokenizer)
    vectors = trained.module.model.embedding.weight.detach().numpy()
    table = neighbours(vectors, texts, ["self", " for"], 3)
    assert record.samples == [
        {"word": "self", "neighbours": table.iloc[0].tolist()},
        {"word": " for", "neighbours": table.iloc[1].tolist()},
    ]
    share, chance = kind_purity(vectors, texts, 3)["keyword"]
    assert record.metrics["neighbours/keyword/share"] == pytest.approx(share.value)
    assert record.metrics["neighbours/keyword/chance"] == pytest.approx(chance)
    assert 0 < chance < 0.5


def test_a_word_that_is_no_token_and_no_neighbours_at_all_are_refused(measured):
    with pytest.raises(StudyError, match=r"measure\.words: 'notatoken' is no whole token"):
        measured("measure=neighbours", "measure.words=[notatoken]")
    with pytest.raises(StudyError, match=r"measure\.k=0"):
        measured("measure=neighbours", 'measure.words=["self"]', "measure.k=0")
