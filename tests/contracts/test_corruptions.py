"""What every corruption promises, over the whole registry."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from robustcore import corrupt, corruptions
from robustcore.corruptions import Corruption, families, suites
from robustcore.errors import InvalidArgumentError

LARGE = 128  # pixels: lengths that are drawn from a few whole numbers do not round to the same one yet
ALL = [corruptions.get(name) for name in corruptions.names()]


@pytest.fixture(params=ALL, ids=lambda c: c.name, scope="module")
def corruption(request: pytest.FixtureRequest) -> Corruption:
    corruption: Corruption = request.param
    return corruption


@functools.cache
def pictures(n: int, height: int = 64, width: int = 64) -> Tensor:
    """uint8 (N, 3, H, W): gradients, edges and grain, each image another. The same tensor each time: not to be changed."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:height, :width]
    images = [
        np.stack([128 + 90 * np.sin(x / rng.uniform(4, 20) + c + i) * np.cos(y / rng.uniform(4, 20)) for c in range(3)])
        + 40 * ((x + y) % (11 + i) > 5)
        + rng.normal(0, 8, (3, height, width))
        for i in range(n)
    ]
    return torch.from_numpy(np.clip(np.stack(images), 0, 255).astype(np.uint8))


def run(corruption: Corruption, images: Tensor, severity: int = 3, **options: object) -> Tensor:
    chosen = severity if corruption.severities else None
    result: Tensor = corrupt(images, corruption.name, chosen, **options)  # type: ignore[arg-type]
    return result


@pytest.fixture(scope="module")
def corrupted(corruption: Corruption) -> Tensor:
    """`pictures(4)` at severity 3, which several promises look at."""
    return run(corruption, pictures(4))


def test_its_facts_are_complete(corruption: Corruption) -> None:
    assert corruption.summary.endswith(".")
    assert len(corruption.source) > 10
    assert corruption.family in families.names()
    assert corruption.suites
    assert set(corruption.suites) <= set(suites.names("corruption"))
    assert corruption.revision_text().startswith(str(corruption.revision))


def test_shape_and_type_are_kept_and_the_input_is_unchanged(corruption: Corruption) -> None:
    images = pictures(4).clone()
    result = run(corruption, images)
    assert result.dtype == torch.uint8
    assert result.shape == images.shape
    assert torch.equal(images, pictures(4))
    assert result.data_ptr() != images.data_ptr()


def test_the_same_seed_gives_the_same_image(corruption: Corruption, corrupted: Tensor) -> None:
    assert torch.equal(run(corruption, pictures(4)), corrupted)


def test_another_seed_gives_another_image(corruption: Corruption) -> None:
    images = pictures(4, LARGE, LARGE)
    first, *others = (run(corruption, images, seed=seed) for seed in (1, 2, 3))
    assert all(torch.equal(first, other) for other in others) == corruption.deterministic


def test_the_same_image_under_other_ids_gets_other_draws(corruption: Corruption) -> None:
    image = pictures(4, LARGE, LARGE)[:1]
    result = run(corruption, image.expand(4, -1, -1, -1).contiguous())
    assert all(torch.equal(result[0], other) for other in result[1:]) == corruption.deterministic


@pytest.mark.parametrize(
    ("size", "n", "severities"),
    [((33, 47), 7, (1, 5)), ((LARGE, LARGE), 8, (3,))],  # eight large images are more than one slice of the batch
    ids=["small", "in slices"],
)
def test_batch_and_order_change_no_bit(
    corruption: Corruption, size: tuple[int, int], n: int, severities: tuple[int, ...]
) -> None:
    images, ids = pictures(n, *size), 5 + 3 * torch.arange(n)
    for severity in severities:
        batch = run(corruption, images, severity, ids=ids)
        order = torch.randperm(n, generator=torch.Generator().manual_seed(severity))
        assert torch.equal(run(corruption, images[order], severity, ids=ids[order]), batch[order])
        parts = [run(corruption, images[part], severity, ids=ids[part]) for part in (slice(0, 1), slice(1, 4))]
        assert torch.equal(torch.cat(parts), batch[:4])
        alone = run(corruption, images[-1:], severity, ids=ids[-1:])
        assert torch.equal(alone, batch[-1:])


