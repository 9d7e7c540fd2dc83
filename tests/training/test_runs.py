"""From a recipe to a checkpoint: what is measured, recorded, left alone and refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import torch

from robustcore import datasets
from robustcore.errors import ModelError, RobustcoreError, StoreError, TrainingError
from robustcore.models import card, checkpoints, load_model
from robustcore.training import Progress, Recipe, fit, runs, zoo
from robustcore.training import state as states
from robustcore.training.data import TrainingSet


@pytest.fixture
def recipe(folder: Path) -> Recipe:
    return Recipe("scenes/vgg", str(folder), epochs=4, batch=12, side=32)


def test_a_folder_of_class_folders_becomes_a_model_of_the_catalogue(recipe: Recipe) -> None:
    fitted = fit(recipe, device="cpu")
    model = load_model("own/shades/scenes/vgg-standard")
    assert model.fingerprint() == fitted.model.fingerprint()
    assert model.card.classes == ("much", "none", "some")
    assert (model.card.dataset, model.card.intervention, model.card.side) == ("shades", "standard", 32)
    assert set(fitted.accuracy) == {"val", "test"}
    assert not states.path_of(recipe).exists()


def test_the_card_holds_what_repeats_the_training(recipe: Recipe) -> None:
    fitted = fit(recipe, device="cpu")
    made = card(fitted.path).recipe
    assert Recipe.from_dict(made["training"]) == recipe
    assert runs.has_recipe(card(fitted.path), recipe)
    assert not runs.has_recipe(card(fitted.path), dataclasses.replace(recipe, epochs=5))
    assert not runs.has_recipe(card("scenes/vgg-standard"), recipe)
    assert made["torch"] == torch.__version__
    assert made["robustcore"]
    assert made["command"].startswith("robustcore train --model scenes/vgg --dataset ")
    assert made["data"] == datasets.load_dataset(recipe.dataset, split="train", side=32).fingerprint
    assert made["accuracy"] == fitted.accuracy
    assert len(made["history"]) == 4
    assert "on cpu, 1 thread" in made["made_with"]


def test_the_command_in_the_card_is_the_recipe(recipe: Recipe) -> None:
    import argparse
    import shlex

    from robustcore.commands import train

    parser = argparse.ArgumentParser()
    train.configure(parser)
    other = Recipe(
        "scenes/vgg",
        recipe.dataset,
        "augmentation",
        (("corruption", "contrast"), ("severity", 2)),
        epochs=3,
        batch=7,
        learning_rate=0.05,
        schedule="steps",
        momentum=0.8,
        weight_decay=1e-4,
        flip=False,
        shift=2,
        side=32,
        limit=20,
        start="scenes/vgg?weights=none",
        seed=9,
    )
    for each in (recipe, other):
        assert train.recipe_of(parser.parse_args(shlex.split(each.command())[2:])) == each


def test_accuracies_are_those_of_the_file(recipe: Recipe, tmp_path: Path) -> None:
    fitted = fit(recipe, device="cpu", half=True, output=tmp_path / "half.safetensors")
    loaded = load_model(tmp_path / "half.safetensors")
    assert loaded.fingerprint() == fitted.model.fingerprint()
    (val, test) = runs.held_out(recipe)
    assert runs.measure(loaded, test) == fitted.accuracy["test"]
    assert runs.measure(loaded, val) == fitted.accuracy["val"]


def test_a_folder_without_splits_is_measured_on_nothing(recipe: Recipe, folder: Path) -> None:
    plain = dataclasses.replace(recipe, dataset=str(folder / "train"), epochs=1)
    assert fit(plain, device="cpu").accuracy == {}


def test_a_checkpoint_is_known_by_its_recipe_and_its_data(recipe: Recipe, folder: Path) -> None:
    recipe = dataclasses.replace(recipe, epochs=1)
    path = fit(recipe, device="cpu").path
    assert runs.is_made_by(path, recipe)
    assert not runs.is_made_by(path, dataclasses.replace(recipe, seed=1))
    assert not runs.is_made_by(path.with_name("gone.safetensors"), recipe)
    next((folder / "train" / "none").iterdir()).unlink()
    assert not runs.is_made_by(path, recipe)
    path.write_bytes(path.read_bytes()[:100])
    assert not runs.is_made_by(path, recipe)


def test_a_recipe_from_before_a_new_field_is_still_known(recipe: Recipe) -> None:
    recipe = dataclasses.replace(recipe, epochs=1)
    fitted = fit(recipe, device="cpu")
    older = dict(fitted.model.card.recipe["training"])
    del older["momentum"]
    made = {**fitted.model.card.recipe, "training": older}
    fitted.model.card = dataclasses.replace(fitted.model.card, recipe=made)
    checkpoints.save(fitted.model, fitted.path)
    assert runs.is_made_by(fitted.path, recipe)
    made["revision"] = 0
    checkpoints.save(fitted.model, fitted.path)
    assert not runs.is_made_by(fitted.path, recipe)


def test_a_training_can_start_from_another_model(recipe: Recipe, tmp_path: Path) -> None:
    first = fit(dataclasses.replace(recipe, epochs=1), device="cpu")
    gentle = dataclasses.replace(recipe, epochs=1, learning_rate=1e-7, start=str(first.path))
    second = fit(gentle, device="cpu", output=tmp_path / "second.safetensors")
    assert card(second.path).recipe["start"] == first.model.fingerprint()
    assert runs.is_made_by(second.path, gentle)
    before, after = (dict(model.named_parameters()) for model in (first.model, second.model))
    assert all((before[key] - after[key]).abs().max() < 1e-3 for key in before)
    fit(dataclasses.replace(recipe, epochs=1, seed=1), device="cpu", output=first.path)
    assert not runs.is_made_by(second.path, gentle), "the model that it starts from is another one now"
    first.path.unlink()
    assert not runs.is_made_by(second.path, gentle)


def test_a_start_with_other_classes_keeps_all_but_the_head(recipe: Recipe, caplog: pytest.LogCaptureFixture) -> None:
    start = "scenes/vgg?weights=none&classes=7&seed=4"
    gentle = dataclasses.replace(recipe, epochs=1, learning_rate=1e-7, start=start)
    own, inputs = fit(gentle, device="cpu").model.network, load_model(start).network
    assert (own.get_parameter("stem.0.weight") - inputs.get_parameter("stem.0.weight")).abs().max() < 1e-3
    assert own.get_parameter("head.weight").shape == (3, 160)
    assert "has 7 classes, not 3: its head is left out" in caplog.text


def test_a_start_of_another_architecture_is_refused(recipe: Recipe) -> None:
    with pytest.raises(TrainingError, match="cannot start from"):
        fit(dataclasses.replace(recipe, start="scenes/resnet?weights=none"), device="cpu")


def test_a_side_that_a_network_cannot_take_is_said_at_once(recipe: Recipe) -> None:
    with pytest.raises(TrainingError, match=r"32 pixels a side .* --side 224"):
        fit(dataclasses.replace(recipe, model="torchvision/vit_b_32"), device="cpu")


def test_one_class_is_nothing_to_tell_apart(recipe: Recipe, folder: Path) -> None:
    for name in ("much", "some"):
        for image in (folder / "train" / name).iterdir():
            image.unlink()
        (folder / "train" / name).rmdir()
    with pytest.raises(TrainingError, match="one class, 'none'"):
        fit(dataclasses.replace(recipe, dataset=str(folder / "train")), device="cpu")


def test_a_place_that_cannot_be_written_is_said_before_the_training(recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        fit(recipe, output=tmp_path / "file" / "m.safetensors", progress=lambda now: pytest.fail("it trained"))
    with pytest.raises(ModelError, match=r"ends in \.safetensors"):
        fit(recipe, output=tmp_path / "m.pt", progress=lambda now: pytest.fail("it trained"))


def test_a_disk_that_is_full_at_the_end_costs_no_training(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise ModelError("The file cannot be written.")

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "save", refuse)
        with pytest.raises(TrainingError, match="with --resume it is written without being repeated"):
            fit(recipe, device="cpu", output=tmp_path / "full" / "m.safetensors")
    steps: list[object] = []
    fit(recipe, device="cpu", output=tmp_path / "elsewhere.safetensors", resume=True, progress=steps.append)
    assert steps == []


def test_a_kill_before_the_checkpoint_leaves_no_checkpoint(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "m.safetensors"

    def kill(*args: object, **kwargs: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(checkpoints, "save", kill)
        with pytest.raises(KeyboardInterrupt):
            fit(recipe, output=path, device="cpu")
    assert not path.exists()
    steps: list[object] = []
    fit(recipe, output=path, device="cpu", resume=True, progress=steps.append)
    assert steps == []  # every epoch had been done
    assert path.exists()


def test_a_cache_that_cannot_be_written_is_said_before_the_training(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(StoreError, match="--cache DIR"):
        fit(recipe, output=tmp_path / "m.safetensors", progress=lambda now: pytest.fail("it trained"))


def test_a_start_with_a_defence_is_refused(recipe: Recipe) -> None:
    with pytest.raises(TrainingError, match="leave nlm out"):
        fit(dataclasses.replace(recipe, start="scenes/vgg?weights=none&defence=nlm"), device="cpu")


def test_an_unknown_dataset_or_model_is_refused(recipe: Recipe, tmp_path: Path) -> None:
    for fields in ({"dataset": str(tmp_path / "nowhere")}, {"model": "scenes/resnt"}):
        with pytest.raises(RobustcoreError):
            fit(dataclasses.replace(recipe, **fields), device="cpu")  # type: ignore[arg-type]


def test_the_zoo_is_named_after_its_recipes() -> None:
    assert {"scenes/resnet-standard", "scenes/vgg-standard"} <= set(zoo.ZOO)
    assert all(recipe.name() == name for name, recipe in zoo.ZOO.items())


@pytest.mark.parametrize(
    ("intervention", "setting"),
    [("fooling", ("model", "scenes/resnet-standard")), ("stylised", ("folder", "/nowhere"))],
)
def test_what_does_not_fit_is_said_before_images_are_decoded(
    recipe: Recipe, intervention: str, setting: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(TrainingSet, "of", lambda *arguments: pytest.fail("it decoded"))
    with pytest.raises(TrainingError, match=r"of the classes that are trained on|setting folder of stylised"):
        fit(dataclasses.replace(recipe, intervention=intervention, settings=(setting,)), device="cpu")


def test_the_card_names_the_model_that_was_fooled(recipe: Recipe) -> None:
    clean = fit(dataclasses.replace(recipe, epochs=1), device="cpu").model
    settings = (("model", "own/shades/scenes/vgg-standard"), ("steps", 1))
    fooled = fit(dataclasses.replace(recipe, intervention="fooling", settings=settings, epochs=1), device="cpu")
    assert card(fooled.path).recipe["inputs"] == {"own/shades/scenes/vgg-standard": clean.fingerprint()}


def test_a_training_does_not_go_on_from_a_start_that_has_changed(recipe: Recipe, tmp_path: Path) -> None:
    first = fit(dataclasses.replace(recipe, epochs=1), device="cpu", output=tmp_path / "start.safetensors")
    second = dataclasses.replace(recipe, epochs=2, start=str(first.path))

    def kill(now: Progress) -> None:
        if now.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(second, device="cpu", progress=kill)
    changed = fit(dataclasses.replace(recipe, epochs=1, seed=1), device="cpu", output=first.path).model
    epochs: list[int] = []
    fitted = fit(second, device="cpu", resume=True, progress=lambda now: epochs.append(now.epoch))
    assert 1 in epochs
    assert card(fitted.path).recipe["start"] == changed.fingerprint()


def test_all_broken_images_are_named_at_once(recipe: Recipe, folder: Path) -> None:
    for image in sorted((folder / "train" / "some").iterdir())[:2]:
        image.write_bytes(image.read_bytes()[:60])
    with pytest.raises(TrainingError, match=r"\.png is .*\.png is .*Replace or remove .*2 of the 36"):
        fit(recipe, device="cpu")


@pytest.mark.parametrize(("place", "name"), [(".", "shades"), ("..", "above"), ("../shades/train", "train")])
def test_a_folder_is_called_by_its_name_however_it_is_given(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, name: str
) -> None:
    above = tmp_path / "above"
    above.mkdir()
    monkeypatch.chdir(folder.rename(above / "shades"))
    assert Recipe("scenes/vgg", place).name() == f"{name}/scenes/vgg-standard"
    assert Recipe("scenes/vgg", "./scenes").name() == "scenes/scenes/vgg-standard"  # a folder, and not the scenes


def test_a_broken_image_to_measure_on_costs_no_training(recipe: Recipe, folder: Path, tmp_path: Path) -> None:
    recipe = dataclasses.replace(recipe, epochs=1)
    image = next((folder / "val" / "some").iterdir())
    whole = image.read_bytes()
    image.write_bytes(whole[:60])
    with pytest.raises(TrainingError, match=r"damaged .* --resume"):
        fit(recipe, device="cpu")
    image.write_bytes(whole)
    steps: list[object] = []
    assert set(fit(recipe, device="cpu", resume=True, progress=steps.append).accuracy) == {"val", "test"}
    assert steps == []
