"""What the driver does for every attack: counts, early stop, the best image, memory, progress, cancel, trace."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore.attacks.engine import driver
from robustcore.attacks.engine import trace as _trace


def answers(model: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return model(images).argmax(dim=1)


def test_ten_steps_are_eleven_forward_and_ten_backward_passes(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "pgd", eps=1e-4, early_stop=False)
    assert result.forwards.tolist() == [11] * 6
    assert result.backwards.tolist() == [10] * 6
    assert linear.asked == 66


def test_the_clean_images_are_asked_for_only_where_that_tells_something(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    from_clean = rc.attack(linear, images, labels, "pgd", eps=1e-4, random_start=False)
    from_random = rc.attack(linear, images, labels, "pgd", eps=1e-4)
    assert from_clean.forwards.tolist() == [11] * 6
    assert from_random.forwards.tolist() == [12] * 6


def test_an_image_leaves_as_soon_as_it_is_misclassified(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    eps = 2 / float(linear.w.detach().abs().sum())  # enough for a margin of 2; the images have 1 and more
    result = rc.attack(linear, images, labels, "pgd", eps=eps, steps=20, relative_step=1.0, random_start=False)
    margins = linear.margin(images)
    assert result.success.tolist() == (margins < 2).tolist()
    steps_needed = (margins / 2 * 20).ceil()[result.success]
    assert (result.forwards[result.success] - 1 - steps_needed).abs().max() <= 1
    assert result.forwards[~result.success].tolist() == [21] * int((~result.success).sum())
    assert int(result.forwards.sum()) == linear.asked


def test_an_image_that_is_misclassified_as_it_is_counts_and_stays(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    labels[2] = 1
    for name in ("fgsm", "pgd", "cw", "square", "hopskipjump"):
        result = rc.attack(linear, images, labels, name)
        assert result.success[2]
        assert torch.equal(result.images[2], images[2])
        assert float(result.linf[2]) == float(result.l2[2]) == 0
        assert int(result.forwards[2]) == 1


class Hill(nn.Module):
    """Class 1 only between a mean of 0.55 and 0.6: a long step jumps over it."""

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(dim=(1, 2, 3))
        inside = 0.025 - (mean - 0.575).abs()
        return torch.stack([torch.zeros_like(mean), inside], dim=1)


def test_the_best_image_is_kept_when_the_attack_walks_on() -> None:
    images = torch.full((1, 3, 8, 8), 0.5)
    result = rc.attack(
        Hill().eval(), images, [0], "pgd", eps=0.5, step_size=0.045, steps=2, random_start=False, early_stop=False
    )
    # Steps lead to 0.545 and 0.59; the second one reaches class 1 ...
    assert result.success.all()
    # ... and a third one falls back to 0.545, which is not what is given back.
    longer = rc.attack(
        Hill().eval(), images, [0], "pgd", eps=0.5, step_size=0.045, steps=3, random_start=False, early_stop=False
    )
    assert longer.success.all()
    assert float(longer.images.mean()) == pytest.approx(0.59)


def test_a_failure_gives_back_the_lowest_margin(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "pgd", eps=1e-4)
    assert not result.success.any()
    assert (linear.margin(result.images) < linear.margin(images)).all()
    torch.testing.assert_close(result.logits, linear(result.images).detach())


def test_more_restarts_never_lower_the_success(network, images) -> None:  # type: ignore[no-untyped-def]
    labels = answers(network, images)
    eps = 0.02
    once = rc.attack(network, images, labels, "pgd", eps=eps, steps=3, early_stop=False)
    often = rc.attack(network, images, labels, "pgd", eps=eps, steps=3, restarts=4, early_stop=False)
    assert often.forwards.tolist() == [16] * 6
    margins = [
        r.logits.gather(1, labels[:, None])[:, 0] - r.logits.scatter(1, labels[:, None], -99).amax(1)
        for r in (once, often)
    ]
    assert (margins[1] <= margins[0] + 1e-6).all()


def test_eps_bounds_an_attack_that_seeks_the_nearest_image(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    nearest = linear.margin(images) / linear.w.detach().norm()
    eps = float(nearest.median())
    result = rc.attack(linear, images, labels, "cw", steps=200, eps=eps)
    assert (result.l2 <= eps * (1 + 1e-5)).all()
    assert result.success.tolist() == (nearest * 1.001 <= eps).tolist()


def test_a_batch_of_another_size_or_order_uses_the_same_draws(network, images) -> None:  # type: ignore[no-untyped-def]
    labels = answers(network, images)
    ids = torch.tensor([5, 7, 11, 13, 17, 19])
    options = {"eps": 0.05, "steps": 4, "restarts": 2}
    whole = rc.attack(network, images, labels, "pgd", ids=ids, **options)
    for order in ([2], [5, 0, 3], [3, 2, 1, 0, 4, 5]):
        part = rc.attack(network, images[order], labels[order], "pgd", ids=ids[order], **options)
        torch.testing.assert_close(part.images, whole.images[order], atol=1e-6, rtol=0)
        assert torch.equal(part.forwards, whole.forwards[order])
    other = rc.attack(network, images, labels, "pgd", ids=ids + 1, **options)
    assert not torch.equal(other.images, whole.images)


class Greedy(nn.Module):
    """Runs out of memory with more than two images, as a GPU does."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner, self.refused = inner, 0

    def forward(self, x: Tensor) -> Tensor:
        if len(x) > 2:
            self.refused += 1
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB.")
        logits: Tensor = self.inner(x)
        return logits


