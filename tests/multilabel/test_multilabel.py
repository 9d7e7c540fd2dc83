"""Several labels: what is on a street scene, average precision, and scores over sigmoids."""

from __future__ import annotations

import math

import numpy as np
import pytest

from robustcore.datasets.scenes.street import StreetScenes
from robustcore.multilabel import data, measures, scores
from robustcore.reports import multilabel
from robustcore.reports.multilabel import table

LOGITS = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)


def test_labels_are_the_shapes_that_can_be_seen() -> None:
    labelled = data.read("train", limit=12)
    assert labelled.images.shape == (12, 3, 64, 64)
    assert labelled.labels.shape == (12, 12)
    assert 1 <= labelled.labels.sum(axis=1).min() <= labelled.labels.sum(axis=1).max() <= 5
    assert data.read("test", "unknown", limit=3).labels.sum() == 0
    assert (data.read("train", limit=2, first=10).images == labelled.images[10:12]).all()


def test_mean_average_precision_is_weighted_by_frequency() -> None:
    labels = np.array([[1, 0], [1, 1], [0, 0], [0, 0]])
    perfect = np.where(labels == 1, 1.0, -1.0)
    assert measures.mean_average_precision(perfect, labels) == 1.0
    wrong = perfect.copy()
    wrong[:, 1] *= -1  # the one image of the second class comes last
    assert measures.mean_average_precision(wrong, labels) == pytest.approx((2 * 1.0 + 1 * 0.25) / 3)
    assert math.isnan(measures.mean_average_precision(perfect, np.zeros_like(labels)))


def test_all_scores_are_higher_where_nothing_is_there() -> None:
    generator = np.random.default_rng(1)
    known = generator.normal(-4, 1, (200, 5)).astype(np.float32)
    known[np.arange(200), generator.integers(0, 5, 200)] = generator.normal(5, 1, 200)
    nothing = generator.normal(-4, 1, (50, 5)).astype(np.float32)
    of_known, of_nothing = scores.all_scores(known, known), scores.all_scores(nothing, known)
    assert set(of_known) == set(scores.TITLES)
    for name in ("max_logit", "logit_avg", "lof", "isolation_forest", "msp"):
        assert np.median(of_nothing[name]) > np.median(of_known[name]), name


def test_typicality_sums_over_the_classes_that_are_present() -> None:
    validation = np.array([[4.0, 4.0, -4.0], [4.0, 4.0, -4.0], [-4.0, -4.0, 4.0]])
    usual, strange = np.array([[4.0, 4.0, -4.0]]), np.array([[4.0, -4.0, 4.0]])
    assert scores.typicality(strange, validation)[0] > scores.typicality(usual, validation)[0] + 0.3
    assert scores.typicality(usual, validation)[0] == pytest.approx(0, abs=1e-9)


def test_sets_that_change_one_thing_show_less_or_more_of_the_shapes() -> None:
    """Counted by the pixels of shapes: covered ones show fewer, near ones more, and cards have no label."""

    def seen(variant: str) -> float:
        masks = StreetScenes("test", 40, 48, variant=variant).pairs(0, 40)[1]
        return float((masks > 0).float().mean())

    shares = {name: seen(name) for name in ("known", "slightly covered", "heavily covered", "nearer", "much nearer")}
    assert shares["heavily covered"] < shares["slightly covered"] < shares["known"]
    assert shares["known"] < min(shares["nearer"], shares["much nearer"])
    turned = [StreetScenes("test", 1, 48, variant=name).scene(0) for name in ("turned", "turned far")]
    assert all(0 < placed.label <= 12 for scene in turned for placed in scene.objects)


def test_all_scores_can_be_fitted_on_the_fewest_validation_images() -> None:
    generator = np.random.default_rng(0)
    validation = generator.normal(size=(scores.least_validation(), 12)).astype(np.float32)
    assert set(scores.all_scores(validation[:3], validation)) == set(scores.TITLES)


def test_what_ships_is_current_and_can_be_ranked() -> None:
    report = multilabel.read()
    assert report is not None
    assert multilabel.is_current(), "robustcore demo measures it again"
    assert report.precision["map"].iloc[0] > 0.6


def test_no_scene_that_was_trained_on_is_measured_on() -> None:
    assert [table.first_scene(table.IID, trained_on) for trained_on in (24, 6_000, 8_000)] == [6_000, 6_000, 8_000]
    assert table.first_scene(table.KNOWN, 8_000) == 0  # of another split


@pytest.mark.slow
def test_a_small_measurement_has_every_set_and_score() -> None:
    report = multilabel.measure(images=24, epochs=1, trained_on=24)
    assert len(report.precision) == 10
    assert set(report.hurts["factor"]) == {"size", "occlusion", "viewpoint", "zoom"}
    assert report.detected.loc[0, "lead"] == 0
    assert report.detected["score"].tolist() == list(scores.TITLES)
    assert report.record["images"] == 24