def test_the_number_of_threads_changes_no_bit(corruption: Corruption, corrupted: Tensor) -> None:
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert torch.equal(run(corruption, pictures(4)), corrupted)
    finally:
        torch.set_num_threads(threads)


def test_arrays_and_tensors_give_equal_images(corruption: Corruption, corrupted: Tensor) -> None:
    severity = 3 if corruption.severities else None
    arrays = corrupt(pictures(4).permute(0, 2, 3, 1).numpy(), corruption.name, severity)
    assert isinstance(arrays, np.ndarray)
    assert torch.equal(torch.from_numpy(arrays).permute(0, 3, 1, 2), corrupted)
    assert torch.equal(corrupt(pictures(4)[0], corruption.name, severity), corrupted[0])


def test_severities_are_1_to_5(corruption: Corruption) -> None:
    for severity in (0, 6, -1, True, 2.5):
        with pytest.raises(InvalidArgumentError):
            corrupt(pictures(1), corruption.name, severity)  # type: ignore[arg-type]
    if corruption.severities:
        with pytest.raises(InvalidArgumentError, match="severity"):
            corrupt(pictures(1), corruption.name)


def test_severities_differ(corruption: Corruption) -> None:
    images = torch.cat((pictures(1), pictures(1) // 4))  # a bright or a dark one alone may saturate
    results = [run(corruption, images, severity) for severity in corruption.severities]
    assert all(not torch.equal(a, b) for i, a in enumerate(results) for b in results[:i])


def test_sides_from_32_on_work_square_or_not(corruption: Corruption) -> None:
    for size in ((32, 32), (33, 47), (100, 32)):
        assert run(corruption, pictures(2, *size), 5).shape == (2, 3, *size)
    for size in ((31, 64), (64, 31)):
        with pytest.raises(InvalidArgumentError, match="32"):
            run(corruption, pictures(1, *size))


@pytest.mark.parametrize("colour", [(0, 0, 0), (97, 117, 97), (255, 255, 255)], ids=["black", "coloured", "white"])
def test_images_of_one_colour_work(corruption: Corruption, colour: tuple[int, int, int]) -> None:
    """Nothing is divided by a contrast, a maximum or a spread of zero, and what only moves pixels invents no colour."""
    flat = torch.tensor(colour, dtype=torch.uint8)[None, :, None, None].expand(1, 3, 40, 36).contiguous()

    def function(*arguments: Any, **options: Any) -> Tensor:
        result = corruption.function(*arguments, **options)
        assert result.isfinite().all()  # before it becomes uint8, where a NaN is a number like any other
        return result

    observed = dataclasses.replace(corruption, function=function)
    for severity in corruption.severities or (None,):
        result = observed(flat, severity=severity, ids=torch.arange(1))
        assert result.shape == flat.shape
        if corruption.family == "blur":
            assert torch.equal(result, flat)
        if corruption.family == "geometry":
            assert (result <= flat).all()  # a border that is laid bare may be black


def test_an_empty_batch_stays_empty(corruption: Corruption) -> None:
    assert run(corruption, pictures(1)[:0]).shape == (0, 3, 64, 64)


def test_the_second_jpeg_comes_after(corruption: Corruption, corrupted: Tensor) -> None:
    from robustcore.corruptions._storage import jpeg85

    assert torch.equal(run(corruption, pictures(4), storage="jpeg85"), jpeg85(corrupted))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_the_cpu(corruption: Corruption) -> None:
    if corruption.name.startswith(("album_", "scenes_")):
        pytest.skip("promises equal draws, not equal bits")
    images = pictures(4)
    for severity in corruption.severities or (3,):
        off = (run(corruption, images, severity).int() - run(corruption, images.cuda(), severity).cpu().int()).abs()
        assert int(off.max()) <= 1
        assert float((off > 0).float().mean()) <= 1e-3
