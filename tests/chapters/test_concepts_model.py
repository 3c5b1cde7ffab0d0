"""The diagram of the model is the model, box, number and arrow; and masks do what is drawn of them."""

import re
from importlib.resources import files
from xml.etree import ElementTree

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lmstudy.chapters.concepts import masks
from lmstudy.compose import compose_config
from lmstudy.config import build
from lmstudy.data.batch import Seq2SeqBatch
from lmstudy.errors import StudyError
from lmstudy.models.transformer import Seq2SeqTransformer

SVG = ElementTree.fromstring(files("lmstudy.chapters.concepts").joinpath("architecture.svg").read_text("utf-8"))
LAYERS = ("encoder", "decoder")


def elements(tag: str, attribute: str = "class") -> list[ElementTree.Element]:
    return [e for e in SVG.iter(f"{{http://www.w3.org/2000/svg}}{tag}") if attribute in e.attrib]


def texts(element: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in element.iter("{http://www.w3.org/2000/svg}text")]


def parts(model: nn.Module) -> dict[str, nn.Module]:
    """What the diagram has a box for, as it is named there: a layer, of which all are alike, without its number."""
    named = [(re.sub(r"\.\d+", "", name), module) for name, module in model.named_modules()]
    return {name: m for name, m in named if name and name.count(".") < 2 and not isinstance(m, nn.ModuleList)}


@pytest.fixture(scope="module", params=["quick", "study"])
def config(request):
    """Of the first model, and of the one that chapter 4 builds."""
    return compose_config("train", ["model=transformer", f"budget={request.param}"])


@pytest.fixture(scope="module")
def unbuilt(config):
    """The model without its numbers."""
    vocabulary = config["data"]["tokenizer"]["vocab_size"]
    with torch.device("meta"):
        return build(config["model"], "model", vocab_size=vocabulary, max_positions=config["budget"]["decoder_length"])


def test_every_box_has_the_parameters_of_its_part(unbuilt):
    drawn = {g.get("data-module"): texts(g)[-1] for g in elements("g", "data-module")}
    assert drawn.pop("output") == "0"  # the embedding, once more
    counts = {name: sum(p.numel() for p in module.parameters()) for name, module in parts(unbuilt).items()}
    for side in LAYERS:
        assert drawn.pop(side) == f"{len(getattr(unbuilt, side))} times {counts.pop(side):,}"
    assert drawn == {name: f"{count:,}" for name, count in counts.items()}
    assert f"{sum(p.numel() for p in unbuilt.parameters()):,} parameters in all," in texts(SVG)


def test_its_shapes_are_those_of_a_batch(config, unbuilt):
    rows, read, written = (config["budget"][name] for name in ("rows", "encoder_length", "decoder_length"))
    width, vocabulary = unbuilt.d_model, unbuilt.embedding.num_embeddings
    expected = {
        f"encoder tokens {rows} × {read}",
        f"decoder tokens {rows} × {written}",
        f"embedding, one for both, {vocabulary:,} × {width}",
        f"{rows} × {read} × {width}",
        f"{rows} × {written} × {width}",
        f"{rows} × {read} × {width},",  # of the memory
        f"logits {rows} × {written} × {vocabulary:,}",
        f"labels {rows} × {written}",
        f"Vectors of {width} numbers, {unbuilt.heads} heads of {width // unbuilt.heads},",
        f"feed-forward {unbuilt.sizes.d_ff} wide",
    }
    assert expected == {
        text
        for text in texts(SVG)
        if re.search(r"\d", text) and not re.fullmatch(r"[\d,]+|.*(times|all|figure).*", text)
    }


def test_its_text_can_be_read_on_a_page_of_700_pixels_and_on_a_phone():
    width = float(SVG.attrib["viewBox"].split()[2])
    least = min(int(size) for size in re.findall(r"font-size: (\d+)px", "".join(SVG.itertext())))
    widest = 16 * float(re.search(r"max-width: (\d+)rem", SVG.attrib["style"]).group(1))
    assert least * min(widest, 700) / width >= 12
    assert least * 360 / width >= 11


def transformer(layers: int = 4) -> Seq2SeqTransformer:
    torch.manual_seed(0)
    sizes = {"d_model": 8, "heads": 2, "d_ff": 12, "encoder_layers": layers, "decoder_layers": layers}
    return Seq2SeqTransformer(50, 16, **sizes).eval()


def packed(rows: int = 2) -> Seq2SeqBatch:
    """Rows of two examples, of 4 and 3 tokens read and 5 and 4 written, with padding on both sides."""
    generator = torch.Generator().manual_seed(1)
    numbers = ([1] * 4 + [2] * 3 + [0] * 2, [1] * 5 + [2] * 4 + [0] * 3)
    read, written = (torch.tensor(each).expand(rows, -1) for each in numbers)
    tokens = [torch.randint(5, 50, each.shape, generator=generator) for each in (read, written)]
    zeros = torch.zeros_like(written)
    return Seq2SeqBatch(tokens[0], read, tokens[1], written, zeros, torch.tensor(1), zeros)


