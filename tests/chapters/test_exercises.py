"""The answers of the exercises: against closed forms, and what their texts work out from small given numbers."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import torch
import torch.nn.functional as F

from lmstudy.chapters.architectures import exercises as architectures
from lmstudy.chapters.concepts import exercises as concepts
from lmstudy.chapters.data import exercises as data
from lmstudy.chapters.data.counting import Leak
from lmstudy.chapters.embeddings import exercises as embeddings
from lmstudy.chapters.metrics import exercises as metrics
from lmstudy.chapters.pseudo_code import exercises as pseudo_code
from lmstudy.chapters.worked_example import exercises as worked_example
from lmstudy.chapters.worked_example import redone
from lmstudy.compose import compose_config
from lmstudy.data.cleaning.deduplication import Deduplication
from lmstudy.evaluation.statistics import Estimate, wilson
from lmstudy.models.network import unbuilt
from lmstudy.show.tables import parameter_table


def test_bits_saved_are_a_ratio_of_perplexities():
    orders = pd.DataFrame({"bits a token": [12.0, 9.0, 6.5, 6.0]})
    told = concepts.perplexity(orders)
    assert (told["bits_saved"], told["factor"]) == ("2.50", "5.7")


def test_a_causal_mask_divides_what_is_left_of_the_weights():
    q, k, v = torch.tensor([[[1.0, 0], [0, 1], [1, 1]], [[1, 2], [0, -1], [1, 0]], [[1, 0], [0, 1], [5, 5]]])
    told = concepts.causal(q, k, v)
    first = math.exp(2 / math.sqrt(2)) / (math.exp(2 / math.sqrt(2)) + math.exp(-1 / math.sqrt(2)))
    assert told["weight_1"] == told["output_1"] == f"{first:.2f}"
    assert told["weight_2"] == told["output_2"] == f"{1 - first:.2f}"


def test_divided_by_their_width_scores_leave_all_keys_alike():
    told = concepts.divided_by_width(4, 4096, keys=64, seed=1)
    assert float(told["entropy_narrow"]) < float(told["entropy_wide"]) == 6.0


def test_the_other_sentence_read_by_hand():
    told = worked_example.encoder(redone.Example())
    assert [told[f"read_{i}"] for i in (1, 2, 3)] == ["0, 0", "1, 1", "2, 0"]
    assert (told["context"], told["state"]) == ("1, 1/3", "1, −2/3")
    logits = [1, Fraction(-2, 3), -1, Fraction(2, 3), Fraction(1, 3)]
    assert told["logits"] == ", ".join(str(x).replace("-", "−") for x in logits)
    p = F.softmax(torch.tensor([float(x) for x in logits]), 0)
    assert (told["most_probable"], told["p_most"], told["p_right"]) == ("我", f"{p[0]:.2f}", f"{p[1]:.2f}")


def test_the_step_of_one_column_is_that_of_backpropagation():
    model, sentence = redone.Example(), redone.SENTENCES[0]
    F.cross_entropy(model(sentence, sentence), torch.tensor(redone.numbers(sentence))).backward()
    slope = model.W_out.grad[:, 2].tolist()
    told = worked_example.one_step(model)
    assert told["slope"] == ", ".join(f"{x:.2f}".replace("-", "−") for x in slope)
    after = [w - x for w, x in zip(model.W_out[:, 2].tolist(), slope, strict=True)]
    assert told["column"] == ", ".join(f"{x:.2f}".replace("-", "−") for x in after)


def test_from_zero_nothing_is_learned_unless_only_the_output_is_zero():
    told = worked_example.from_zero(steps=100, rate=1.0)
    assert told["from_zero_all"] == told["log_5"] == "1.609"
    assert float(told["from_zero_output"]) < 0.1


def test_words_that_a_sigmoid_singles_out():
    told = worked_example.singled_out(bias=-0.5)
    assert (told["of_three"], told["of_five"], told["of_five_biased"]) == ("3", "0", "5")
    assert told["neighbour"] == f"{math.cos(math.radians(72)):.2f}"


def test_the_formula_is_lowest_where_the_answer_says():
    told = worked_example.formula()
    draws = np.random.default_rng(1).dirichlet(np.ones(5), 2000)
    for first, lowest in ((0, "lowest_from_0"), (1, "lowest_from_1")):
        weights = np.arange(first, first + 5)
        entropy = -sum(w / weights.sum() * math.log(w / weights.sum()) for w in weights if w)
        assert float(told[lowest]) == pytest.approx(weights.sum() * entropy, abs=0.005)
        assert (-(weights * np.log(draws)).sum(1) > float(told[lowest])).all()


def test_parameters_by_hand_are_those_of_the_network():
    config = compose_config("train", ["experiment=article", "budget=brief"])
    counted = parameter_table(unbuilt(config))["parameters"]
    told = pseudo_code.parameters(config)
    assert [told[f"count_{name}"] for name in ("embedding", "hidden", "output", "every")] == [
        f"{counted[name]:,}" for name in ("embedding", "hidden layers", "output", "all")
    ]
    terms = [term.split(" · ") for term in told["hidden_sum"].split(" + ")]
    assert sum(math.prod(map(int, term)) for term in terms) == counted["hidden layers"]


def test_a_small_difference_a_byte_is_a_large_one_for_a_text():
    told = architectures.whole_text(0.1, 200)
    assert (told["text_bits"], told["text_digits"]) == ("20", str(len(str(2**20))))


def test_one_rate_for_two_networks():
    rates = pd.DataFrame({"a": [2.0, 1.8, 1.9], "b": [2.3, 1.9, 1.7]}, index=["0.01", "0.1", "1"])
    told = architectures.at_one_rate(rates, "a", "b")
    assert [told[f"gap_{i}"] for i in (1, 2, 3)] == ["0.300", "0.100", "−0.200"]
    assert (told["gap_best"], told["least_gap_rate"], told["most_gap_rate"]) == ("−0.100", "1", "0.01")


def test_a_share_is_compared_with_chance():
    share = "of one kind, % (95 % interval)"
    tokens = {"keyword": 3, "name": 8, "all kinds": 11}
    shares = [Estimate(x, x, x, 1) for x in (60.0, 80.0, 70.0)]
    told = embeddings.against_chance(pd.DataFrame({"tokens": tokens, share: dict(zip(tokens, shares, strict=True))}))
    assert (told["first_chance"], told["second_chance"]) == ("20.0 %", "70.0 %")
    assert (told["first_times"], told["second_times"]) == ("3.0", "1.1")


def test_what_is_saved_depends_on_the_rate():
    columns = {"Word2Vec, trained": [1.9, 1.8, 2.0], "random, trained": [2.2, 2.0, 1.95]}
    told = embeddings.at_each_rate(pd.DataFrame(columns, index=["0.01", "0.1", "1"]))
    assert (told["saved_lowest"], told["saved_highest"], told["saved_best"]) == ("0.300", "−0.050", "0.150")


def test_without_negative_samples_all_vectors_point_one_way():
    assert embeddings.mean_cosine(0, steps=1000) > 0.7
    assert embeddings.mean_cosine(5, steps=1000) < 0.5
    assert abs(embeddings.mean_cosine(5, steps=0)) < 0.2


def test_copies_raise_the_accuracy_of_the_same_classifier():
    shares = {"copies": (50, 100), "everything": (70, 100), "seen": (45, 50), "new": (25, 50)}
    told = data.with_copies(Leak(*(wilson(*share) for share in shares.values())), more=0.9)
    assert (told["accuracy_as_it_is"], told["accuracy_more"]) == ("70.0 %", "86.0 %")


def test_a_corpus_sorted_by_label():
    told = data.sorted_by_label(0.4, 0.0)
    assert (told["positive_before"], told["negative_before"]) == ("50 %", "50 %")


def test_unknown_words_of_texts():
    told = data.unknown_in_a_text(0.5, 0.6, running=20, documents=10)
    assert (told["mean_length"], told["independent_texts"]) == ("2", "75 %")


def test_near_duplicates_by_hand():
    told = data.near_duplicates(Deduplication(), stricter=0.9, short=20)
    shingles = next(m for m in range(6, 200) if Fraction(m - 5, m + 5) >= Fraction(8, 10))
    assert shingles == 45
    assert told["shortest"] == str(shingles + 4)
    stricter = next(m for m in range(6, 200) if Fraction(m - 5, m + 5) >= Fraction(9, 10))
    assert told["shortest_stricter"] == str(stricter + 4)
    assert told["similarity"] == f"{(16 - 5) / (16 + 5):.2f}"


def test_a_detector_counted_by_hand():
    bad, said = (np.array(x, dtype=bool) for x in ([1, 1, 1, 0, 0, 0, 0, 0, 0, 0], [1, 1, 0, 1, 0, 0, 0, 0, 0, 0]))
    told = metrics.counts(bad, said)
    assert [told[f"det_{name}"] for name in ("TP", "FP", "FN", "TN")] == ["2", "1", "1", "6"]
    assert told["det_F1"] == told["det_precision"] == told["det_recall"] == "0.667"
    assert (told["det_accuracy"], told["det_never"], told["det_always"]) == ("0.800", "0.700", f"{0.6 / 1.3:.3f}")
    assert set(metrics.counts(None, None)) == set(told)
    silent = metrics.counts(bad, np.zeros_like(bad))
    assert (silent["det_flagged"], silent["det_precision"], silent["det_recall"]) == ("0", "unknown", "0.000")


def test_bits_in_other_units():
    table = pd.DataFrame({"units": [100.0, 10.0], "bits a unit": [6.0, 60.0]}, index=["token", "line"])
    told = metrics.units(table)
    assert (told["bits_a_line"], told["line_perplexity_digits"]) == ("60.0", str(len(str(2**60))))
    told = metrics.scripts((1000, 2), (300, 6))
    assert [told[f"{name}_bits"] for name in ("english", "chinese")] == ["2,000", "1,800"]
    assert told["english_a_byte"] == told["chinese_a_byte"] == "2"


def test_a_confusion_matrix_by_hand():
    told = metrics.confusion()
    assert (told["confusion_right"], told["confusion_accuracy"], told["confusion_wrong"]) == ("15/20", "0.75", "5")
    assert told["confusion_recalls"] == "1, 1/4, 0"
    assert told["confusion_precisions"] == "14/17, 1/2, 0"
    assert told["confusion_recall"] == f"{(1 + 1 / 4) / 3:.2f}"
    assert told["confusion_precision"] == f"{(14 / 17 + 1 / 2) / 3:.2f}"
