"""What every corruption promises, over the whole registry."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from robustcore import corrupt, corruptions
from robustcore.corruptions import SUITES, Corruption
from robustcore.errors import InvalidArgumentError

FAMILIES = {"noise", "blur", "weather", "digital", "geometry", "occlusion", "colour"}
LARGE = 128  # pixels: lengths that are drawn from a few whole numbers do not round to the same one yet
ALL = [corruptions.get(name) for name in corruptions.names()]


@pytest.fixture(params=ALL, ids=lambda c: c.name)
def corruption(request: pytest.FixtureRequest) -> Corruption:
    found: Corruption = request.param
    return found


def pictures(n: int, height: int = 64, width: int = 64) -> Tensor:
    """uint8 (N, 3, H, W): gradients, edges and grain, each image another."""
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


def test_it_says_what_it_is(corruption: Corruption) -> None:
    assert corruption.summary.endswith(".")
    assert len(corruption.source) > 10
    assert corruption.family in FAMILIES
    assert corruption.suites
    assert set(corruption.suites) <= set(SUITES)
    assert corruption.revision_text().startswith(str(corruption.revision))


def test_shape_and_type_stay_and_the_input_too(corruption: Corruption) -> None:
    images = pictures(2)
    before = images.clone()
    result = run(corruption, images)
    assert result.dtype == torch.uint8
    assert result.shape == images.shape
    assert torch.equal(images, before)
    assert result.data_ptr() != images.data_ptr()


def test_the_same_seed_gives_the_same_image_and_another_seed_another(corruption: Corruption) -> None:
    images = pictures(4, LARGE, LARGE)
    first = run(corruption, images, seed=1)
    assert torch.equal(first, run(corruption, images, seed=1))
    others = [run(corruption, images, seed=seed) for seed in (2, 3)]
    assert all(torch.equal(first, other) for other in others) == corruption.deterministic


def test_the_same_image_under_other_ids_gets_other_draws(corruption: Corruption) -> None:
    image = pictures(1, LARGE, LARGE)
    result = run(corruption, image.expand(4, -1, -1, -1).contiguous())
    assert all(torch.equal(result[0], other) for other in result[1:]) == corruption.deterministic


@pytest.mark.parametrize("size", [(33, 47), (64, 64)], ids=str)
def test_batch_and_order_change_no_bit(corruption: Corruption, size: tuple[int, int]) -> None:
    images, ids = pictures(19, *size), 5 + 3 * torch.arange(19)
    for severity in (1, 3, 5):
        batch = run(corruption, images, severity, ids=ids)
        order = torch.randperm(19, generator=torch.Generator().manual_seed(severity))
        assert torch.equal(run(corruption, images[order], severity, ids=ids[order]), batch[order])
        sevens = [run(corruption, images[i : i + 7], severity, ids=ids[i : i + 7]) for i in range(0, 19, 7)]
        assert torch.equal(torch.cat(sevens), batch)
        alone = [run(corruption, images[i : i + 1], severity, ids=ids[i : i + 1]) for i in (0, 8, 18)]
        assert torch.equal(torch.cat(alone), batch[[0, 8, 18]])


def test_the_number_of_threads_changes_no_bit(corruption: Corruption) -> None:
    images = pictures(5)
    one = run(corruption, images)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert torch.equal(run(corruption, images), one)
    finally:
        torch.set_num_threads(threads)


def test_arrays_and_tensors_get_the_same(corruption: Corruption) -> None:
    images = pictures(2, 48, 40)
    tensors = run(corruption, images)
    severity = 3 if corruption.severities else None
    arrays = corrupt(images.permute(0, 2, 3, 1).numpy(), corruption.name, severity)
    assert isinstance(arrays, np.ndarray)
    assert torch.equal(torch.from_numpy(arrays).permute(0, 3, 1, 2), tensors)
    single = corrupt(images[0], corruption.name, severity)
    assert torch.equal(single, tensors[0])


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


@pytest.mark.parametrize("value", [0, 255, 97])
def test_flat_images_do_no_harm(corruption: Corruption, value: int) -> None:
    """No division by a contrast, a maximum or a spread of nothing: such an image stays plausible."""
    flat = torch.full((1, 3, 40, 36), value, dtype=torch.uint8)
    flat[:, 1] = min(value + 20, 255) if value == 97 else value
    for severity in corruption.severities or (None,):
        result = corrupt(flat, corruption.name, severity)
        assert result.shape == flat.shape


def test_an_empty_batch_stays_empty(corruption: Corruption) -> None:
    assert run(corruption, pictures(1)[:0]).shape == (0, 3, 64, 64)


def test_the_second_jpeg_comes_after(corruption: Corruption) -> None:
    from robustcore.corruptions._storage import jpeg85

    images = pictures(2)
    assert torch.equal(run(corruption, images, storage="jpeg85"), jpeg85(run(corruption, images)))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_agrees_with_the_cpu(corruption: Corruption) -> None:
    if corruption.name.startswith(("album_", "scenes_")):
        pytest.skip("promises equal draws, not equal bits")
    images = pictures(4)
    for severity in corruption.severities or (3,):
        off = (run(corruption, images, severity).int() - run(corruption, images.cuda(), severity).cpu().int()).abs()
        assert int(off.max()) <= 1
        assert float((off > 0).float().mean()) <= 1e-3
