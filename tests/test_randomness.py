"""The statistics of the draws, and that a draw depends on its key and on nothing else."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from scipy import stats

from robustcore.errors import InvalidArgumentError
from robustcore.randomness import Draws, stable_hash

N, M = 64, 8192  # 524,288 numbers: a standard error of 0.0014 for a unit variance


def draws(**key: int) -> Draws:
    return Draws(3, "gaussian_noise", torch.arange(N), **key)


METHODS = {
    "uniform": lambda d: d.uniform(M),
    "normal": lambda d: d.normal(M),
    "integers": lambda d: d.integers(-3, 4, M),
    "poisson": lambda d: d.poisson([0.5, 7.0, 130.0], (torch.arange(M, device=d.device) % 3).expand(len(d), M)),
    "beta": lambda d: d.beta(0.4, 0.4, 257),
    "permutation": lambda d: d.permutation(33),
}


@pytest.mark.parametrize("method", METHODS)
class TestKeys:
    def test_an_image_gets_the_same_numbers_alone_in_a_batch_and_in_any_order(self, method: str) -> None:
        ids = torch.arange(40)
        batch = METHODS[method](Draws(0, "fog", ids))
        order = torch.randperm(40, generator=torch.Generator().manual_seed(1))
        assert torch.equal(METHODS[method](Draws(0, "fog", ids[order])), batch[order])
        assert torch.equal(METHODS[method](Draws(0, "fog", [17])), batch[17:18])

    @pytest.mark.parametrize(
        "other",
        [
            lambda ids: Draws(1, "fog", ids),
            lambda ids: Draws(0, "snow", ids),
            lambda ids: Draws(0, "fog", ids + 1),
            lambda ids: Draws(0, "fog", ids, severity=1),
            lambda ids: Draws(0, "fog", ids, epoch=1),
            lambda ids: Draws(0, "fog", ids, view=1),
        ],
    )
    def test_every_part_of_the_key_changes_the_numbers(self, method: str, other: object) -> None:
        ids = torch.arange(8)
        assert not torch.equal(METHODS[method](Draws(0, "fog", ids)), METHODS[method](other(ids)))  # type: ignore[operator]

    def test_the_next_draw_is_another_one(self, method: str) -> None:
        d = draws()
        assert not torch.equal(METHODS[method](d), METHODS[method](d))

    def test_an_unlike_earlier_draw_leaves_the_later_one_alone(self, method: str) -> None:
        """A rejection that takes more rounds for one image must not shift another image's later numbers."""
        few, many = Draws(0, "fog", [5]), Draws(0, "fog", range(64))
        few.beta(0.3, 2.0, 3)
        many.beta(0.3, 2.0, 3)
        assert torch.equal(METHODS[method](few)[0], METHODS[method](many)[5])


def test_the_numbers_are_pinned() -> None:
    """Published results depend on these: a change of the generator is a change of every stochastic result."""
    d = Draws(0, "gaussian_noise", [0, 1])
    assert d.integers(0, 1000, 4).tolist() == PINNED_INTEGERS
    torch.testing.assert_close(d.normal(2), torch.tensor(PINNED_NORMALS))


PINNED_INTEGERS = [[641, 129, 343, 676], [898, 30, 266, 83]]
PINNED_NORMALS = [[0.578645, -0.688414], [-0.184774, -1.378442]]


def test_another_process_draws_the_same() -> None:
    code = "from robustcore.randomness import Draws; print(Draws(5, 'snow', [9]).integers(0, 10**6, 3).tolist())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(Draws(5, "snow", [9]).integers(0, 10**6, 3).tolist())


def test_uniform_is_uniform_half_open_and_on_24_bits() -> None:
    u = draws().uniform(M)
    assert u.dtype == torch.float32
    assert 0 <= float(u.min()) < 1e-4
    assert 1 - 1e-4 < float(u.max()) < 1
    assert torch.equal(u * 2**24, (u * 2**24).round())
    assert stats.kstest(u.flatten().numpy(), "uniform").pvalue > 1e-3


def test_a_shifted_interval_stays_half_open() -> None:
    u = draws().uniform(M, low=-45.0, high=45.0)
    assert -45 <= float(u.min()) < -44.9
    assert 44.9 < float(u.max()) < 45
    tight = draws().uniform(M, low=1.0, high=1.0 + 2**-22)
    assert float(tight.max()) < 1 + 2**-22


def test_normal_is_normal() -> None:
    z = draws().normal(M).flatten().double().numpy()
    n = z.size
    assert abs(z.mean()) < 4 / math.sqrt(n)
    assert abs(z.var() - 1) < 4 * math.sqrt(2 / n)
    assert abs((z**3).mean()) < 4 * math.sqrt(15 / n)
    assert abs((z**4).mean() - 3) < 4 * math.sqrt(96 / n)
    assert np.abs(z).max() < 5.78
    assert stats.kstest(z, "norm").pvalue > 1e-3
    shifted = draws().normal(M, mean=2.0, std=0.5)
    torch.testing.assert_close(shifted, draws().normal(M) * 0.5 + 2)