@torch.no_grad()
def test_its_arrows_are_the_forward_pass():
    """Each part is given what the arrows into it bring, sums of several where they meet in one; and nothing else."""
    model, batch = masks.awaken(transformer(layers=3), seed=1), packed()
    given: dict[str, list[Tensor]] = {}
    made: dict[str, Tensor] = {"encoder_tokens": batch.encoder_tokens, "decoder_tokens": batch.decoder_tokens}

    def note(name: str):
        def hook(module: nn.Module, inputs: tuple, output: Tensor) -> None:
            at = f"{name} of the {LAYERS['embedding' in given]}" if name == "embedding" else name
            given.setdefault(name, []).extend(x for x in inputs if isinstance(x, Tensor) and x.ndim < 4)
            made[at] = output

        return hook

    for name, module in model.named_modules():
        if not isinstance(module, nn.ModuleList | nn.Linear | Seq2SeqTransformer):
            module.register_forward_hook(note(name))
    logits = model(batch)
    arrows = [path.attrib["data-edge"].split() for path in elements("path", "data-edge")]

    def value(node: str, side: str, layer: int) -> Tensor:
        """What an arrow brings from a node, into some layer of a side."""
        if node in ("embedding", f"{side}.in"):
            first = made[f"embedding of the {side}"] * model.d_model**0.5
            return first if layer == 0 else made[f"{side}.{layer - 1}"]
        if ".sum" in node:
            return sum(value(a, side, layer) for a, b in arrows if b == node)
        return made[node.replace(".", f".{layer}.", 1)]

    drawn = {node for arrow in arrows for node in arrow}
    assert set(parts(model)) - set(LAYERS) <= drawn
    for side in LAYERS:
        for layer in range(3):
            for part in (p.removeprefix(f"{side}.") for p in parts(model) if p.startswith(f"{side}.")):
                brought = [value(a, side, layer) for a, b in arrows if b == f"{side}.{part}"]
                streams = [x for x in given[f"{side}.{layer}.{part}"] if x.shape[-1] == model.d_model]
                assert len(brought) == len(streams), part
                assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(brought, streams, strict=True)), part
        (last,) = [value(a, side, 2) for a, b in arrows if b == f"{side}_norm"]
        assert torch.allclose(last, given[f"{side}_norm"][0], atol=1e-6)
    assert [a for a, b in arrows if b == "embedding"] == ["encoder_tokens", "decoder_tokens"]
    assert [a for a, b in arrows if b == "output"] == ["decoder_norm"]
    assert torch.equal(given["embedding"][0], batch.encoder_tokens)
    assert torch.equal(given["embedding"][1], batch.decoder_tokens)
    assert torch.allclose(logits, made["decoder_norm"] @ model.embedding.weight.T, atol=1e-5)
    assert [b for a, b in arrows if a == "encoder_norm"] == ["decoder.encoder_decoder_attention"]


def test_sight_is_a_block_an_example_and_a_triangle_in_the_decoder():
    found = masks.sight(packed())
    encoder, decoder, memory = found.values()
    assert (encoder[:4, :4] == 1).all()
    assert (encoder[4:7, 4:7] == 2).all()
    assert (encoder[:7, 7:] == 0).all()
    assert (encoder[7:] == -1).all()
    assert (decoder[:9, :9] == np.tril(decoder[:9, :9])).all()
    assert [(decoder == number).sum() for number in (1, 2)] == [5 * 6 / 2, 4 * 5 / 2]
    assert [(memory == number).sum() for number in (1, 2)] == [5 * 4, 4 * 3]
    figure = masks.masks_figure(found)
    for axes, table in zip(figure.axes, found.values(), strict=True):
        assert (axes.images[0].get_array() == table).all()
    assert {text.get_text() for text in figure.axes[1].texts} == {"1", "2", "padding"}
    plt.close(figure)


@pytest.mark.parametrize(
    ("side", "position", "memory", "output"),
    [("encoder", 5, [4, 5, 6], [5, 6, 7, 8]), ("decoder", 2, [], [2, 3, 4])],
)
def test_what_changes_is_what_the_masks_allow(side, position, memory, output):
    model, batch = masks.awaken(transformer(), seed=1), packed(rows=1)
    found = masks.changed(model, batch, side, position)
    assert found["memory"].nonzero().flatten().tolist() == memory
    assert found["output"].nonzero().flatten().tolist() == output
    with pytest.raises(StudyError, match="side='memory' must be"):
        masks.changed(model, batch, "memory", 0)


def test_the_table_of_changes_is_what_was_measured():
    table = masks.change_table(masks.awaken(transformer(), seed=1), packed(rows=1))
    assert table.loc["encoder's token 2"].tolist() == ["0 to 3", "0 to 3", "0 to 4", "0 to 4"]
    assert table.loc["decoder's token 2"].tolist() == ["0 to 3", "none", "0 to 4", "2 to 4"]


def test_before_it_is_awoken_a_model_passes_nothing_on():
    model, batch = transformer(), packed(rows=1)
    found = masks.changed(model, batch, "encoder", 5)
    assert (found["memory"].nonzero().flatten().tolist(), found["output"].any()) == ([5], False)
    before = {name: value.clone() for name, value in model.named_parameters()}
    masks.awaken(model, seed=1)
    touched = {name for name, value in model.named_parameters() if not torch.equal(value, before[name])}
    assert len(touched) == 4 * 2 + 4 * 3  # sublayers of four layers a side
    assert all(name.endswith(("output.weight", "down.weight")) for name in touched)


def test_the_row_that_shows_most_is_found():
    batch = packed(rows=1)
    ones = {f"{side}_documents": torch.ones_like(getattr(batch, f"{side}_documents")) for side in LAYERS}
    single = batch._replace(**ones)
    two = Seq2SeqBatch(*(torch.cat([a, b]) if a.ndim else a for a, b in zip(single, batch, strict=True)))
    found = masks.packed_row([single, two])
    assert (found.decoder_documents == batch.decoder_documents).all()
    assert (found.encoder_tokens == batch.encoder_tokens).all()
    with pytest.raises(StudyError, match="no batch"):
        masks.packed_row([])
    assert masks.middle_of_longest(torch.tensor([1, 2, 2, 2, 0, 0, 0, 0])) == 2
