"""The worked example: what the article prints does not follow, what the chapter puts in its place does."""

import math
import re

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from lmstudy.chapters.worked_example import as_printed as article
from lmstudy.chapters.worked_example import backward, matrices, redone, sheet
from lmstudy.chapters.worked_example.as_printed import PRINTED, SENTENCE, WORDS
from lmstudy.errors import StudyError


def test_no_printed_product_yields_the_printed_result():
    table = article.products()
    assert len(table) == 6
    assert not table["agree"].any()
    refused = table["NumPy says"].str.contains("is different from")
    assert refused.sum() == 5
    assert table.loc[~refused, "NumPy says"].tolist() == ["gives 2"]  # W transposed: two numbers, not three


def test_what_is_printed_for_words():
    assert article.lookups()["agree"].tolist() == [False, True, True]
    assert article.same_vector(PRINTED["E"].T) == [("编程", "你", "世界")]
    assert article.same_vector(PRINTED["W'"].T) == [("我", "编程"), ("爱", "你")]
    assert article.same_vector(np.arange(10).reshape(5, 2)) == []
    assert (PRINTED["W"] @ PRINTED["E"][:, 0]).tolist() == PRINTED["h"].tolist()  # that of one word


def test_printed_probabilities_are_neither_sigmoid_nor_softmax():
    table = article.activations()
    assert table.loc["我", "sigmoid"] == pytest.approx(torch.tensor(1.0).sigmoid().item(), abs=1e-7)
    assert table.loc["sum", "sigmoid"] == pytest.approx(2 * 0.7310586 + 1.5, abs=1e-6)
    assert table.loc["sum", "softmax"] == pytest.approx(1)
    assert table.loc["我", "softmax"] == pytest.approx(math.e / (2 * math.e + 3))
    for name in ("sigmoid", "softmax"):
        assert table.loc["我", name] == table.loc["爱", name]
        assert abs(table.loc[list(WORDS), name] - table.loc[list(WORDS), "printed"]).max() > 0.3


@pytest.mark.parametrize("size", [2, 5, 50])
def test_a_loss_of_two_softmaxes_stays_within_one_nat(size):
    right, ignorant, wrong = article.softmax_twice([size]).loc[size]
    for sure, expected in ((0, right), (1, wrong)):
        logits = torch.zeros(1, size, dtype=torch.float64)
        logits[0, sure] = 1000
        loss = redone.loss_of(logits, torch.tensor([0]), "softmax twice").item()
        assert loss == pytest.approx(expected, abs=1e-9)
    assert wrong - right == pytest.approx(1)
    assert ignorant == pytest.approx(math.log(size))
    noise = torch.randn(200, size, dtype=torch.float64, generator=torch.Generator().manual_seed(1)) * 20
    losses = [redone.loss_of(row[None], torch.tensor([0]), "softmax twice").item() for row in noise]
    assert right <= min(losses)
    assert max(losses) <= wrong


def test_the_formula_read_literally_ignores_the_text():
    least = article.loss_read_literally(np.arange(5) / 10)  # in proportion to a word's number
    for other in np.random.default_rng(0).dirichlet(np.ones(5), size=100):
        assert article.loss_read_literally(other) > least
    assert article.loss_read_literally(np.full((3, 5), 0.2)) == pytest.approx(30 * math.log(5))


def test_steps_are_those_of_the_model():
    model = redone.Example()
    named = redone.steps(model, SENTENCE, SENTENCE)
    value = {name: table.to_numpy() for name, table in named.items() if name != "loss"}
    sizes = {"S": (3, 5), "E": (5, 2), "X": (3, 2), "W": (2, 2), "H": (3, 2), "c": (1, 2), "s": (3, 2), "W'": (2, 5)}
    assert {name: value[name].shape for name in sizes} == sizes
    np.testing.assert_allclose(value["S"] @ value["E"], value["X"])
    np.testing.assert_allclose(np.maximum(value["X"] @ value["W"], 0), value["H"])
    np.testing.assert_allclose(value["H"].mean(0, keepdims=True), value["c"])
    np.testing.assert_allclose(value["c"] + value["before"], value["s"])
    np.testing.assert_allclose(value["s"] @ value["W'"], model(SENTENCE, SENTENCE).detach().numpy())
    np.testing.assert_allclose(value["p"].sum(1), 1)
    np.testing.assert_allclose(value["gradient"], (value["p"] - value["S"]) / 3, atol=1e-12)
    np.testing.assert_allclose(named["loss"]["−log p"], -np.log(np.diag(value["p"])))
    assert not article.same_vector(value["E"])
    assert len({tuple(row) for row in value["H"].tolist()}) == 3


