"""Released sets of corrupted images, and corrupted sets that are written here, in the published layouts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import robustcore as rc
from robustcore import cli
from robustcore.datasets import ArrayDataset, Dataset
from robustcore.datasets.released.alone import CIFAR10
from robustcore.datasets.released.layout import is_released
from robustcore.datasets.released.released_set import ReleasedSet
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.evaluation import Condition, Store, api, corrupted_set, estimates, operations, suites
from robustcore.evaluation.operations.corruption import with_released
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store import inventory
from robustcore.models import Card, Classifier

CLASSES = ("n01440764", "n01443537", "n01484850")
SIDE = 32


class Mixed(nn.Module):
    """Logits that every pixel counts for."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        weights = torch.randn(classes, 3 * SIDE * SIDE, generator=torch.Generator().manual_seed(1))
        self.weights = nn.Parameter(weights)

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1) @ self.weights.T


def model(classes: tuple[str, ...] = CLASSES) -> Classifier:
    return Classifier(Mixed(len(classes)), Card("mixed", classes, SIDE, "none", architecture="test/mixed")).eval()


def picture(seed: int, side: int = SIDE) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


def clean_folder(root: Path, place: str = "val/{0}/{1}.JPEG", images: int = 4) -> Path:
    for number, class_ in enumerate(CLASSES):
        for k in range(images):
            path = root / place.format(class_, f"ILSVRC2012_val_{number}{k}")
            path.parent.mkdir(parents=True, exist_ok=True)
            picture(10 * number + k).save(path, quality=95)
    return root


def write(folder: Path, output: Path, severities: tuple[int, ...] = (1, 3)) -> Path:
    data = rc.load_dataset(folder, "val", side=SIDE)
    conditions = suites.resolve(["gaussian_noise", "fog"], severities)
    corrupted_set.write(data, conditions, output, seed=5, device="cpu")
    return output


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return clean_folder(tmp_path / "imagenet")


@pytest.fixture
def tree(clean: Path, tmp_path: Path) -> Path:
    return write(clean, tmp_path / "ImageNet-C")


def evaluate(data: object, tree: Path, names: str = "gaussian_noise fog", severities: tuple[int, ...] = (1, 3)):  # type: ignore[no-untyped-def]
    return rc.evaluate(model(), data, names.split(), severities=severities, seed=5, released=tree)  # type: ignore[arg-type]


class TestReadBack:
    def test_png_gives_the_answers_of_memory(self, clean: Path, tree: Path) -> None:
        table = evaluate(rc.load_dataset(clean, "val", side=SIDE), tree)
        rows = table[table["kind"] == "corruption"].set_index(["name", "severity", "storage"])
        assert len(rows) == 8
        assert set(rows.index.get_level_values("storage")) == {"memory", "released"}
        for name, severity in {(n, s) for n, s, _ in rows.index}:
            made, read = rows.loc[(name, severity, "memory")], rows.loc[(name, severity, "released")]
            assert (read["n"], read["correct"]) == (made["n"], made["correct"]) == (12, made["correct"])
            assert read["confidence"] == made["confidence"]
            assert read["condition_fingerprint"] != made["condition_fingerprint"]
        assert table.attrs["left_out"] == []

    def test_the_pixels_are_those_of_memory(self, clean: Path, tree: Path) -> None:
        data = rc.load_dataset(clean, "val", side=SIDE)
        read = ReleasedSet.at(tree).images(data, "gaussian_noise", 3)
        made = rc.corrupt(data.images(0, 12), "gaussian_noise", 3, seed=5, ids=data.ids.tolist())
        assert torch.equal(read.images(0, 12), made)
        assert read.ids.tolist() == data.ids.tolist()

    def test_images_of_no_files_are_matched_by_their_ids(
        self, make_dataset: Callable[..., Dataset], tmp_path: Path
    ) -> None:
        data = make_dataset(6)
        corrupted_set.write(data, suites.resolve("fog", [2]), tmp_path / "out", device="cpu")
        read = ReleasedSet.at(tmp_path / "out").images(data, "fog", 2)
        made = rc.corrupt(data.images(0, 6), "fog", 2, ids=data.ids.tolist())
        assert torch.equal(read.images(0, 6), made)

    def test_results_are_found_again_wherever_the_folder_is(self, clean: Path, tree: Path, tmp_path: Path) -> None:
        data = rc.load_dataset(clean, "val", side=SIDE)
        first = evaluate(data, tree, "fog", (1,))
        tree.rename(tmp_path / "elsewhere")
        again = evaluate(data, tmp_path / "elsewhere", "fog", (1,))
        assert first["cached"].tolist() == [False] * 3
        assert again["cached"].tolist() == [True] * 3
        changed = next((tmp_path / "elsewhere" / "fog" / "1" / CLASSES[0]).iterdir())
        picture(99).save(changed)
        third = evaluate(data, tmp_path / "elsewhere", "fog", (1,))
        assert third["cached"].tolist() == [True, True, False]

    def test_other_keys_are_as_before(self) -> None:
        condition = Condition.corruption("fog", 3)
        assert operations.fingerprint(condition) == operations.fingerprint(Condition("corruption", "fog", 3))
        assert condition.to_dict() == {"kind": "corruption", "name": "fog", "severity": 3}


