"""The drawing holds what was recorded: its numbers add up, its arrows are those of the pass."""

import matplotlib.pyplot as plt
import pytest
from concept_cases import Dense, PyTorchs, Recurrent, loss_of, packed, pair, transformer

from lmstudy.chapters.concepts.architecture_figure import architecture
from lmstudy.chapters.concepts.architecture_plan import plan
from lmstudy.chapters.concepts.forward_graph import record_forward


@pytest.fixture(scope="module")
def recorded():
    batch = packed()
    return record_forward(transformer(), batch, loss_of(batch.labels))


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def drawn_parameters(figure) -> int:
    found = [text.get_text() for text in figure.axes[0].texts if text.get_gid() == "parameters"]
    return sum(int(text.replace(",", "").removeprefix("+ ")) for text in found)


def test_two_columns_and_one_embedding_for_both(recorded):
    layout = plan(recorded)
    assert [item.call.name for item in layout.shared] == ["embedding"]
    assert [item.call.name for item in layout.columns[0]] == [*(f"encoder.{i}" for i in range(4)), "encoder_norm"]
    assert [item.call.name for item in layout.columns[1]] == [*(f"decoder.{i}" for i in range(4)), "decoder_norm"]
    assert layout.shared[0].times == 1
    links = [(link.origin.call.name, recorded.calls[link.unit].name, link.shapes) for link in layout.links]
    assert links == [("encoder_norm", f"decoder.{i}.encoder_decoder_attention", ((2, 9, 8),)) for i in range(4)]


def test_the_numbers_in_the_drawing_add_up_to_the_models(recorded):
    figure = architecture(recorded)
    total = sum(parameter.numel() for parameter in transformer().parameters())
    assert drawn_parameters(figure) == plan(recorded).parameters == total
    assert f"{total:,} parameters in all, the shared matrix counted once" in texts(figure)
    plt.close(figure)


def test_labels_come_from_the_pass(recorded):
    figure = architecture(recorded)
    words = texts(figure)
    assert "encoder tokens  2 × 9" in words
    assert "decoder tokens  2 × 12" in words
    assert "the memory, 2 × 9 × 8,\nis read in each of 4 layers" in words
    assert "logits 2 × 12 × 50" in words
    assert f"cross-entropy: {recorded.loss:.2f} nats" in words
    assert words.count("masked self-attention") == words.count("cross-attention") == words.count("self-attention") == 4
    assert sum("decoder\nlayer" in word for word in words) == 4
    plt.close(figure)


def test_fewer_layers_are_drawn_as_fewer():
    batch = packed()
    graph = record_forward(transformer(layers=2), batch, loss_of(batch.labels))
    figure = architecture(graph, beside=())
    words = texts(figure)
    assert "the memory, 2 × 9 × 8,\nis read in each of 2 layers" in words
    assert words.count("cross-attention") == 2
    assert "The article's figure 2-1" not in words
    plt.close(figure)


def test_the_chain_beside_is_the_articles(recorded):
    words = texts(architecture(recorded))
    chain = ["embedding", *(f"encoder {i}" for i in (1, 2, 3, 4)), *(f"decoder {i}" for i in (1, 2, 3, 4))]
    positions = [words.index(name) for name in [*chain, "output layer"]]
    assert positions == sorted(positions)
    assert words.count("1") == words.count("2") == 2  # each difference is marked on both sides
    plt.close("all")


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Dense, None),
        (Recurrent, "a state, 1 × 2 × 8 and 1 × 2 × 8,\nis read in 1 place"),
        (PyTorchs, "the memory, 2 × 6 × 8,\nis read in each of 2 layers"),
    ],
)
def test_other_models_are_drawn_too(model, said):
    network, batch = model(), pair()
    given, labels = (batch["source"],) * 2 if model is Dense else (batch, batch["target"])
    figure = architecture(record_forward(network, given, loss_of(labels)))
    assert drawn_parameters(figure) == sum(parameter.numel() for parameter in network.parameters())
    read = [word for word in texts(figure) if "is read in" in word]
    assert read == ([said] if said else [])
    assert ("an input of its own" in texts(figure)) == bool(said)
    plt.close(figure)
