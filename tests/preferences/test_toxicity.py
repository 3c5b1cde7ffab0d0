"""Toxicity scores: what the classifier says, batched, and clear words when there is no classifier."""

import pickle
import sys

import pytest
import torch
import yaml

from lmstudy.config import build
from lmstudy.errors import StudyError
from lmstudy.preferences.scorers.toxicity import ToxicityScorer
from tests.conftest import ROOT

WORDS = ["you", "are", "nice", "awful", "the", "day", "is", "long", "."]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Saves a tiny BERT with random weights that reads 16 tokens at once."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

    def save(**settings):
        folder = tmp_path_factory.mktemp("classifier")
        vocabulary = folder / "vocab.txt"
        vocabulary.write_text("\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]) + "\n")
        BertTokenizerFast(str(vocabulary), model_max_length=16).save_pretrained(folder)
        torch.manual_seed(0)
        config = BertConfig(
            vocab_size=len(WORDS) + 5, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
            intermediate_size=16, max_position_embeddings=16, initializer_range=1.0, **settings,
        )  # fmt: skip
        BertForSequenceClassification(config).save_pretrained(folder)
        return str(folder)

    return save


@pytest.fixture(scope="module")
def folder(saved):
    return saved(id2label={0: "toxicity", 1: "threat"}, problem_type="multi_label_classification")


def logits(folder, text):
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        return model(**tokenizer(text, return_tensors="pt")).logits[0]


def test_scores_are_the_labels_own_probability(folder):
    texts = ["you are awful .", "the day is long"]
    for number, label in enumerate(["toxicity", "threat"]):
        wanted = [float(logits(folder, text)[number].sigmoid()) for text in texts]
        assert ToxicityScorer(folder, label).score(texts) == pytest.approx(wanted, abs=1e-6)
    assert wanted[0] != pytest.approx(wanted[1], abs=1e-3)


def test_labels_that_exclude_each_other_share_one_distribution(saved):
    folder = saved(id2label={0: "neutral", 1: "toxic"})
    text = "you are nice"
    wanted = float(logits(folder, text).softmax(-1)[1])
    assert ToxicityScorer(folder, "toxic").score([text]) == pytest.approx([wanted], abs=1e-6)
    assert ToxicityScorer(folder, "neutral").score([text]) == pytest.approx([1 - wanted], abs=1e-6)


def test_a_batch_scores_as_each_text_alone_and_in_order(folder):
    documents = [["you are nice .", "", " \n"], [], ["awful", "the day is long . " * 3, "é\ud800"], ["is"]]
    scorer = ToxicityScorer(folder, batch=2)
    together = scorer.score_batch(documents)
    assert [len(scores) for scores in together] == [3, 0, 3, 1]
    assert together[0][1:] == [0, 0]
    assert all(0 < score < 1 for score in (together[0][0], *together[2], *together[3]))
    for segments, scores in zip(documents, together, strict=True):
        assert scores == pytest.approx([scorer.score([segment])[0] for segment in segments], abs=1e-6)
    assert len({round(score, 4) for score in (together[0][0], *together[2], *together[3])}) == 5


def test_a_long_segment_counts_as_its_worst_part(folder):
    """14 words fit between the two marks of a sequence of 16."""
    first, second = " ".join(["nice day"] * 7), " ".join(["you awful"] * 7)
    scorer = ToxicityScorer(folder)
    parts = scorer.score([first, second])
    assert abs(parts[0] - parts[1]) > 1e-3
    assert scorer.score([f"{first} {second}", f"{second} {first}"]) == pytest.approx([max(parts)] * 2, abs=1e-6)


def test_it_travels_without_its_classifier(folder):
    scorer = ToxicityScorer(folder, threshold=0.25)
    before = scorer.score(["you are awful"])
    travelled = pickle.dumps(scorer)
    assert len(travelled) < 1000
    assert pickle.loads(travelled).score(["you are awful"]) == before
    assert pickle.loads(travelled).threshold == 0.25
    assert (scorer.unit, scorer.lowest, scorer.highest, scorer.processes) == ("segment", 0, 1, False)


def test_the_yaml_builds_without_a_network_or_a_model(folder):
    node = yaml.safe_load((ROOT / "conf/scorer/toxicity.yaml").read_text())
    scorer = build(node, "scorer")
    assert (scorer.model, scorer.label, scorer.threshold) == ("original", "toxicity", 0.5)
    assert build({**node, "model": folder}, "scorer").score([""]) == [0.0]


def test_what_is_missing_is_named(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(StudyError, match=r"scorer\.label='rude': scorer\.model=.* tells only toxicity, threat"):
        ToxicityScorer(folder, "rude").score(["you"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(StudyError, match=r"scorer\.model=.*/empty.* is no folder with .* give the path of a folder"):
        ToxicityScorer(str(tmp_path / "empty")).score(["you"])
    with pytest.raises(StudyError, match=r"scorer\.model=no/such is no folder .* cannot be had from a hub"):
        ToxicityScorer("no/such").score(["you"])
    monkeypatch.setitem(sys.modules, "detoxify", None)
    with pytest.raises(StudyError, match=r"scorer\.model=unbiased needs the package detoxify: pip install"):
        ToxicityScorer("unbiased").score(["you"])
    with pytest.raises(StudyError, match=r"scorer\.batch=0 must be at least 1"):
        ToxicityScorer(folder, batch=0)
    with pytest.raises(StudyError, match=r"scorer\.threshold=1\.5 must lie in \[0, 1\]"):
        ToxicityScorer(folder, threshold=1.5)


def test_detoxify_is_read_by_its_own_names(folder, monkeypatch):
    """A stand-in with the attributes of the package's class: tokenizer, model and class names."""
    from types import SimpleNamespace

    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    def detoxify(name):
        if name != "original-small":
            raise OSError("no route to host")
        return SimpleNamespace(
            tokenizer=AutoTokenizer.from_pretrained(folder),
            model=AutoModelForSequenceClassification.from_pretrained(folder),
            class_names=["severe_toxicity", "toxicity"],
        )

    monkeypatch.setitem(sys.modules, "detoxify", SimpleNamespace(Detoxify=detoxify))
    wanted = float(logits(folder, "you are awful")[1].sigmoid())
    assert ToxicityScorer("original-small").score(["you are awful"]) == pytest.approx([wanted], abs=1e-6)
    with pytest.raises(StudyError, match=r"scorer\.model=original is no folder.*no route to host"):
        ToxicityScorer("original").score(["you are awful"])