class TestLayouts:
    @pytest.mark.parametrize("above", ["", "noise/"])
    @pytest.mark.parametrize("place", ["{0}/{1}.png", "val/{0}/images/{1}.jpg", "val/{0}/{1}.JPEG"])
    def test_matched_by_class_and_name(self, place: str, above: str, tree: Path, tmp_path: Path) -> None:
        data = rc.load_dataset(clean_folder(tmp_path / "other", place), "val", side=SIDE)
        if above:
            (tree / above).mkdir()
            shutil.move(tree / "gaussian_noise", tree / above / "gaussian_noise")
        result = ReleasedSet.at(tree)
        assert result.severities("gaussian_noise") == [1, 3]
        read = result.images(data, "gaussian_noise", 1)
        assert (len(read), read.absent) == (12, ())

    def test_tiny_imagenet_with_annotations(self, tree: Path, tmp_path: Path) -> None:
        root = tmp_path / "tiny"
        clean_folder(root, "val/images/{1}.JPEG")
        rows = [f"ILSVRC2012_val_{n}{k}.JPEG\t{c}\t0\t0\t9\t9" for n, c in enumerate(CLASSES) for k in range(4)]
        (root / "val" / "val_annotations.txt").write_text("\n".join(rows))
        for class_ in CLASSES:
            (root / "train" / class_ / "images").mkdir(parents=True)
            picture(0).save(root / "train" / class_ / "images" / "x.JPEG")
        data = rc.load_dataset(root, "val", side=SIDE)
        read = ReleasedSet.at(tree).images(data, "fog", 3)
        assert (len(read), read.absent) == (12, ())
        assert read.labels.tolist() == data.labels.tolist()

    def test_what_is_absent_is_named(self, clean: Path, tree: Path) -> None:
        shutil.rmtree(tree / "fog" / "3")
        gone = next((tree / "fog" / "1" / CLASSES[1]).iterdir())
        gone.unlink()
        table = evaluate(rc.load_dataset(clean, "val", side=SIDE), tree, "fog frost")
        rows = table[table["storage"] == "released"].set_index(["name", "severity"])
        assert rows.loc[("fog", 1), "n"] == 11
        assert rows.loc[("fog", 3), "n"] == 0
        assert np.isnan(rows.loc[("frost", 1), "accuracy"])
        assert "no frost at severity 1" in rows.loc[("frost", 1), "reason"]
        assert any(gone.stem in sentence for sentence in table.attrs["left_out"])
        assert table[table["storage"] == "memory"]["n"].tolist() == [12] * 5

    def test_images_of_another_dataset_are_refused(self, tree: Path, tmp_path: Path) -> None:
        data = rc.load_dataset(clean_folder(tmp_path / "other", "{0}/other-{1}.png"), "val", side=SIDE)
        with pytest.raises(DatasetError, match="None of the images"):
            ReleasedSet.at(tree).images(data, "fog", 1)

    def test_no_released_set(self, clean: Path) -> None:
        with pytest.raises(DatasetError, match="ImageNet-C"):
            evaluate(rc.load_dataset(clean, "val", side=SIDE), clean)

    def test_a_released_condition_needs_its_set(self) -> None:
        with pytest.raises(InvalidArgumentError, match="--released"):
            operations.check(Condition.corruption("fog", 3, storage="released"))

    def test_larger_released_images_are_prepared_as_clean_ones(self, clean: Path, tree: Path) -> None:
        data = rc.load_dataset(clean, "val", side=16)
        read = ReleasedSet.at(tree).images(data, "fog", 1)
        assert read.images(0, 2).shape == (2, 3, 16, 16)


