"""Checkpoints: the round trip, files that are damaged, foreign or hostile, and disks that are full."""

from __future__ import annotations

import os
import pickle
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from robustcore.errors import ModelError
from robustcore.models import Classifier, card, checkpoints, load_model


@pytest.fixture
def model() -> Classifier:
    return load_model("scenes/resnet?weights=none&classes=5")


def test_a_round_trip_keeps_every_bit_and_the_card(model: Classifier, tmp_path: Path) -> None:
    path = checkpoints.save(model, tmp_path / "new folder" / "m.safetensors")
    loaded = load_model(path)
    assert loaded.fingerprint() == model.fingerprint()
    assert loaded.card == card(path)
    assert (loaded.card.name, loaded.card.classes) == (str(path), model.card.classes)
    assert not loaded.training


def test_half_weights_take_half_the_room_and_load_as_float32(model: Classifier, tmp_path: Path) -> None:
    whole = checkpoints.save(model, tmp_path / "whole.safetensors")
    half = checkpoints.save(model, tmp_path / "half.safetensors", half=True)
    assert half.stat().st_size < 0.52 * whole.stat().st_size
    loaded = load_model(half)
    assert {p.dtype for p in loaded.parameters()} == {torch.float32}
    assert torch.equal(loaded.mean, model.mean)
    checkpoints.round_to_half(model)
    assert loaded.fingerprint() == model.fingerprint()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda data: data[: len(data) // 2], "damaged, incomplete"),
        (lambda data: data[:5], "damaged, incomplete"),
        (lambda data: b"", "damaged, incomplete"),
        (lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:], "do not match its digest"),
        (lambda data: b"\xff" * 8 + data[8:], "damaged, incomplete"),
    ],
    ids=["half of it", "five bytes", "empty", "one bit", "endless header"],
)
def test_damaged_files_are_refused(
    model: Classifier, tmp_path: Path, spoil: Callable[[bytes], bytes], message: str
) -> None:
    path = checkpoints.save(model, tmp_path / "m.safetensors")
    path.write_bytes(spoil(path.read_bytes()))
    with pytest.raises(ModelError, match=message):
        load_model(path)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no checkpoint at .*gone\.pth"):
        load_model(tmp_path / "gone.pth")
    (tmp_path / "folder.safetensors").mkdir()
    with pytest.raises(ModelError, match="is a folder"):
        load_model(tmp_path / "folder.safetensors")


class Hostile:
    """Unpickled by a careless reader, it makes a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("name", ["bare.pkl", "torch.pt", "torch.bin", "named.safetensors"])
def test_a_file_that_would_run_code_is_not_opened(tmp_path: Path, name: str) -> None:
    trap, path = tmp_path / "ran", tmp_path / name
    if name == "bare.pkl":
        path.write_bytes(pickle.dumps(Hostile(trap)))
    else:
        torch.save({"state_dict": Hostile(trap)}, path)
    with pytest.raises(ModelError, match=r"could run code|not a safetensors file"):
        load_model(f"{path}?architecture=scenes/resnet")
    assert not trap.exists()


def test_a_pickled_network_is_refused_with_the_way_to_convert_it(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "whole.pt")
    with pytest.raises(ModelError, match=r"torch\.save\(model\.state_dict\(\), FILE\)"):
        load_model(tmp_path / "whole.pt", architecture="scenes/resnet")


@pytest.mark.parametrize("prefix", ["", "module.", "module.model."])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_a_bare_state_dict_loads_with_its_architecture(
    model: Classifier, tmp_path: Path, prefix: str, suffix: str
) -> None:
    path = tmp_path / f"bare{suffix}"
    weights = {prefix + key: value for key, value in model.network.state_dict().items()}
    save_file(weights, path) if suffix == ".safetensors" else torch.save({"epoch": 3, "state_dict": weights}, path)
    loaded = load_model(f"{path}?architecture=scenes/resnet")
    assert loaded.fingerprint() == model.fingerprint()
    assert loaded.card.classes == ("0", "1", "2", "3", "4")
    with pytest.raises(ModelError, match="has no card"):
        load_model(path)


def test_a_state_dict_of_torchvision_says_itself_how_many_classes_it_has(tmp_path: Path) -> None:
    network = load_model("torchvision/squeezenet1_1?weights=none&classes=7").network
    torch.save(network.state_dict(), tmp_path / "mine.pth")
    assert len(load_model(tmp_path / "mine.pth", architecture="torchvision/squeezenet1_1").card.classes) == 7


def test_another_architecture_is_named(model: Classifier, tmp_path: Path) -> None:
    path = checkpoints.save(model, tmp_path / "m.safetensors")
    with pytest.raises(ModelError, match=r"is a scenes/resnet, not a scenes/vgg"):
        load_model(path, architecture="scenes/vgg")
    torch.save(model.network.state_dict(), tmp_path / "m.pth")
    with pytest.raises(ModelError, match=r"does not fit the architecture scenes/vgg: it lacks 'stages"):
        load_model(tmp_path / "m.pth", architecture="scenes/vgg")


def test_another_class_count_is_said_with_both_numbers(model: Classifier, tmp_path: Path) -> None:
    path = checkpoints.save(model, tmp_path / "m.safetensors")
    with pytest.raises(ModelError, match="5 classes, not 12"):
        load_model(f"{path}?classes=12")
    wrong = load_model("scenes/resnet?weights=none&classes=3")
    wrong.network = model.network
    with pytest.raises(ModelError, match="names 3 classes, but its weights have 5"):
        load_model(checkpoints.save(wrong, tmp_path / "wrong.safetensors"))


def test_a_table_of_numbers_is_no_state_dict(tmp_path: Path) -> None:
    torch.save({"accuracy": 0.9}, tmp_path / "n.pt")
    with pytest.raises(ModelError, match="no state dict"):
        load_model(tmp_path / "n.pt", architecture="scenes/resnet")


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """As on a disk with so much room: the system refuses to write more into a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_old_file_and_nothing_half_written(model: Classifier, tmp_path: Path) -> None:
    path = checkpoints.save(model, tmp_path / "m.safetensors", half=True)
    before = path.read_bytes()
    with files_of_at_most(1_500_000), pytest.raises(ModelError, match="cannot be written"):
        checkpoints.save(model, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(model: Classifier, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be written"):
        checkpoints.save(model, tmp_path / "file" / "m.safetensors")
    with pytest.raises(ModelError, match=r"ends in \.safetensors"):
        checkpoints.save(model, tmp_path / "m.pt")


def test_what_a_killed_process_left_half_written_goes_with_the_next_one(model: Classifier, tmp_path: Path) -> None:
    old, fresh, other = (
        tmp_path / f".{name}.part" for name in ("m.safetensors.7", "m.safetensors.8", "n.safetensors.7")
    )
    for part in (old, fresh, other):
        part.write_bytes(b"half")
    for part in (old, other):
        os.utime(part, (0, 0))
    checkpoints.save(model, tmp_path / "m.safetensors")
    assert not old.exists()
    assert fresh.exists()  # another process may be writing it
    assert other.exists()
