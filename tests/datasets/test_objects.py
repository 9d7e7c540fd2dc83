"""CIFAR's pickles, and data sets of torchvision, torch and Hugging Face as objects."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import datasets as hugging_face
import numpy as np
import numpy.typing as npt
import pytest
import torch
import torchvision
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset, Subset, TensorDataset
from torchvision import transforms

import robustcore as rc
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.images.preparation import Preparation

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
RNG = np.random.default_rng(0)
PIXELS: npt.NDArray[np.uint8] = RNG.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8)
LABELS = [place % 10 for place in range(20)]
TRANSFORM = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.2,) * 3)])


def write_cifar(root: Path, protocol: int = 2) -> Path:
    """CIFAR-10 as it is unpacked, with few images."""
    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    rows = PIXELS.transpose(0, 3, 1, 2).reshape(20, -1)
    for name in [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]:
        content = {"data": rows, "labels": LABELS, "batch_label": name, "filenames": [f"{i}.png" for i in range(20)]}
        (folder / name).write_bytes(pickle.dumps(content, protocol=protocol))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": NAMES}, protocol=protocol))
    return folder


@pytest.fixture
def torchvision_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """torchvision's own class on the tiny files; it checks the digests of the real ones."""
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "_check_integrity", lambda self: True)
    folder = write_cifar(tmp_path)
    meta = {"filename": "batches.meta", "key": "label_names"}
    digest = hashlib.md5((folder / "batches.meta").read_bytes(), usedforsecurity=False).hexdigest()
    monkeypatch.setattr(torchvision.datasets.CIFAR10, "meta", {**meta, "md5": digest})
    return lambda **more: torchvision.datasets.CIFAR10(tmp_path, train=False, **more)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickles_of_cifar_10(protocol: int, tmp_path: Path) -> None:
    folder = write_cifar(tmp_path, protocol)
    data = rc.load_dataset(folder)
    assert (data.split, data.side, data.classes, len(data)) == ("test", 32, tuple(NAMES), 20)
    np.testing.assert_array_equal(data.source(3), PIXELS[3])
    assert data.labels.tolist() == LABELS
    assert rc.load_dataset(tmp_path).fingerprint == data.fingerprint
    assert len(rc.load_dataset(tmp_path, split="train")) == 100
    with pytest.raises(DatasetError, match="train and test"):
        rc.load_dataset(tmp_path, split="val")


def test_pickles_of_cifar_100(tmp_path: Path) -> None:
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    rows = PIXELS.transpose(0, 3, 1, 2).reshape(20, -1)
    for name in ("train", "test"):
        content = {b"data": rows, b"fine_labels": LABELS, b"coarse_labels": [0] * 20}
        (folder / name).write_bytes(pickle.dumps(content))
    (folder / "meta").write_bytes(pickle.dumps({"fine_label_names": [f"class {i}" for i in range(100)]}))
    data = rc.load_dataset(folder)
    assert len(data.classes) == 100
    np.testing.assert_array_equal(data.source(0), PIXELS[0])


class Code:
    def __reduce__(self) -> tuple[Any, ...]:
        return (print, ("run",))