class TestAlone:
    def test_a_tree_has_no_clean_accuracy(self, tree: Path) -> None:
        assert is_released(tree)
        data = rc.load_dataset(tree)
        assert data.side == SIDE  # that of its files
        table = rc.evaluate(model(), data, "fog", severities=[1, 2, 3])
        clean = table[table["kind"] == "clean"].iloc[0]
        assert np.isnan(clean["accuracy"])
        assert clean["n"] == 0
        assert "--released" in clean["reason"]
        rows = table[table["kind"] == "corruption"].set_index("severity")
        assert set(rows["storage"]) == {"released"}
        assert rows["n"].to_dict() == {1: 12, 2: 0, 3: 12}
        assert "no fog at severity 2" in str(rows.loc[2, "reason"])
        assert rows["accuracy"].notna().to_dict() == {1: True, 2: False, 3: True}

    def test_its_accuracy_is_that_beside_the_clean_images(self, clean: Path, tree: Path) -> None:
        beside = evaluate(rc.load_dataset(clean, "val", side=SIDE), tree, "fog").set_index(["storage", "severity"])
        alone = rc.evaluate(model(), rc.load_dataset(tree, "val", side=SIDE), "fog", severities=[3])
        assert alone["correct"].iloc[1] == beside.loc[("released", 3), "correct"]

    def test_what_it_costs_can_be_estimated(self, tree: Path) -> None:
        request = EvaluationRequest.of(
            model(), rc.load_dataset(tree, side=SIDE), "fog", severities=[1, 3], device="cpu"
        )
        estimate = estimates.estimate(api.prepare(request))
        assert (estimate.units, estimate.images) == (2, 24)
        assert np.isfinite(estimate.seconds)

    def test_class_folders_are_no_released_set(self, clean: Path) -> None:
        assert not is_released(clean)
        assert not is_released(clean / "val")


class TestArrays:
    @staticmethod
    def cifar_c(root: Path, labels: np.ndarray, repeat: int = 1) -> Path:
        root.mkdir()
        n = len(labels)
        blocks = [np.full((n, SIDE, SIDE, 3), 40 * s, np.uint8) for s in range(1, 6)]
        pixels = np.concatenate(blocks)
        pixels[:, 0, 0, 0] = np.tile(np.arange(n), 5)
        np.save(root / "fog.npy", pixels)
        np.save(root / "labels.npy", np.tile(labels, repeat))
        return root

    @pytest.mark.parametrize("repeat", [1, 5])
    def test_five_equal_blocks(self, repeat: int, tmp_path: Path) -> None:
        labels = np.arange(20) % 10
        data = ArrayDataset("cifar", np.zeros((20, SIDE, SIDE, 3), np.uint8), labels, CIFAR10)
        read = ReleasedSet.at(self.cifar_c(tmp_path / "CIFAR-10-C", labels, repeat)).images(data, "fog", 4)
        images = read.images(0, 20)
        assert images[:, 0, 0, 0].tolist() == list(range(20))
        assert set(images[:, 1].flatten().tolist()) == {160}

    def test_labels_have_to_agree(self, tmp_path: Path) -> None:
        root = self.cifar_c(tmp_path / "CIFAR-10-C", np.arange(20) % 10)
        data = ArrayDataset("cifar", np.zeros((20, SIDE, SIDE, 3), np.uint8), np.arange(20)[::-1] % 10, CIFAR10)
        with pytest.raises(DatasetError, match="same order"):
            ReleasedSet.at(root).images(data, "fog", 4)

    def test_folders_named_by_numbers(self, tmp_path: Path) -> None:
        labels = np.arange(20) % 10
        for number, label in enumerate(labels):
            path = tmp_path / "cifar" / CIFAR10[label] / f"{number:05}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            picture(number).save(path)
        data = rc.load_dataset(tmp_path / "cifar", "val", side=SIDE)
        read = ReleasedSet.at(self.cifar_c(tmp_path / "CIFAR-10-C", labels)).images(data, "fog", 1)
        numbers = [int(Path(path).stem) for path in data.paths]  # type: ignore[attr-defined]
        assert read.images(0, 20)[:, 0, 0, 0].tolist() == numbers

    def test_alone(self, tmp_path: Path) -> None:
        data = rc.load_dataset(self.cifar_c(tmp_path / "CIFAR-10-C", np.arange(20) % 10))
        table = rc.evaluate(model(CIFAR10), data, "fog")
        assert table["n"].tolist() == [0, 20, 20, 20, 20, 20]
        assert table["storage"].tolist() == ["memory"] + ["released"] * 5

    def test_an_array_of_another_shape_is_refused(self, tmp_path: Path) -> None:
        root = self.cifar_c(tmp_path / "CIFAR-10-C", np.arange(20) % 10)
        np.save(root / "labels.npy", np.arange(7))
        with pytest.raises(DatasetError, match=r"labels\.npy"):
            rc.load_dataset(root)


