"""What is computed of a model for anomaly scores, kept on disk."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from robustcore.datasets import ArrayDataset
from robustcore.datasets.unknown_images import KINDS, UnknownImages, Unlabelled
from robustcore.detection import kept_outputs, outputs
from robustcore.errors import ModelError
from robustcore.models.classifier import Classifier

IMAGES = UnknownImages("gaussian", 300, 16)


@pytest.mark.parametrize("kind", KINDS)
def test_an_unknown_image_is_always_the_same(kind: str) -> None:
    few, many = UnknownImages(kind, 3, 32), UnknownImages(kind, 9, 32)
    assert torch.equal(few.images(0, 3), many.images(0, 3))
    assert torch.equal(many[7][0], many.images(7, 8)[0])
    assert few.fingerprint == many.fingerprint
    assert len({UnknownImages(other, 1, 32).fingerprint for other in KINDS}) == len(KINDS)


def test_the_noise_is_what_its_name_says() -> None:
    pixels = {kind: UnknownImages(kind, 40, 32).images(0, 40).float() / 255 for kind in KINDS}
    assert set(pixels["rademacher"].flatten().tolist()) == {0.0, 1.0}
    # N(0, 0.5) clipped at two standard deviations and mapped to 0 .. 1: half of what is left of 0.5.
    assert float(pixels["gaussian"].mean()) == pytest.approx(0.5, abs=0.01)
    assert float(pixels["gaussian"].std()) == pytest.approx(0.24, abs=0.01)
    assert float(pixels["uniform"].flatten(2).std(dim=2).max()) == 0
    spots = pixels["blobs"]
    assert float(spots[spots > 0].min()) >= 0.74
    assert 0.6 < float((spots == 0).float().mean()) < 0.85


def test_features_times_the_head_are_the_logits(dropout: Classifier) -> None:
    given = outputs.compute(dropout, IMAGES, 0, 9, features=True)
    assert given.features is not None
    assert given.head is not None
    np.testing.assert_allclose(given.features @ given.head.weight.T + given.head.bias, given.logits, atol=1e-5)
    assert given.features.shape == (9, 8)


def test_what_a_network_cannot_give_is_one_sentence(headless: Classifier) -> None:
    with pytest.raises(ModelError, match="no linear layer"):
        outputs.compute(headless, IMAGES, 0, 2, features=True)
    with pytest.raises(ModelError, match="no dropout"):
        outputs.compute(headless, IMAGES, 0, 2, features=False, passes=3)


def test_a_pass_with_dropout_depends_on_the_image_and_not_on_its_neighbours(dropout: Classifier) -> None:
    state = torch.random.get_rng_state()
    whole = outputs.compute(dropout, IMAGES, 0, 6, features=False, passes=4).passes
    part = outputs.compute(dropout, IMAGES, 4, 6, features=False, passes=4).passes
    assert part is not None
    assert whole is not None
    np.testing.assert_allclose(part, whole[:, 4:], atol=1e-6)
    assert whole.std(axis=0).max() > 0.01
    assert torch.equal(state, torch.random.get_rng_state())
    assert not any(module.training for module in dropout.modules())


def test_outputs_are_computed_once_and_a_larger_number_goes_on(
    dropout: Classifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path))
    computed: list[tuple[int, int]] = []
    compute = outputs.compute

    def counting(model: Classifier, images: UnknownImages, start: int, stop: int, **options: object) -> outputs.Outputs:
        computed.append((start, stop))
        return compute(model, images, start, stop, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(kept_outputs, "compute", counting)
    few = kept_outputs.outputs_of(dropout, IMAGES, 100)
    assert computed == [(0, 100)]
    more = kept_outputs.outputs_of(dropout, IMAGES, 300)
    assert computed[1:] == [(100, 300)]
    np.testing.assert_array_equal(more.logits[:100], few.logits)
    again = kept_outputs.outputs_of(dropout, IMAGES, 50)
    assert len(computed) == 2
    assert len(again) == 50
    (file,) = tmp_path.rglob("logits.npy")
    file.write_bytes(file.read_bytes()[:100])
    assert np.array_equal(kept_outputs.outputs_of(dropout, IMAGES, 50).logits, few.logits[:50])  # damaged: anew
    assert kept_outputs.drop(model="another") == 0
    assert kept_outputs.drop(model=dropout.fingerprint()) == 1
    assert not list(tmp_path.rglob("*.npy"))


def test_the_same_images_have_their_labels_where_they_are_known_and_none_where_not(
    dropout: Classifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path))
    known = ArrayDataset("shades", np.zeros((4, 16, 16, 3), np.uint8), np.arange(4) % 3, ["a", "b", "c"])
    unknown = kept_outputs.outputs_of(dropout, Unlabelled(known), 4).labels
    assert unknown is not None
    assert (unknown == -1).all()
    labels = kept_outputs.outputs_of(dropout, known, 4).labels
    assert labels is not None
    assert labels.tolist() == known.labels[:4].tolist()


def test_a_stopped_computation_says_so(dropout: Classifier, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path))
    stop = threading.Event()
    stop.set()
    with pytest.raises(kept_outputs.Cancelled):
        kept_outputs.outputs_of(dropout, IMAGES, 10, cancelled=stop)