def test_a_state_knows_what_was_read_and_the_last_word_alone():
    model = redone.Example(seed=3)
    read = ("我", "爱")
    same = model.probability(read, ("我", "爱"), "编程")
    assert model.probability(read, ("世界", "爱"), "编程") == same
    assert model.probability(read, ("爱", "我"), "编程") != same
    assert model.probability(("你", "世界"), ("我", "爱"), "编程") != same
    assert sum(model.probability(read, ("我",), word) for word in WORDS) == pytest.approx(1)


def test_one_sentence_is_learned_by_heart():
    run = redone.train([SENTENCE], read=3, steps=30, rate=1.0)
    probabilities = run.probabilities[:, 0, 2, 2]
    assert probabilities[0] < 0.05
    assert probabilities[-1] > 0.95
    assert run.losses[-1] < 0.05 < 2 < run.losses[0]
    other = run.model.probability(redone.SENTENCES[1], ("我", "爱"), "编程")
    assert other == pytest.approx(probabilities[-1], abs=0.05)


def test_two_sentences_need_the_encoder():
    table = redone.by_reading(200, 1.0)
    assert table.loc["nothing", "loss"] == pytest.approx(2 / 3 * math.log(2), abs=0.01)
    assert table.loc["nothing", "loss"] > 2 / 3 * math.log(2)
    assert table.loc["nothing"].iloc[1:].tolist() == pytest.approx([0.5, 0.5], abs=0.05)
    for told in ("the first word", "two words", "the whole sentence"):
        loss, first, second = table.loc[told]
        assert loss < 0.05
        assert first > 0.95
        assert second < 0.05


def test_what_is_learned_can_be_written():
    model = redone.train(redone.SENTENCES, read=2, steps=150, rate=1.0).model
    assert [model.write(sentence[:2]) for sentence in redone.SENTENCES] == [list(s) for s in redone.SENTENCES]


def test_who_can_win_agrees_with_a_search_through_directions():
    assert redone.can_win(PRINTED["W'"].T) == ["世界"]
    circle = np.array([[math.cos(a), math.sin(a)] for a in np.arange(5) * 2 * math.pi / 5])
    assert redone.can_win(circle) == list(WORDS)
    inside = circle.copy()
    inside[2] *= 0.1
    assert redone.can_win(inside) == ["我", "爱", "你", "世界"]
    angles = np.linspace(0, 2 * np.pi, 2000)
    directions = np.stack([np.cos(angles), np.sin(angles)], 1)
    for seed in range(20):
        vectors = np.random.default_rng(seed).normal(size=(5, 2))
        found = {WORDS[i] for i in (directions @ vectors.T).argmax(1)}
        assert set(redone.can_win(vectors)) == found


def test_a_sigmoid_singles_out_at_most_three_words():
    third = np.array([[math.cos(a), math.sin(a)] for a in np.arange(3) * 2 * math.pi / 3])
    assert redone.single_out(third) == ["我", "爱", "编程"]
    for seed in range(300):
        assert len(redone.single_out(np.random.default_rng(seed).normal(size=(5, 2)), 720)) <= 3


def test_random_starts_are_counted():
    softmax = redone.from_random_starts("softmax", 3, 120, 1.0, 4)
    assert 0 <= softmax["learned"].low <= softmax["learned"].value <= softmax["learned"].high <= 4
    assert softmax["learned"].value >= 2
    assert softmax["least sum"] == pytest.approx(1)
    none = redone.from_random_starts("softmax", 0, 20, 1.0, 2)  # reads nothing: the same of both sentences
    assert (none["learned"].value, none["same context"]) == (0, 2)
    sigmoid = redone.from_random_starts("sigmoid", 2, 20, 1.0, 2)
    assert sigmoid["greatest sum"] > 1.1


def test_mistakes_are_named():
    with pytest.raises(StudyError, match="'，' is not in the vocabulary 我"):
        redone.numbers(["我", "爱", "，"])
    with pytest.raises(StudyError, match="no loss 'hinge'"):
        redone.loss_of(torch.zeros(1, 5), torch.tensor([0]), "hinge")