def test_out_of_memory_halves_the_batch_and_goes_on(network, images) -> None:  # type: ignore[no-untyped-def]
    labels = answers(network, images)
    greedy = Greedy(network).eval()
    result = rc.attack(greedy, images, labels, "pgd", batch_size=6)
    assert result.batch_size == 1 if greedy.refused > 2 else 2
    plenty = rc.attack(network, images, labels, "pgd")
    torch.testing.assert_close(result.images, plenty.images, atol=1e-6, rtol=0)


def test_a_single_image_that_does_not_fit_is_one_sentence(images) -> None:  # type: ignore[no-untyped-def]
    class Never(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    with pytest.raises(rc.errors.ModelError, match="not enough memory to attack"):
        rc.attack(Never().eval(), images, [0] * 6, "fgsm")


def test_an_error_of_the_model_stays_what_it_is(images) -> None:  # type: ignore[no-untyped-def]
    class Broken(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")

    with pytest.raises(RuntimeError, match="cannot be multiplied"):
        rc.attack(Broken().eval(), images, [0] * 6, "fgsm")


def test_groups_and_passes_leave_the_result_as_it_is(network, images) -> None:  # type: ignore[no-untyped-def]
    labels = answers(network, images)
    results = [rc.attack(network, images, labels, "pgd", batch_size=size) for size in (1, 2, 100)]
    assert [r.batch_size for r in results] == [1, 2, 100]  # six groups of four passes, one of three, one of one
    for result in results[1:]:
        torch.testing.assert_close(result.images, results[0].images, atol=1e-6, rtol=0)
        assert torch.equal(result.forwards, results[0].forwards)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("pgd", {}),
        ("cw", {"steps": 10}),
        ("square", {"queries": 50}),
        ("hopskipjump", {"steps": 2, "initial_queries": 10}),
    ],
)
def test_progress_rises_to_one(network, images, name: str, options: dict[str, int]) -> None:  # type: ignore[no-untyped-def]
    shares: list[float] = []
    rc.attack(network, images, answers(network, images), name, batch_size=1, progress=shares.append, **options)
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert shares[-1] == 1
    assert len(shares) > 5


