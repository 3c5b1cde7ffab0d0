"""Masks, packing and positions of the Transformer, proven by what changes and what does not."""

import pytest
import torch

from lmstudy.data.batch import IGNORE, Seq2SeqBatch
from lmstudy.errors import StudyError
from lmstudy.models.transformer import Seq2SeqTransformer, Smear, rotary_table, rotate

V, S, T = 50, 12, 16


@pytest.fixture(params=[False, True], ids=["plain", "smear"])
def model(request) -> Seq2SeqTransformer:
    torch.manual_seed(0)
    sizes = {"d_model": 32, "heads": 2, "d_ff": 48, "encoder_layers": 2, "decoder_layers": 2}
    model = Seq2SeqTransformer(V, 32, **sizes, smear=request.param)
    for parameter in model.parameters():  # away from the zero output projections, so that every path counts
        torch.nn.init.normal_(parameter, std=0.3)
    return model.eval()


def batch_of(encoder, encoder_documents, decoder, decoder_documents) -> Seq2SeqBatch:
    rows = [torch.as_tensor(x) for x in (encoder, encoder_documents, decoder, decoder_documents)]
    labels = torch.where(rows[3] > 0, rows[2], IGNORE)
    return Seq2SeqBatch(*rows, labels, (labels != IGNORE).sum(), torch.zeros_like(labels))


def random_batch(seed: int = 0) -> Seq2SeqBatch:
    g = torch.Generator().manual_seed(seed)
    encoder = torch.randint(5, V, (2, S), generator=g)
    decoder = torch.randint(5, V, (2, T), generator=g)
    encoder_documents = torch.tensor([[1] * 5 + [2] * 4 + [0] * 3, [1] * 12])
    decoder_documents = torch.tensor([[1] * 7 + [2] * 6 + [0] * 3, [1] * 16])
    return batch_of(encoder, encoder_documents, decoder, decoder_documents)


def test_has_four_layers_on_each_side_and_ties_its_embedding():
    model = Seq2SeqTransformer(V, 32)
    assert len(model.encoder) == len(model.decoder) == 4
    matrices = [name for name, p in model.named_parameters() if V in p.shape]
    assert matrices == ["embedding.weight"]


def test_smear_adds_a_share_of_the_embedding_before_from_the_same_example_alone():
    smear = Smear(2)
    with torch.no_grad():
        smear.gate.copy_(torch.tensor([0.0, -50.0]))  # half of the first channel, nothing of the second
    x_BQD = torch.tensor([[[1.0, 1.0], [2.0, 2.0], [4.0, 4.0], [8.0, 8.0], [16.0, 16.0]]])
    smeared = smear(x_BQD, torch.tensor([[1, 1, 2, 2, 0]]))
    assert smeared[0, :, 0].tolist() == [1.0, 2.5, 4.0, 10.0, 16.0]
    assert smeared[0, :, 1].tolist() == x_BQD[0, :, 1].tolist()


def test_without_smear_there_is_no_weight_for_it():
    plain, smeared = (set(Seq2SeqTransformer(V, 32, smear=smear).state_dict()) for smear in (False, True))
    assert smeared - plain == {"encoder_smear.gate", "decoder_smear.gate"}
    assert not plain - smeared


def test_decoder_is_causal(model):
    batch = random_batch()
    before = model(batch)
    tokens = batch.decoder_tokens.clone()
    tokens[1, 9] = (tokens[1, 9] + 1) % V
    after = model(batch._replace(decoder_tokens=tokens))
    torch.testing.assert_close(before[1, :9], after[1, :9], rtol=0, atol=0)
    assert (before[1, 9:] - after[1, 9:]).abs().amax(-1).min() > 1e-4


def test_decoder_reads_the_whole_encoder_input(model):
    batch = random_batch()
    before = model(batch)
    for position in (0, S - 1):
        tokens = batch.encoder_tokens.clone()
        tokens[1, position] = (tokens[1, position] + 1) % V
        assert (model(batch._replace(encoder_tokens=tokens))[1] - before[1]).abs().amax(-1).min() > 1e-5


def test_examples_of_one_row_do_not_see_each_other(model):
    batch = random_batch()
    before = model(batch)
    encoder, decoder = batch.encoder_tokens.clone(), batch.decoder_tokens.clone()
    encoder[0, 5:9] = 7  # all of example 2, on both sides
    decoder[0, 7:13] = 7
    after = model(batch._replace(encoder_tokens=encoder, decoder_tokens=decoder))
    torch.testing.assert_close(before[0, :7], after[0, :7], rtol=0, atol=0)
    assert (before[0, 7:13] - after[0, 7:13]).abs().max() > 1e-3


def test_packed_equals_alone(model):
    packed = random_batch()
    logits = model(packed)
    alone = batch_of(
        packed.encoder_tokens[:1, 5:9], torch.ones(1, 4, dtype=torch.int64),
        packed.decoder_tokens[:1, 7:13], torch.ones(1, 6, dtype=torch.int64),
    )  # fmt: skip
    torch.testing.assert_close(model(alone)[0], logits[0, 7:13], rtol=1e-4, atol=1e-5)


def test_padding_changes_nothing_and_is_never_nan(model):
    batch = random_batch()
    before = model(batch)
    encoder, decoder = batch.encoder_tokens.clone(), batch.decoder_tokens.clone()
    encoder[batch.encoder_documents == 0] = 9
    decoder[batch.decoder_documents == 0] = 9
    after = model(batch._replace(encoder_tokens=encoder, decoder_tokens=decoder))
    real = batch.decoder_documents > 0
    torch.testing.assert_close(before[real], after[real], rtol=0, atol=0)
    assert torch.isfinite(after).all()


def test_no_gradient_reaches_padding(model):
    batch = random_batch()
    encoder = batch.encoder_tokens.masked_fill(batch.encoder_documents == 0, 1)
    decoder = batch.decoder_tokens.masked_fill(batch.decoder_documents == 0, 1)  # token 1 occurs as padding alone
    logits = model(batch._replace(encoder_tokens=encoder, decoder_tokens=decoder))
    logits[batch.decoder_documents > 0][:, 5:].pow(2).sum().backward()
    assert model.embedding.weight.grad[1].abs().max() == 0
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_rotary_scores_depend_on_distance_alone():
    table, q, k = rotary_table(64, 8), torch.randn(8), torch.randn(8)
    at = lambda x, i: rotate(x[None], table[:, i : i + 1])[0]  # noqa: E731
    scores = torch.stack([at(q, i + 5) @ at(k, i) for i in range(50)])
    torch.testing.assert_close(scores, scores[:1].expand(50), rtol=1e-4, atol=1e-5)
    assert abs(at(q, 9) @ at(k, 0) - scores[0]) > 1e-4


def test_a_row_longer_than_the_context_is_refused(model):
    batch = random_batch()
    tokens = torch.zeros(1, 33, dtype=torch.int64)
    with pytest.raises(StudyError, match="33 tokens is longer than the context: max_positions=32"):
        model(batch._replace(encoder_tokens=tokens, encoder_documents=tokens))


def test_width_must_suit_the_heads():
    with pytest.raises(StudyError, match=r"model\.d_model=30"):
        Seq2SeqTransformer(V, 8, d_model=30, heads=4)
