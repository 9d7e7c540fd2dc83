"""The scenes dataset: what it promises about its images, and that nothing but the shape tells a class."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from robustcore.datasets.scenes import SIZES, Scenes, renderer
from robustcore.datasets.scenes.outlines import CLASSES
from robustcore.datasets.scenes.random_stream import RandomStream
from robustcore.datasets.scenes.scene import Scene, draw
from robustcore.datasets.scenes.shifts import VIEWPOINT
from robustcore.errors import InvalidArgumentError, UnknownNameError

GREY = np.array([0.299, 0.587, 0.114], np.float32)


def test_splits_have_their_sizes_and_twelve_classes() -> None:
    assert {split: len(Scenes(split)) for split in SIZES} == {"train": 12_000, "val": 1_200, "test": 2_400}
    assert Scenes().classes == (
        "star",
        "heart",
        "crescent",
        "arrow",
        "ring",
        "gear",
        "house",
        "fish",
        "key",
        "bolt",
        "mug",
        "umbrella",
    )


def test_an_image_is_the_same_alone_in_a_block_and_in_another_process() -> None:
    alone = torch.stack([Scenes()[i][0] for i in range(6)])  # nothing is in the cache yet
    block = Scenes().images(0, 6)
    kept = torch.stack([Scenes()[i][0] for i in range(6)])
    code = (
        "import hashlib; from robustcore.datasets.scenes import Scenes;"
        "print(hashlib.sha256(b''.join(Scenes()[i][0].numpy().tobytes() for i in range(5, -1, -1))).hexdigest())"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    backwards = b"".join(alone[i].numpy().tobytes() for i in range(5, -1, -1))
    assert torch.equal(alone, block)
    assert torch.equal(alone, kept)
    assert hashlib.sha256(backwards).hexdigest() == other


def test_a_scene_moves_to_another_viewpoint_from_where_it_is() -> None:
    """At 0 it is the image itself, to the bit; further on the pixels differ more and more."""
    way = [Scenes().towards(7, VIEWPOINT, share).astype(float) for share in (0, 0.25, 0.5, 1)]
    assert np.array_equal(way[0], Scenes()[7][0].numpy())
    distances = [np.abs(image - way[0]).mean() for image in way]
    assert 0 == distances[0] < distances[1] < distances[2] < distances[3]
    with pytest.raises(IndexError):
        Scenes().towards(2_400, VIEWPOINT, 0.5)


def test_a_limit_and_a_larger_size_keep_every_image_and_the_fingerprint() -> None:
    small, usual, large = Scenes(limit=5), Scenes(), Scenes(size=4_800)
    assert (len(small), len(usual), len(large)) == (5, 2_400, 4_800)
    assert small.fingerprint == usual.fingerprint == large.fingerprint
    assert np.array_equal(usual.labels, large.labels[:2_400])
    assert np.array_equal(small.ids, usual.ids[:5])
    assert len(Scenes(limit=10_000)) == 2_400
    assert torch.equal(small[4][0], large[4][0])


def test_side_seed_and_split_are_in_the_fingerprint() -> None:
    prints = {s.fingerprint for s in (Scenes(), Scenes(side=224), Scenes(seed=1), Scenes("val"), Scenes("train"))}
    assert len(prints) == 5


def test_splits_share_neither_ids_nor_images() -> None:
    ids = np.concatenate([Scenes(split).ids for split in SIZES])
    assert len(set(ids.tolist())) == sum(SIZES.values())
    first = {Scenes(split)[i][0].numpy().tobytes() for split in SIZES for i in range(20)}
    assert len(first) == 60


@pytest.mark.parametrize("split", SIZES)
def test_every_prefix_is_balanced_and_the_order_says_nothing(split: str) -> None:
    labels = Scenes(split).labels
    one_hot = np.eye(12, dtype=int)[labels]
    counts = one_hot.cumsum(axis=0)
    assert (counts.max(axis=1) - counts.min(axis=1)).max() <= 1
    # In its run of 12 a class stands anywhere: its mean place is the middle one.
    places = labels.reshape(-1, 12).argsort(axis=1)
    assert np.abs(places.mean(axis=0) - 5.5).max() < 5 * np.sqrt(143 / 12 / len(places))


def test_at_224_pixels_it_is_the_same_scene() -> None:
    small, large = Scenes(), Scenes(side=224)
    for index in range(24):
        a = small[index][0].permute(1, 2, 0).numpy()
        b = cv2.resize(large[index][0].permute(1, 2, 0).numpy(), (64, 64), interpolation=cv2.INTER_AREA)
        difference = np.abs(a.astype(int) - b.astype(int)).mean()
        assert difference < 6, f"image {index} differs by {difference:.1f} levels"
        assert small[index][1] == large[index][1]


def test_source_is_the_image() -> None:
    dataset = Scenes()
    assert np.array_equal(dataset.source(3), dataset[3][0].permute(1, 2, 0).numpy())


def masks(scene: Scene) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The object, and a ring of ground around it."""
    body = renderer.silhouette(scene.thing.outline, 64)
    around = cv2.dilate(body, np.ones((9, 9), np.uint8)) - cv2.dilate(body, np.ones((3, 3), np.uint8))
    return body > 0.95, around > 0.5


