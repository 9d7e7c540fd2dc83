"""Preparation: a model's own resize, crop and interpolation reach the images of a folder, and their fingerprint."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import robustcore as rc
from robustcore.datasets import Folder, prepared_for
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Subject, api, plan
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.run.work import Work
from robustcore.evaluation.store.store import Store
from robustcore.images import fit
from robustcore.images.preparation import Preparation
from robustcore.models import Card, Classifier

OWN = Preparation(32, 48, "bicubic")


PLAIN = Preparation(32, 32)  # of a network with that input side whose card says nothing


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of 64 x 80 images: black inside a white frame 12 pixels wide."""
    image = np.zeros((64, 80, 3), np.uint8)
    image[:12] = image[-12:] = 255
    image[:, :12] = image[:, -12:] = 255
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        Image.fromarray(image).save(tmp_path / "data" / name / "1.png")
    return tmp_path / "data"


class Brightness(torch.nn.Module):
    """Two logits that say how much of the image is white."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        white = x.mean((1, 2, 3))
        return torch.stack([8 * white - 4, 4 - 8 * white], dim=1)


def model(name: str, preparation: Preparation | None) -> Classifier:
    mean = (0.01,) * 3 if preparation else (0.0,) * 3  # two models, and not one of two names
    return Classifier(Brightness(), Card(name, ("a", "b"), 32, "none", preparation=preparation), mean=mean)


def test_the_shorter_side_is_resized_and_the_centre_cut_out() -> None:
    image = np.zeros((64, 64, 3), np.uint8)
    image[:8] = image[-8:] = image[:, :8] = image[:, -8:] = 255
    assert (fit(image, 32, Preparation(32, 48))[8:24, 8:24] == 0).all()
    assert fit(image, 32).mean() > 2 * fit(image, 32, Preparation(32, 42)).mean()
    assert fit(image, 32, Preparation(32, 42)).shape == (32, 32, 3)
    assert np.array_equal(fit(image, 32), fit(image, 32, Preparation(32, 32)))
    assert not np.array_equal(fit(image, 32), fit(image, 32, Preparation(32, 32, "bicubic")))


def test_another_preparation_is_another_fingerprint_and_the_default_is_none(folder: Path) -> None:
    plain = rc.load_dataset(folder, side=32)
    assert plain.fingerprint == Folder(folder, side=32, preparation=Preparation(32, 32)).fingerprint
    other = rc.load_dataset(folder, preparation=OWN)
    assert (other.side, other[0][0].shape) == (32, (3, 32, 32))
    assert len({plain.fingerprint, other.fingerprint, Folder(folder).fingerprint}) == 3


def test_a_chosen_preparation_is_kept_and_scenes_have_none(folder: Path) -> None:
    chosen = rc.load_dataset(folder, side=16)
    assert prepared_for(chosen, OWN) is chosen
    dataset = rc.load_dataset(folder)
    assert prepared_for(dataset, None) is dataset
    assert prepared_for(dataset, OWN).side == 32
    assert dataset.side == 224
    scenes = rc.load_dataset("scenes", limit=1)
    assert prepared_for(scenes, OWN) is scenes
    with pytest.raises(InvalidArgumentError):
        rc.load_dataset("scenes", preparation=OWN)
    with pytest.raises(InvalidArgumentError):
        rc.load_dataset(folder, side=32, preparation=OWN)
    for wrong in ({"side": 32, "resize": 16}, {"side": 32, "resize": 48, "interpolation": "nearest"}):
        with pytest.raises(InvalidArgumentError):
            Preparation(**wrong)  # type: ignore[arg-type]


def test_each_model_is_scored_on_the_images_as_it_wants_them(folder: Path, tmp_path: Path) -> None:
    models = [model("cut", OWN), model("whole", None)]
    with Store(tmp_path / "results.sqlite") as store:
        table = rc.evaluate(models, folder, [Condition("corruption", "brightness", 1)], store=store, device="cpu")
        again = rc.evaluate(models, folder, [Condition("corruption", "brightness", 1)], store=store, device="cpu")
        stored = api.stored_subjects(rc.load_dataset(folder), store, [OWN, PLAIN])
    assert again["cached"].all()
    clean = table[table["kind"] == "clean"].set_index("model")
    assert clean.loc["cut", "dataset_fingerprint"] != clean.loc["whole", "dataset_fingerprint"]
    assert (clean.loc["cut", "preparation"], clean.loc["whole", "preparation"]) == (str(OWN), str(PLAIN))
    # The frame is mostly cut off for the one that wants it so: its confidence in "little white" is higher.
    assert clean.loc["cut", "confidence"] > clean.loc["whole", "confidence"]
    assert [(s.name, s.preparation) for s in stored] == [("cut", OWN), ("whole", PLAIN)]


def test_scenes_written_as_files_are_scored_at_their_own_side(tmp_path: Path) -> None:
    """A network without a preparation of its own sees corruptions at its input side, not at a folder's usual one."""
    scenes = rc.load_dataset("scenes", limit=24)
    for place, (image, label) in enumerate(scenes[i] for i in range(24)):
        file = tmp_path / "data" / scenes.classes[label] / f"{place:02}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image.permute(1, 2, 0).numpy()).save(file)
    conditions = [Condition("corruption", "contrast", severity) for severity in (2, 4)]  # draws nothing
    network = "scenes/resnet-standard"
    with Store(tmp_path / "results.sqlite") as store:
        ours, files = (
            rc.evaluate(network, images, conditions, limit=24, store=store, device="cpu")["accuracy"].tolist()
            for images in ("scenes", tmp_path / "data")
        )
    assert ours == files
    assert ours[0] > ours[2]


def test_models_that_want_other_images_are_in_another_group(folder: Path) -> None:
    subjects = [Subject("cut", "1", ("a", "b"), OWN), Subject("whole", "2", ("a", "b"))]
    cells = plan.make(subjects, rc.load_dataset(folder), [Condition.clean()])
    groups = plan.pending(cells, {}).groups
    assert [group.images(rc.load_dataset(folder)).side for group in groups] == [32, 224]
    together = plan.make(
        [subjects[1], dataclasses.replace(subjects[1], fingerprint="3")], rc.load_dataset(folder), [Condition.clean()]
    )
    assert len(plan.pending(together, {}).groups) == 1


def test_a_prepared_folder_travels_to_other_processes(folder: Path) -> None:
    dataset = rc.load_dataset(folder)
    prepared = prepared_for(dataset, OWN)
    work = Work.from_bytes(Work({}, {}, dataset).to_bytes())
    assert prepared_for(work.dataset, OWN).fingerprint == prepared.fingerprint