def test_figures_show_the_numbers():
    def texts(figure: Figure) -> list[str]:
        return [text.get_text().strip() for axes in figure.axes for text in axes.texts]

    assert [text for text in texts(article.products_figure()) if "≠" in text] == ["5 ≠ 3", "2 ≠ 3", "5 ≠ 3"]
    named = redone.steps(redone.Example(), SENTENCE, SENTENCE)
    shown = texts(matrices.equations([[("X", named["X"]), "·", ("W", named["W"])]], {"W": [(0, 1)]}))
    assert shown.count("−1") == 2
    assert {"X", "W", "·", "编程"} <= set(shown)
    learned = redone.learning_figure(redone.train([SENTENCE], read=3, steps=2, rate=1.0), SENTENCE[:2])
    assert [len(axes.lines) for axes in learned.axes] == [5, 1]


def test_the_figure_of_directions_shades_the_sectors_of_winners():
    def sectors(vectors: np.ndarray) -> float:
        (axes,) = redone.directions_figure({"t": (vectors, [("我", np.array([1.0, 2.0]))])}).axes
        return sum(patch.theta2 - patch.theta1 for patch in axes.patches if hasattr(patch, "theta1"))

    circle = np.array([[math.cos(a), math.sin(a)] for a in 0.1 + np.arange(5) * 2 * math.pi / 5])
    assert sectors(circle) == pytest.approx(360, abs=3)
    assert sectors(PRINTED["W'"].T.astype(float)) == pytest.approx(90, abs=1)  # only 世界, all else is ties


@pytest.mark.parametrize("kind", ["softmax", "sigmoid", "softmax twice"])
@pytest.mark.parametrize("read", [0, 2])
def test_training_from_many_starts_at_once_equals_training_from_each(kind, read):
    settings = (redone.SENTENCES, read, 40, 1.0, kind)
    for seed, (model, loss, p) in zip((3, 5), redone.train_all((3, 5), *settings), strict=True):
        plain = redone.train(*settings, model=redone.Example(seed))
        np.testing.assert_allclose(loss, plain.losses[-1], rtol=1e-12)
        np.testing.assert_allclose(p, plain.probabilities[-1], rtol=1e-10, atol=1e-14)
        for own, other in zip(model.parameters(), plain.model.parameters(), strict=True):
            torch.testing.assert_close(own, other, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("seed", [None, 1, 2, 3])
def test_the_way_back_by_hand_is_that_of_autograd(seed):
    for read in range(1, 4):
        for sentence in redone.SENTENCES:
            model = redone.Example(seed)
            named = backward.there_and_back(model, sentence[:read], sentence)
            logits, targets = model(sentence[:read], sentence), torch.tensor(redone.numbers(sentence))
            redone.loss_of(logits, targets, "softmax").backward()
            for name, parameter in {"dE": model.E, "dW": model.W, "dW'": model.W_out}.items():
                assert named[name].to_numpy() == pytest.approx(parameter.grad.numpy(), abs=1e-12), name
            loss = redone.loss_of(logits, targets, "softmax").item()
            assert named["L"].iloc[0, 0] == pytest.approx(loss)


def cells(html):
    return re.findall(r"<td[^>]*>([^<]*)</td>", re.sub(r"<thead>.*?</thead>", "", html))


def test_the_sheet_is_blank_but_for_what_is_given_and_its_solution_is_full():
    blank, solved = sheet.blank(), sheet.solution(1.0)
    places = re.sub(r">[^<]*</td>", "></td>", blank), re.sub(r">[^<]*</td>", "></td>", solved)
    assert places[1].replace(" worksheet-solved", "").startswith(places[0].removesuffix("</div>"))
    given = [cell for cell in cells(blank) if cell]
    known = sheet.exponentials(redone.steps(redone.Example(), SENTENCE, SENTENCE)["logits"])
    exponentials = known.notna().to_numpy().sum()
    assert len(given) == 12 + 4 + 10 + exponentials  # E, W, W'
    assert sum(not cell for cell in cells(solved)) == known.size - exponentials
    for x, power in zip(known.iloc[::2].to_numpy().ravel(), known.iloc[1::2].to_numpy().ravel(), strict=True):
        assert np.isnan(x) or power == pytest.approx(math.exp(x))
    logits = redone.steps(redone.Example(), SENTENCE, SENTENCE)["logits"].to_numpy().ravel()
    assert all(np.isclose(known.iloc[::2].to_numpy(), z).any() for z in logits)
    step = redone.train([SENTENCE], read=3, steps=1, rate=1.0)
    assert f"{step.losses[1]:.3f}" in solved
    assert f"{step.probabilities[1, 0, 2, 2]:.3f}" in solved
    assert solved.count("worksheet-target") == 3
