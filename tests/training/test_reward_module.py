import math

import lightning as L
import numpy as np
import pytest
import torch

from lmstudy.data.batches.by_length import steps_per_epoch
from lmstudy.data.text_rows import Row
from lmstudy.data.tokenizer import PAD
from lmstudy.errors import StudyError
from lmstudy.evaluation.pair_agreement import accuracy_counts
from lmstudy.models.reward import OwnRewardModel
from lmstudy.preferences.ratings import Ratings
from lmstudy.training.batches import Shuffled
from lmstudy.training.optimizers import AdamW
from lmstudy.training.reward import RewardDataModule, RewardModule, RewardTexts, pair_accuracy
from lmstudy.training.reward_losses import BradleyTerry, Logistic, Regression, chance_above

LEVELS = torch.arange(-4.0, 5)


def counts_of(*ratings: list[int]) -> torch.Tensor:
    return torch.stack([torch.bincount(torch.tensor(one) + 4, minlength=9) for one in ratings]).float()


def test_chance_above_counts_pairs_of_single_ratings():
    first, second = [0, 2, 2], [1, 2]
    above = sum(a > b for a in first for b in second) / 6
    below = sum(a < b for a in first for b in second) / 6
    assert chance_above(counts_of(first, second)).tolist() == [[0, pytest.approx(above)], [pytest.approx(below), 0]]


def test_bradley_terry_by_hand():
    rewards = torch.tensor([0.7, -0.4])
    counts = counts_of([1, 1, 3], [0, 1])  # above in 4 of 6 pairs, tied in 2, never below
    expected = math.log(1 + math.exp(-1.1))
    assert BradleyTerry()(rewards, counts, LEVELS).item() == pytest.approx(expected)
    both = counts_of([1, -1], [0, 0])  # above in half of the pairs, below in the other half
    assert BradleyTerry()(rewards, both, LEVELS).item() == pytest.approx((expected + expected + 1.1) / 2)


def test_bradley_terry_is_what_drawing_pairs_gives_on_average():
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    ratings = [rng.integers(-4, 5, size=int(rng.integers(3, 7))).tolist() for _ in range(6)]
    rewards = torch.randn(6)
    losses = [[], []]
    for i, mine in enumerate(ratings):
        for j, yours in enumerate(ratings):
            if i != j:
                above = np.mean([a > b for a in mine for b in yours])
                losses[0].append(above * math.log(1 + math.exp(float(rewards[j] - rewards[i]))))
                losses[1].append(above)
    found = BradleyTerry()(rewards, counts_of(*ratings), LEVELS).item()
    assert found == pytest.approx(sum(losses[0]) / sum(losses[1]), rel=1e-5)


def test_a_batch_of_ties_teaches_nothing():
    rewards = torch.tensor([1.0, 2.0], requires_grad=True)
    loss = BradleyTerry()(rewards, counts_of([1], [1]), LEVELS)
    loss.backward()
    assert loss.item() == 0
    assert rewards.grad.tolist() == [0, 0]


def test_regression_and_logistic_by_hand():
    rewards = torch.tensor([1.0, -2.0])
    assert Regression()(rewards, counts_of([0, 1], [-4, -2, -3]), LEVELS).item() == pytest.approx((0.25 + 1) / 2)
    labels = torch.tensor([[0.0, 1], [1, 0]])
    expected = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(-2))) / 2
    assert Logistic()(rewards, labels, torch.tensor([0.0, 1])).item() == pytest.approx(expected)


def test_pair_accuracy_is_that_of_the_evaluation():
    rng = np.random.default_rng(1)
    counts = rng.integers(0, 4, (30, 9)) + np.eye(9, dtype=int)[rng.integers(0, 9, 30)]
    rewards = rng.normal(size=30).round(1)  # some are equal
    ratings = Ratings(tuple(map(str, range(30))), ("",) * 30, ("film",) * 30, counts)
    right, comparable = accuracy_counts(rewards, ratings)[0].sum(0)
    found = pair_accuracy(torch.from_numpy(rewards), torch.from_numpy(counts).double())
    assert found.item() == pytest.approx(right / comparable)


def texts(count: int, seed: int = 0) -> RewardTexts:
    """The more tokens of the upper half, the higher the ratings."""
    rng = np.random.default_rng(seed)
    tokens = [rng.integers(10, 30, size=int(rng.integers(3, 9))).astype(np.int32) for _ in range(count)]
    level = [round(8 * float(np.mean(row >= 20))) for row in tokens]
    return RewardTexts([Row(row, np.unique(row)) for row in tokens], np.eye(9, dtype=np.float32)[level])


def test_an_epoch_takes_every_text_once_and_starts_anywhere():
    rated = texts(50)
    batches = Shuffled(rated, 8, seed=3)
    steps = steps_per_epoch(50, 8)
    taken = [batch for batch, _ in zip(batches, range(2 * steps), strict=False)]
    assert steps == 7
    assert all(len(batch.counts) <= 8 for batch in taken)
    for epoch in (taken[:steps], taken[steps:]):
        rows = [tuple(row[row != PAD].tolist()) for batch in epoch for row in batch.rows.tokens]
        assert sorted(rows) == sorted(tuple(row.tokens.tolist()) for row in rated.rows)
    assert not torch.equal(taken[0].counts, taken[steps].counts)
    resumed = next(iter(Shuffled(rated, 8, seed=3, first_step=9)))
    assert torch.equal(resumed.rows.tokens, taken[9].rows.tokens)
    other = next(iter(Shuffled(rated, 8, seed=4)))
    assert not np.array_equal(other.rows.tokens, taken[0].rows.tokens)


@pytest.mark.parametrize("loss", [BradleyTerry(), Regression()], ids=lambda loss: loss.name)
def test_a_reward_is_learned(loss, tmp_path):
    L.seed_everything(0, verbose=False)
    model = OwnRewardModel(32, 16, 16, 2, 24, 1, buckets=40)
    module = RewardModule(model, loss, AdamW(lr=1e-2, warmup_steps=5), 80, tuple(LEVELS.tolist()))
    data = RewardDataModule(texts(200), texts(60, seed=1), 16, seed=0)
    trainer = L.Trainer(
        max_steps=80, val_check_interval=80, check_val_every_n_epoch=None, logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False, accelerator="cpu", num_sanity_val_steps=0,
        default_root_dir=tmp_path, use_distributed_sampler=False,
    )  # fmt: skip
    trainer.fit(module, datamodule=data)
    assert trainer.callback_metrics["valid/pair_accuracy"] > 0.95
    assert trainer.callback_metrics["valid/loss"] < (0.3 if loss.name == "bradley_terry" else 1.0)


def test_one_text_cannot_be_compared():
    with pytest.raises(StudyError, match="the valid split has 1 rated texts"):
        RewardDataModule(texts(5), texts(1), 4, seed=0)


def test_the_schedule_follows_the_steps():
    module = RewardModule(
        OwnRewardModel(32, 16, 16, 2, 24, 1, buckets=40), Regression(), AdamW(lr=1.0, warmup_steps=0), 10, (0.0, 1.0)
    )
    configured = module.configure_optimizers()
    rates = []
    for _ in range(10):
        rates.append(configured["optimizer"].param_groups[0]["lr"])
        configured["optimizer"].step()
        configured["lr_scheduler"]["scheduler"].step()
    assert rates[0] == pytest.approx(1.0)
    assert rates[5] == pytest.approx(0.51)