def test_cancel_gives_back_the_best_so_far(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    asked = iter([False] * 5 + [True] * 100)
    result = rc.attack(
        linear, images, labels, "pgd", eps=1e-4, random_start=False, batch_size=1, cancel=lambda: next(asked)
    )
    assert result.cancelled
    assert result.forwards.tolist() == [5, 5, 5, 5, 0, 0]  # groups of four
    assert (linear.margin(result.images)[:4] < linear.margin(images)[:4]).all()
    assert torch.equal(result.images[4:], images[4:])
    assert result.logits[4:].isnan().all()
    assert not result.success[4:].any()


def test_cancel_before_the_first_question_changes_nothing(network, images) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(network, images, answers(network, images), "pgd_ll", cancel=lambda: True)
    assert result.cancelled
    assert torch.equal(result.images, images)
    assert result.logits.shape == (6, 5)
    assert not result.success.any()


def test_a_trace_follows_every_step(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "pgd", eps=0.02, random_start=False, trace=True)
    trace = result.trace
    assert trace is not None
    assert trace.queries.tolist() == list(range(1, 12))
    assert trace.images.shape == (11, 6, 3, 8, 8)
    assert torch.equal(trace.images[0], images)
    assert (trace.loss.diff(dim=0) >= 0).all()
    torch.testing.assert_close(trace.margin[0], linear.margin(images))
    assert trace.classes[0, :, 0].tolist() == [0] * 6
    torch.testing.assert_close(trace.probabilities.sum(dim=2), torch.ones(11, 6))


def test_a_long_trace_is_thinned(linear, images, labels) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "square", eps=1e-4, queries=450, trace=True)
    assert result.trace is not None
    assert result.trace.queries.tolist() == [*range(1, 450, 3), 450]


def test_a_trace_of_large_images_is_thinned_further(linear, images, labels, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(_trace, "MAX_BYTES", 50 * images.nbytes)
    result = rc.attack(linear, images, labels, "square", eps=1e-4, queries=449, trace=True)
    assert result.trace is not None
    assert len(result.trace.queries) <= 51
    assert result.trace.images.shape[1:] == images.shape


def test_the_model_is_left_as_it_was(network, images) -> None:  # type: ignore[no-untyped-def]
    labels = answers(network, images)
    network[0].weight.requires_grad_(False)
    before = [(p.requires_grad, p.data_ptr(), p.stride(), p.detach().clone()) for p in network.parameters()]
    with torch.no_grad():  # whatever the caller's context is
        rc.attack(network, images, labels, "cw", steps=5)
    with torch.inference_mode():
        rc.attack(network, images.clone(), labels, "pgd")
    for parameter, (required, place, strides, values) in zip(network.parameters(), before, strict=True):
        assert parameter.requires_grad == required
        assert (parameter.data_ptr(), parameter.stride()) == (place, strides)
        assert parameter.grad is None
        assert torch.equal(parameter.detach(), values)
    with pytest.raises(rc.errors.InvalidArgumentError):
        rc.attack(network, images, labels + 5, "pgd")
    assert network[2].weight.requires_grad


def test_attacks_on_one_model_may_overlap(network, images) -> None:  # type: ignore[no-untyped-def]
    labels = answers(network, images)

    def nested(share: float) -> None:
        if share == 0:
            rc.attack(network, images, labels, "fgsm")
            assert not network[0].weight.requires_grad  # the outer attack still runs

    rc.attack(network, images, labels, "pgd", progress=nested)
    assert network[0].weight.requires_grad


def test_uint8_and_arrays_are_the_same_images(network) -> None:  # type: ignore[no-untyped-def]
    images = torch.randint(0, 256, (3, 3, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    labels = answers(network, images.float() / 255)
    forms = [
        images,
        images.float() / 255,
        images.permute(0, 2, 3, 1).numpy(),
        (images.double() / 255).permute(0, 2, 3, 1).numpy(),
    ]
    results = [rc.attack(network, form, labels.numpy(), "pgd") for form in forms]
    for result in results:
        assert result.images.dtype == torch.float32
        torch.testing.assert_close(result.images, results[0].images, atol=1e-6, rtol=0)


def test_sizes_of_passes_follow_the_images() -> None:
    cpu = torch.device("cpu")
    assert driver.images_per_pass(torch.zeros(1, 3, 64, 64), cpu) == 16
    assert driver.images_per_pass(torch.zeros(1, 3, 224, 224), cpu) == 8
    assert driver.images_per_pass(torch.zeros(1, 3, 224, 224), torch.device("cuda")) == 128