@pytest.mark.parametrize(
    "content",
    [
        pickle.dumps(Code()),
        pickle.dumps({"data": np.array([Code()], dtype=object), "labels": [0]}),
        b"cos\nsystem\n(S'true'\ntR.",
        pickle.dumps([1]),
        pickle.dumps({"data": PIXELS.reshape(20, -1), "labels": LABELS[:3]}),
        pickle.dumps({"data": PIXELS, "labels": LABELS}),
        b"\x80",
        b"",
    ],
)
def test_other_pickles_are_refused(content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (write_cifar(tmp_path) / "test_batch").write_bytes(content)
    with pytest.raises(DatasetError, match="test_batch"):
        rc.load_dataset(tmp_path)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("blocks", [1, 5])
def test_released_arrays_go_with_the_pickles(blocks: int, tmp_path: Path) -> None:
    write_cifar(tmp_path)
    released = tmp_path / "CIFAR-10-C"
    released.mkdir()
    np.save(released / "fog.npy", np.concatenate([PIXELS // severity for severity in range(1, 6)]))
    np.save(released / "labels.npy", np.array(LABELS * blocks, dtype=np.uint8))
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten(), torch.nn.Linear(12, 10)).eval()
    folder = tmp_path / "cifar-10-batches-py"
    table = rc.evaluate(network, folder, ["fog"], severities=[1, 2], classes=NAMES, released=released)
    same = table[(table["storage"] == "released") & (table["severity"] == 1)]["accuracy"].item()
    assert same == table[table["kind"] == "clean"]["accuracy"].item()


def test_an_object_of_torchvision_is_the_pickles(tmp_path: Path, torchvision_cifar: Callable[..., Any]) -> None:
    data = rc.load_dataset(torchvision_cifar(transform=TRANSFORM))
    assert data.fingerprint == rc.load_dataset(tmp_path).fingerprint
    subset = rc.load_dataset(Subset(torchvision_cifar(transform=TRANSFORM), [3, 5, 8]))
    assert (len(subset), subset.classes, subset.side) == (3, tuple(NAMES), 32)
    place = subset.labels.tolist().index(LABELS[5])
    np.testing.assert_array_equal(subset.source(place), PIXELS[5])


def write_folder(root: Path) -> Path:
    for place in range(6):
        (root / "ab"[place % 2]).mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 256, (40, 60, 3), dtype=np.uint8)).save(root / "ab"[place % 2] / f"{place}.png")
    return root


def test_an_image_folder_of_torchvision_is_the_folder(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "data")
    data = rc.load_dataset(torchvision.datasets.ImageFolder(root, TRANSFORM), preparation=Preparation(32, 36))
    folder = rc.load_dataset(root, preparation=Preparation(32, 36))
    assert data.ids.tolist() == folder.ids.tolist()
    assert data.labels.tolist() == folder.labels.tolist()
    assert data.fingerprint == folder.fingerprint


def split_of_hugging_face(root: Path) -> Any:
    files = sorted(root.rglob("*.png"))
    features = hugging_face.Features(
        {"image": hugging_face.Image(), "label": hugging_face.ClassLabel(names=["a", "b"])}
    )
    columns = {"image": [str(file) for file in files], "label": ["ab".index(file.parent.name) for file in files]}
    return hugging_face.Dataset.from_dict(columns, features=features)


def test_a_split_of_hugging_face(tmp_path: Path) -> None:
    root = write_folder(tmp_path / "data")
    data = rc.load_dataset(split_of_hugging_face(root))
    assert (data.classes, len(data), data.side) == (("a", "b"), 6, 224)
    files = {name: [np.array(Image.open(f)) for f in sorted((root / name).iterdir())] for name in "ab"}
    for place, label in enumerate(data.labels):
        assert any(np.array_equal(data.source(place), pixels) for pixels in files["ab"[label]])
    again = rc.load_dataset(split_of_hugging_face(root))
    assert again.fingerprint == data.fingerprint
    limited = rc.load_dataset(split_of_hugging_face(root), limit=3)
    assert limited.ids.tolist() == data.ids[:3].tolist()
    network = torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(2), torch.nn.Flatten(), torch.nn.Linear(12, 2)).eval()
    table = rc.evaluate(network, split_of_hugging_face(root), ["contrast"], severities=3, classes=["a", "b"])
    assert not table["accuracy"].isna().any()


class Own(Dataset[Any]):
    """Somebody's own data set."""

    def __init__(self, image: Any = None, label: Any = 1) -> None:
        self.image, self.label = image, label

    def __len__(self) -> int:
        return 4

    def __getitem__(self, place: int) -> tuple[Any, Any]:
        image: Any = torch.full((3, 24, 24), place / 4) if self.image is None else self.image
        return image, self.label


def test_somebodys_own_object() -> None:
    data = rc.load_dataset(Own())
    assert (data.side, data.classes, data.labels.tolist()) == (24, ("0", "1"), [1] * 4)
    assert sorted(int(data.source(place).max()) for place in range(4)) == [0, 64, 128, 191]
    grey = rc.load_dataset(Own(Image.fromarray(PIXELS[0, :, :, 0])))
    np.testing.assert_array_equal(grey.source(0)[..., 2], PIXELS[0, :, :, 0])


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Any:
        return iter([])


def columns(**features: Any) -> Any:
    return hugging_face.Dataset.from_dict({name: [0] for name in features})


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (lambda: Own(torch.randn(3, 24, 24) * 3), "transform"),
        (lambda: Own(label="cat"), "label"),
        (lambda: Stream(), "beginning"),
        (lambda: hugging_face.DatasetDict(test=columns(a=1)), "split"),
        (lambda: columns(a=1, label=1), "columns"),
        (lambda: TensorDataset(torch.zeros(2, 3, 24, 24)), "label"),
    ],
)
def test_what_is_refused_in_one_sentence(make: Callable[[], Any], part: str) -> None:
    with pytest.raises(DatasetError, match=part):
        rc.load_dataset(make())


@pytest.mark.parametrize("value", [None, 3, ["scenes"], PIXELS, Tensor([1])])
def test_other_objects_are_no_datasets(value: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        rc.load_dataset(value)
