"""Folders of Hugging Face as models: classes, preparation and normalisation are read from the folder alone."""

from __future__ import annotations

import json
import socket
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from PIL import Image

import robustcore as rc
from robustcore.errors import MissingExtraError, ModelError
from robustcore.images import fit, to_tensor
from robustcore.images.preparation import Preparation
from robustcore.models.formats import format_of
from robustcore.notes import RobustcoreWarning

NAMES = ("cat", "dog", "owl")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("a folder is read without the network")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def write(folder: Path, processor: Any = None, labels: tuple[str, ...] | None = NAMES) -> Path:
    """A small ConvNeXt, which takes any side, with a preprocessor."""
    config = transformers.ConvNextConfig(depths=[1, 1, 1, 1], hidden_sizes=[8, 8, 8, 8], num_labels=3)
    if labels is not None:
        config.id2label = dict(enumerate(labels))
        config.label2id = {name: place for place, name in config.id2label.items()}
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        transformers.ConvNextForImageClassification(config).save_pretrained(folder)
        if processor is not None:
            processor.save_pretrained(folder)
    return folder


def vit(**more: Any) -> Any:
    return transformers.ViTImageProcessor(**{"size": {"height": 48, "width": 48}, **more})


PROCESSORS: dict[str, tuple[Callable[[], Any], Preparation | None]] = {
    "stretched": (vit, Preparation(48, 48, is_stretched=True)),
    "cut": (lambda: transformers.ConvNextImageProcessor(size={"shortest_edge": 64}), Preparation(64, 73, "bicubic")),
    "resized, cut": (
        lambda: transformers.DeiTImageProcessor(size={"shortest_edge": 60}, crop_size={"height": 48, "width": 48}),
        Preparation(48, 60, "bicubic"),
    ),
    "to -1 .. 1": (
        lambda: transformers.EfficientNetImageProcessor(
            size={"height": 48, "width": 48}, resample=2, rescale_factor=1 / 127.5, rescale_offset=True
        ),
        Preparation(48, 48, is_stretched=True),
    ),
    "BGR": (
        lambda: transformers.MobileViTImageProcessor(
            size={"shortest_edge": 60}, crop_size={"height": 48, "width": 48}, resample=2
        ),
        Preparation(48, 60),
    ),
    "0 .. 255": (lambda: vit(do_rescale=False, do_normalize=False), Preparation(48, 48, is_stretched=True)),
}


@pytest.mark.parametrize("kind", PROCESSORS)
def test_answers_are_those_of_the_preprocessor_and_the_network(kind: str, tmp_path: Path) -> None:
    """A photograph's answer through robustcore's preparation is near that through the folder's own preprocessor."""
    make, preparation = PROCESSORS[kind]
    model = rc.load_model(write(tmp_path / "net", make()))
    assert (model.card.preparation, model.card.classes) == (preparation, NAMES)
    assert preparation is not None
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    photograph = np.array(coarse.resize((200, 150), Image.Resampling.BICUBIC))
    prepared = to_tensor(fit(photograph, preparation.side, preparation))[None]
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        processor = transformers.AutoImageProcessor.from_pretrained(tmp_path / "net", local_files_only=True)
        network = transformers.AutoModelForImageClassification.from_pretrained(tmp_path / "net").eval()
        pixels = processor(photograph, return_tensors="pt")["pixel_values"].float()
        theirs, ours = network(pixels).logits, model(prepared)
        other = network(torch.zeros_like(pixels)).logits
    assert (theirs - ours).abs().max() < 0.1 * (theirs - other).abs().max()
    assert pixels.shape[-1] == model.card.side


def test_fingerprints_and_gradients(tmp_path: Path) -> None:
    first, again = (rc.load_model(write(tmp_path / name, vit())) for name in "ab")
    assert first.fingerprint() == again.fingerprint()
    assert first.unreadable == ()
    other = rc.load_model(write(tmp_path / "c", vit(image_mean=[0.4, 0.5, 0.5])))
    assert other.fingerprint() != first.fingerprint()
    images = rc.load_dataset("scenes", limit=2).images(0, 2)
    answers = first(images).argmax(1)
    assert rc.attack(first, images, answers, "fgsm", eps=0.1).linf.max() > 0


def test_an_evaluation_of_a_folder_that_was_added(tmp_path: Path) -> None:
    from robustcore.cli import main

    rng = np.random.default_rng(0)
    for name in NAMES:
        (tmp_path / "data" / name).mkdir(parents=True)
        Image.fromarray(rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)).save(tmp_path / "data" / name / "1.png")
    assert main(["models", "add", str(write(tmp_path / "net", vit())), "--name", "folder"]) == 0
    table = rc.evaluate("own/folder", tmp_path / "data", ["clean", "fgsm"])
    assert not table["accuracy"].isna().any()
    assert set(table["preparation"]) == {str(Preparation(48, 48, is_stretched=True))}


def test_without_a_preprocessor_or_names(tmp_path: Path) -> None:
    bare = rc.load_model(f"{write(tmp_path / 'bare', labels=None)}?side=48&mean=0.5,0.5,0.5")
    assert (bare.card.classes, bare.card.preparation, bare.card.side) == (("0", "1", "2"), None, 48)
    with pytest.warns(RobustcoreWarning, match="preprocessor"):
        model = rc.load_model(write(tmp_path / "odd", vit(resample=1)))
    assert (model.card.preparation, model.card.side) == (None, 48)


def without(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def edited(**fields: Any) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **fields}))

    return edit


@pytest.mark.parametrize(
    ("damage", "part"),
    [
        (without("model.safetensors"), "model.safetensors"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 100), "cannot be read"),
        (lambda folder: (folder / "config.json").write_text("{"), "JSON"),
        (edited(model_type="no-such"), "cannot be read"),
        (edited(model_type="bert"), "cannot be read"),
        (edited(auto_map={"AutoModelForImageClassification": "code.Net"}, model_type="mine"), "cannot be read"),
        (lambda folder: (folder / "config.json").write_text('{"architecture": "resnet18"}'), "timm/resnet18"),
    ],
)
def test_what_is_refused_in_one_sentence(damage: Callable[[Path], None], part: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "net", vit())
    damage(folder)
    assert format_of(folder) is not None
    with pytest.raises(ModelError, match=part):
        rc.load_model(folder)


def test_an_absent_package_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "net")
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(MissingExtraError, match=r"robustcore\[huggingface\]"):
        rc.load_model(tmp_path / "net")
