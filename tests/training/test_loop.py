"""The loop: it learns, it is repeatable, it goes on after a kill as if nothing had been, and it stops on nonsense."""

from __future__ import annotations

import dataclasses
import math
import resource
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from robustcore.errors import ModelError, TrainingError, UnknownNameError
from robustcore.models import Card, Classifier, checkpoints, load_model
from robustcore.models.architectures import architecture
from robustcore.training import Progress, Recipe, train
from robustcore.training import state as states
from robustcore.training.data import TrainingSet
from robustcore.training.interventions import Intervention, Step, View, intervention, registry
from robustcore.training.loop import pick_precision

RECIPE = Recipe("scenes/resnet", "made up", epochs=2, batch=48)


def fresh(recipe: Recipe = RECIPE, classes: int = 3) -> Classifier:
    card = Card("x", tuple(str(i) for i in range(classes)), 32, "made up", architecture=recipe.model)
    return architecture(recipe.model).build(card, recipe.seed)


def trained(data: TrainingSet, recipe: Recipe = RECIPE, **options: object) -> Classifier:
    model = fresh(recipe)
    train(recipe, model, data, device="cpu", precision="float32", **options)  # type: ignore[arg-type]
    return model


@pytest.fixture(scope="module")
def undisturbed(data: TrainingSet) -> str:
    """The fingerprint of the recipe's model."""
    return trained(data).fingerprint()


def test_it_learns(data: TrainingSet) -> None:
    model = trained(data, dataclasses.replace(RECIPE, epochs=3, batch=16))
    assert not model.training
    with torch.inference_mode():
        accuracy = (model(data.images).argmax(1) == data.labels).float().mean()
    assert accuracy > 0.95


def test_equal_recipes_train_equal_models(data: TrainingSet, undisturbed: str) -> None:
    torch.rand(3)  # what was drawn before in the process does not matter
    assert trained(data).fingerprint() == undisturbed
    assert trained(data, dataclasses.replace(RECIPE, seed=1)).fingerprint() != undisturbed


def test_dropout_is_repeatable_and_leaves_the_generator_alone(data: TrainingSet) -> None:
    recipe = Recipe("torchvision/squeezenet1_1", "made up", epochs=1, batch=4)
    few = TrainingSet(data.images[:8], data.labels[:8], data.ids[:8], data.classes, "few")
    torch.manual_seed(5)
    first = trained(few, recipe).fingerprint()
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.rand(1).equal(drawn)
    assert trained(few, recipe).fingerprint() == first


def killed_in(epoch: int) -> Callable[[Progress], None]:
    """A training that is killed in the middle of an epoch, as seen from inside."""

    def kill(now: Progress) -> None:
        if now.epoch == epoch and now.step % 5 == 3:
            raise KeyboardInterrupt

    return kill


@pytest.mark.parametrize("epoch", [1, 2])
def test_a_killed_training_goes_on_bit_for_bit(data: TrainingSet, undisturbed: str, tmp_path: Path, epoch: int) -> None:
    state = tmp_path / "a.state"
    with pytest.raises(KeyboardInterrupt):
        trained(data, state=state, progress=killed_in(epoch))
    assert state.exists() == (epoch == 2)
    steps: list[int] = []
    resumed = trained(data, state=state, resume=True, progress=lambda now: steps.append(now.step))
    assert resumed.fingerprint() == undisturbed
    assert steps == [*range(5 * (epoch - 1) + 1, 11)]


@pytest.mark.parametrize(
    "more", [{"optimizer": "adam", "learning_rate": 0.002}, {"nesterov": False, "schedule": "plateau"}], ids=str
)
def test_other_optimisers_go_on_bit_for_bit_too(data: TrainingSet, tmp_path: Path, more: dict[str, Any]) -> None:
    recipe, state = dataclasses.replace(RECIPE, **more), tmp_path / "a.state"
    whole = trained(data, recipe).fingerprint()
    assert whole != trained(data).fingerprint()
    with pytest.raises(KeyboardInterrupt):
        trained(data, recipe, state=state, progress=killed_in(2))
    assert trained(data, recipe, state=state, resume=True).fingerprint() == whole


def test_the_validation_accuracy_of_each_epoch_is_kept_and_can_end_the_training(data: TrainingSet) -> None:
    recipe, measured = dataclasses.replace(RECIPE, epochs=5, stop=2), iter([0.5, 0.6, 0.6, 0.4, 0.9])
    model = fresh(recipe)

    def validate(now: Classifier) -> float:
        assert not now.training
        return next(measured)

    standing = train(recipe, model, data, device="cpu", precision="float32", validate=validate)
    assert [epoch[2] for epoch in standing.history] == [0.5, 0.6, 0.6, 0.4]
    assert standing.epochs == 4


@pytest.mark.parametrize("other", ["data", "recipe"])
def test_a_state_of_other_data_or_another_recipe_is_not_continued(
    data: TrainingSet, tmp_path: Path, other: str
) -> None:
    few = TrainingSet(data.images[:96], data.labels[:96], data.ids[:96], data.classes, "few")
    recipe = dataclasses.replace(RECIPE, epochs=1)
    state = tmp_path / "a.state"
    if other == "data":
        trained(dataclasses.replace(few, fingerprint="other"), recipe, state=state)
    else:
        trained(few, dataclasses.replace(recipe, seed=1), state=state)
    seen: list[Progress] = []
    trained(few, recipe, state=state, resume=True, progress=seen.append)
    assert len(seen) == 2  # from the beginning