def test_numbers_do_not_follow_each_other() -> None:
    """No correlation between neighbours in an image, between images with neighbouring ids, or between draws."""
    d = draws()
    first, second = d.normal(M).double(), d.normal(M).double()
    bound = 4 / math.sqrt(N * M)
    for lag in (1, 2, 3, 64, 224, M // 2):
        assert abs(float((first[:, lag:] * first[:, :-lag]).mean())) < bound * math.sqrt(M / (M - lag))
    assert abs(float((first[1:] * first[:-1]).mean())) < bound * 1.02
    assert abs(float((first * second).mean())) < bound
    assert abs(float((first**2 * second**2).mean() - 1)) < 8 * bound
    neighbour = Draws(4, "gaussian_noise", torch.arange(N)).normal(M).double()
    assert abs(float((first * neighbour).mean())) < bound


def test_integers_cover_their_range_evenly() -> None:
    k = draws().integers(-3, 4, M)
    counts = np.bincount((k + 3).flatten().numpy(), minlength=7)
    assert len(counts) == 7
    assert stats.chisquare(counts).pvalue > 1e-3


@pytest.mark.parametrize("rate", [0.0, 0.3, 4.0, 60.0, 500.0])
def test_poisson_has_its_distribution(rate: float) -> None:
    k = draws().poisson([1.0, rate], torch.ones(N, M, dtype=torch.int64)).flatten().numpy()
    if rate == 0:
        assert not k.any()
        return
    assert abs(k.mean() - rate) < 4 * math.sqrt(rate / k.size)
    low, high = int(stats.poisson.ppf(1e-3, rate)), int(stats.poisson.ppf(1 - 1e-3, rate))
    expected = stats.poisson.pmf(np.arange(low, high + 1), rate)
    expected = np.concatenate([[stats.poisson.cdf(low - 1, rate)], expected, [stats.poisson.sf(high, rate)]])
    observed = np.bincount(np.clip(k, low - 1, high + 1).astype(int) - low + 1, minlength=len(expected))
    keep = expected * k.size > 5
    wanted, observed = expected[keep] * k.size, observed[keep]
    statistic = ((observed - wanted) ** 2 / wanted).sum()
    assert stats.chi2.sf(statistic, keep.sum() - 1) > 1e-3


@pytest.mark.parametrize(("a", "b"), [(0.4, 0.4), (1.0, 1.0), (2.0, 5.0), (0.05, 0.05)])
def test_beta_has_its_distribution(a: float, b: float) -> None:
    x = Draws(0, "mixup", torch.arange(500)).beta(a, b, 20).flatten().double().numpy()
    assert np.isfinite(x).all()
    assert 0 <= x.min() <= x.max() <= 1
    # Near 0 and 1 float32 merges what Beta(0.05, 0.05) tells apart: compare where it resolves.
    points = np.linspace(0.02, 0.98, 25)
    observed = (x[:, None] <= points).mean(axis=0)
    assert np.abs(observed - stats.beta.cdf(points, a, b)).max() < 1.95 / math.sqrt(x.size)


def test_permutations_are_permutations_and_all_occur() -> None:
    p = Draws(0, "shuffle", torch.arange(6000)).permutation(3)
    assert torch.equal(p.sort(dim=1).values, torch.arange(3).expand(6000, 3))
    counts = np.unique(p.numpy() @ [9, 3, 1], return_counts=True)[1]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


def test_nothing_is_drawn_for_no_image_and_for_no_number() -> None:
    for ids in ([], [1, 2], list(range(20))):
        draws = Draws(0, "nothing", ids)
        shapes = [
            draws.uniform(0),
            draws.normal(0, 3),
            draws.integers(0, 5, 0),
            draws.permutation(0),
            draws.beta(0.5, 0.5, 0),
        ]
        assert [tuple(each.shape) for each in shapes] == [(len(ids), *s) for s in ((0,), (0, 3), (0,), (0,), (0,))]
    assert Draws(0, "nothing", []).uniform(3).shape == (0, 3)


def test_the_hash_of_a_name_is_pinned() -> None:
    assert stable_hash("gaussian_noise") == PINNED_HASH
    assert 0 <= stable_hash("") < 1 << 63


PINNED_HASH = 8774221572762544327


def test_bad_keys_are_refused_in_one_sentence() -> None:
    with pytest.raises(InvalidArgumentError, match="seed"):
        Draws(-1, "fog", [0])
    with pytest.raises(InvalidArgumentError, match="one-dimensional"):
        Draws(0, "fog", torch.zeros(2, 2, dtype=torch.int64))
    with pytest.raises(InvalidArgumentError, match="low"):
        draws().integers(3, 3)
    with pytest.raises(InvalidArgumentError, match="Beta"):
        draws().beta(0, 1)
    with pytest.raises(InvalidArgumentError, match="rates"):
        draws().poisson([-1.0], torch.zeros(N, 1, dtype=torch.int64))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("method", METHODS)
def test_cuda_draws_what_the_cpu_draws(method: str) -> None:
    on_cpu = METHODS[method](Draws(0, "fog", torch.arange(8)))
    on_cuda = METHODS[method](Draws(0, "fog", torch.arange(8), device="cuda")).cpu()
    torch.testing.assert_close(on_cuda, on_cpu, rtol=1e-5, atol=1e-6)


def test_some_of_the_images_draw_what_they_draw_among_the_others() -> None:
    whole = Draws(3, "noise", [5, 6, 7, 8])
    whole.uniform(2)
    rows = torch.tensor([3, 1])
    part = whole.take(rows)
    assert torch.equal(part.normal(4), whole.normal(4)[rows])
    later = whole.take(rows, after=part)
    part.skip(2)
    for _ in range(2):
        later.uniform()
    assert torch.equal(part.uniform(3), later.uniform(3))


def test_rounds_drawn_ahead_are_the_rounds_one_after_another() -> None:
    one, several = (Draws(3, "square", [5, 9, 11]) for _ in range(2))
    wide = several.ahead(4, 2)
    first, second = wide.integers(0, 50, 1).view(3, 4), wide.uniform(2).view(3, 4, 2)
    for place in range(4):
        assert torch.equal(one.integers(0, 50, 1)[:, 0], first[:, place])
        assert torch.equal(one.uniform(2), second[:, place])
    assert torch.equal(one.uniform(), several.uniform())