def test_in_a_quarter_of_the_images_object_and_background_differ_in_hue_alone() -> None:
    dataset = Scenes("val", limit=400)
    images = dataset.images(0, 400).permute(0, 2, 3, 1).numpy().astype(np.float32) / 255
    drawn, grey_gap, colour_gap = [], [], []
    for index, image in enumerate(images):
        scene = dataset.scene(index)
        body, around = masks(scene)
        inside, outside = np.median(image[body], axis=0), np.median(image[around], axis=0)
        drawn.append(scene.hue_only)
        grey_gap.append(abs(float((inside - outside) @ GREY)))
        colour_gap.append(float(np.linalg.norm(inside - outside)))
    hue, grey, colour = np.array(drawn), np.array(grey_gap), np.array(colour_gap)
    assert 0.19 < hue.mean() < 0.31
    assert np.median(grey[hue]) < 0.03, "in grey the object has to vanish"
    assert np.median(colour[hue]) > 0.15, "in colour it has to be seen"
    assert np.median(grey[~hue]) > 0.08


def test_a_colour_histogram_says_nothing_about_the_class() -> None:
    """The leak check of the prototype's notes: logistic regression on a histogram of 4 x 4 x 4 colours stays at chance."""
    from sklearn.linear_model import LogisticRegression

    def histograms(dataset: Scenes) -> NDArray[np.float64]:
        levels = dataset.images(0, len(dataset)).numpy() >> 6
        codes = (levels[:, 0] * 16 + levels[:, 1] * 4 + levels[:, 2]).reshape(len(dataset), -1)
        return np.stack([np.bincount(code, minlength=64) for code in codes]) / codes.shape[1]

    train, test = Scenes("train", limit=600), Scenes("val", limit=480)
    model = LogisticRegression(C=1.0, max_iter=100, tol=1e-3).fit(histograms(train), train.labels)
    accuracy = model.score(histograms(test), test.labels)
    chance = 1 / 12
    assert accuracy < chance + 4 * np.sqrt(chance * (1 - chance) / len(test)), f"{accuracy:.3f} from colours alone"


def test_nothing_but_the_outline_depends_on_the_shape() -> None:
    for index in range(30):
        one, other = (draw(RandomStream("scenes/0/test", index), shape) for shape in ("star", "mug"))
        assert (one.ground, one.light, one.hue_only) == (other.ground, other.light, other.hue_only)
        assert one.thing.cloth == other.thing.cloth
        for a, b in zip(one.clutter + one.occluders, other.clutter + other.occluders, strict=True):
            assert (a.cloth, a.opacity) == (b.cloth, b.opacity)
            assert all(np.array_equal(p, q) for (p, _), (q, _) in zip(a.outline, b.outline, strict=True))


def test_renderer_paints_what_it_painted_when_the_models_were_trained() -> None:
    """Guards the revision: whoever changes a pixel raises `REVISION`, renews the reference and trains again."""
    kept = np.load(Path(__file__).parent.parent / "data" / "scenes_reference.npz")
    assert int(kept["revision"]) == renderer.REVISION
    now = Scenes().images(0, len(kept["images"])).numpy()
    # Other processors may round a blur differently, by a level here and there.
    difference = np.abs(now.astype(int) - kept["images"].astype(int))
    assert difference.max() <= 2
    assert (difference > 0).mean() < 0.01


def test_every_outline_stays_near_its_square_and_has_an_inside() -> None:
    for shape, outline in CLASSES.items():
        for index in range(20):
            layers = outline(RandomStream(f"outline/{shape}", index))
            points = np.concatenate([polygon for polygon, _ in layers])
            assert np.isfinite(points).all()
            assert np.abs(points).max() < 1.4, shape
            share = renderer.silhouette(tuple((p / 2.8 + 0.5, adds) for p, adds in layers), 64).mean()
            assert 0.03 < share < 0.5, shape


def test_bad_arguments_are_named() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'test'"):
        Scenes("tests")
    with pytest.raises(InvalidArgumentError, match="32 to 512"):
        Scenes(side=8)
    with pytest.raises(InvalidArgumentError, match=r"0 \.\. 5"):
        Scenes(limit=5).images(0, 6)
    with pytest.raises(IndexError):
        Scenes(limit=5)[5]


def test_dice_are_half_open_and_uniform() -> None:
    values = np.array([RandomStream("test", i).uniform() for i in range(4_000)])
    assert 0 <= values.min() < values.max() < 1
    assert abs(values.mean() - 0.5) < 5 * np.sqrt(1 / 12 / 4_000)
    rng = RandomStream("test", 0)
    many = [rng.below(5) for _ in range(1_000)]  # more than are drawn at once
    assert set(many) == {0, 1, 2, 3, 4}
    assert len({tuple(many[i : i + 100]) for i in range(0, 1_000, 100)}) == 10