def test_a_state_is_no_model(data: TrainingSet, own_cache: Path) -> None:
    state = own_cache / "models" / "half.state"
    trained(data, dataclasses.replace(RECIPE, epochs=1), state=state)
    copied = state.with_suffix(checkpoints.SUFFIX)
    copied.write_bytes(state.read_bytes())
    for path in (state, copied):
        with pytest.raises(ModelError, match="interrupted training"):
            load_model(path)


def test_a_damaged_state_is_refused(data: TrainingSet, tmp_path: Path) -> None:
    state = tmp_path / "a.state"
    trained(data, dataclasses.replace(RECIPE, epochs=1), state=state)
    state.write_bytes(state.read_bytes()[:-50])
    with pytest.raises(TrainingError, match="without --resume"):
        trained(data, dataclasses.replace(RECIPE, epochs=1), state=state, resume=True)


@pytest.fixture
def exploding() -> Iterator[str]:
    """An intervention whose loss is no number at one step."""

    with registry.restored():

        @intervention("exploding", family="standard", summary="Explodes.", source="none")
        class Exploding(Intervention):
            def views(self, step: Step) -> Sequence[View]:
                return [View(step.images, step.labels, weight=math.nan if step.index == 7 else 1.0)]

        yield Exploding.name


def test_it_stops_when_the_loss_is_no_number(data: TrainingSet, tmp_path: Path, exploding: str) -> None:
    recipe = dataclasses.replace(RECIPE, intervention=exploding)
    state = tmp_path / "a.state"
    with pytest.raises(TrainingError, match=r"step 3 of 5 in epoch 2.*learning rate of 0\.0\d+\..*--lr"):
        trained(data, recipe, state=state)
    finished = states.peek(state)
    assert finished is not None
    assert finished.epochs == 1  # the broken epoch is not kept


@pytest.fixture
def doubling() -> Iterator[str]:
    """An intervention that trains on another set, as fooling-image training does."""

    with registry.restored():

        @intervention("doubling", family="standard", summary="Doubles.", source="none")
        class Doubling(Intervention):
            def prepare(self, data: TrainingSet, **made_with: object) -> TrainingSet:
                inverted = dataclasses.replace(data, images=255 - data.images, ids=data.ids + (1 << 40))
                parts = zip(
                    (data.images, data.labels, data.ids), (inverted.images, inverted.labels, inverted.ids), strict=True
                )
                images, labels, ids = (torch.cat(pair) for pair in parts)
                return dataclasses.replace(data, images=images, labels=labels, ids=ids)

        yield Doubling.name


def test_an_intervention_may_train_on_another_set(data: TrainingSet, doubling: str) -> None:
    seen: list[Progress] = []
    trained(data, dataclasses.replace(RECIPE, epochs=1, intervention=doubling), progress=seen.append)
    assert len(seen) == 10  # of 48 images each, where the set itself has 240


def test_a_learning_rate_far_too_great_stops_it(data: TrainingSet) -> None:
    with pytest.raises(TrainingError, match=r"not a finite number.*--lr"):
        trained(data, dataclasses.replace(RECIPE, learning_rate=100.0, weight_decay=1.0, batch=8))


def test_a_full_disk_stops_it_and_the_last_state_stays(data: TrainingSet, undisturbed: str, tmp_path: Path) -> None:
    state = tmp_path / "a.state"
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill_the_disk(now: Progress) -> None:
        if now.epoch == 2:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))

    try:
        with pytest.raises(TrainingError, match=r"cannot be written.*stopped after epoch 2; --resume"):
            trained(data, state=state, progress=fill_the_disk)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == [state]
    assert trained(data, state=state, resume=True).fingerprint() == undisturbed


def test_it_stops_when_asked_to(data: TrainingSet, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cancelled in epoch 1 of 2"):
        trained(data, cancelled=lambda: True)


def test_progress_says_how_far_it_is(data: TrainingSet) -> None:
    seen: list[Progress] = []
    trained(data, progress=seen.append)
    assert [(now.epoch, now.step, now.steps) for now in seen] == [(1 + i // 5, i + 1, 10) for i in range(10)]
    assert [now.ends_epoch for now in seen] == [i in (4, 9) for i in range(10)]
    assert seen[-1].seconds_left == 0
    assert all(now.seconds_left > 0 and now.images_per_second > 0 for now in seen[:-1])
    assert seen[-1].loss < seen[0].loss
    assert all(0 <= now.accuracy <= 1 for now in seen)


def test_the_model_and_the_data_agree_on_the_classes(data: TrainingSet) -> None:
    with pytest.raises(TrainingError, match="4 classes, but the data has 3"):
        train(RECIPE, fresh(classes=4), data)


def test_precision_is_chosen_by_name() -> None:
    cpu = torch.device("cpu")
    assert pick_precision("float32", cpu) == "float32"
    assert pick_precision("auto", cpu) in ("float32", "bfloat16")
    with pytest.raises(UnknownNameError, match="bfloat16"):
        pick_precision("bfloat", cpu)


def test_bfloat16_learns_as_well_and_says_so(data: TrainingSet) -> None:
    recipe = dataclasses.replace(RECIPE, epochs=3, batch=16)
    model = fresh(recipe)
    standing = train(recipe, model, data, device="cpu", precision="bfloat16")
    assert standing.made_with.startswith("bfloat16 on cpu")
    assert standing.history[-1][1] > 0.9
    assert {p.dtype for p in model.parameters()} == {torch.float32}


def test_a_device_without_room_says_what_to_do(data: TrainingSet, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(Intervention, "loss", refuse)
    with pytest.raises(TrainingError, match=r"no room for a step with 48 images of 32 pixels.*smaller --batch"):
        trained(data)