class TestCommand:
    def arguments(self, clean: Path, out: Path, *more: str) -> list[str]:
        dataset = [
            "--dataset",
            str(clean),
            "--split",
            "val",
            "--side",
            str(SIDE),
            "--suite",
            "fog",
            "--severity",
            "2",
            "--device",
            "cpu",
        ]
        return ["corrupt", *dataset, "--output", str(out), *more]

    def test_goes_on_and_overwrites_nothing(
        self, clean: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "out"
        assert cli.main(self.arguments(clean, out)) == 0
        assert "12 images written, 0 were there" in capsys.readouterr().out
        files = sorted(path for path in out.rglob("*.png"))
        files[0].unlink()
        files[1].write_bytes(b"mine")
        assert cli.main(self.arguments(clean, out)) == 0
        assert "1 images written, 11 were there" in capsys.readouterr().out
        assert files[1].read_bytes() == b"mine"
        assert files[0].exists()
        assert cli.main(self.arguments(clean, out, "--seed", "3")) == 1
        assert "differs in seed" in capsys.readouterr().err
        assert cli.main(self.arguments(clean, clean)) == 1
        assert json.loads((out / "corrupted.json").read_text())["format"] == "png"

    def test_jpeg(self, clean: Path, tmp_path: Path) -> None:
        out = tmp_path / "out"
        assert cli.main(self.arguments(clean, out, "--jpeg", "85", "--limit", "2")) == 0
        paths = sorted(out.rglob("*.JPEG"))
        assert len(paths) == 2
        assert paths[0].read_bytes()[:3] == b"\xff\xd8\xff"

    @pytest.mark.parametrize("suite", ["pgd", "brightness_jitter_none"])
    def test_what_has_no_place_is_refused(self, suite: str, clean: Path, tmp_path: Path) -> None:
        dataset = ["--dataset", str(clean), "--split", "val", "--suite", suite]
        assert cli.main(["corrupt", *dataset, "--output", str(tmp_path / "out")]) == 1


def test_a_job_and_a_shell_ask_for_the_same(clean: Path, tree: Path, tmp_path: Path) -> None:
    request = EvaluationRequest(("scenes/resnet-standard",), str(clean), ("fog",), released=str(tree))
    assert EvaluationRequest.from_json(request.self_contained().to_json()).released == str(tree)
    assert f"--released {tree}" in request.line()
    older = json.loads(request.to_json())
    del older["released"]
    assert EvaluationRequest.from_json(json.dumps(older)).released == ""


def test_stored_results_say_their_storage(clean: Path, tree: Path) -> None:
    evaluate(rc.load_dataset(clean, "val", side=SIDE), tree, "fog", (1,))
    rows = inventory.listing(Store(shipped=False))
    assert sorted(rows["storage"]) == ["memory", "memory", "released"]


def test_released_conditions_stand_behind_those_made_here(tree: Path, make_model: Callable[..., Classifier]) -> None:
    conditions = suites.resolve("fog", [1, 3])
    joined = with_released(conditions, str(tree))
    assert [c.storage for c in joined] == ["memory", "memory", "released", "memory", "released"]
    assert len({c.params for c in joined if c.storage == "released"}) == 1
