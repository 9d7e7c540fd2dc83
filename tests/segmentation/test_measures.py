"""mIoU, metrics of an image's pixels, and distances from boundaries, on masks small enough to count."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from robustcore.segmentation import measures

MASK = np.zeros((8, 8), np.uint8)
MASK[:, 4:] = 1
MASK[6:, 6:] = 2  # the anomaly of two classes


def test_miou_is_the_mean_over_classes_and_anomalies_count_for_nothing() -> None:
    confusion = measures.Confusion(2)
    predicted = torch.zeros(1, 8, 8, dtype=torch.int64)
    predicted[:, :, 4:] = 1
    predicted[0, 0, 0] = 1
    confusion.add(torch.from_numpy(MASK)[None], predicted)
    assert confusion.counts.sum() == 60
    assert confusion.miou == pytest.approx((31 / 32 + 28 / 29) / 2)


def test_an_image_without_an_anomaly_has_no_metrics() -> None:
    scores = np.random.default_rng(0).random((8, 8))
    assert all(math.isnan(value) for value in measures.of_image(scores, np.zeros((8, 8), np.uint8), 2, 255).values())
    perfect = measures.of_image((MASK == 2).astype(float), MASK, 2, 255)
    assert perfect == {"auroc": 1.0, "aupr": 1.0, "fpr95": 0.0}


def test_ignored_pixels_are_neither_known_nor_unknown() -> None:
    mask = MASK.copy()
    mask[0] = 255
    scores = (mask == 2).astype(float)
    scores[0] = 5.0
    assert measures.of_image(scores, mask, 2, 255)["auroc"] == 1.0


def test_false_alarms_are_counted_by_their_distance_from_boundaries() -> None:
    wide = np.zeros((40, 40), np.uint8)
    wide[:, 20:] = 1
    wide[0:3, 0:3] = 2
    scores = np.zeros((40, 40))
    scores[:, 19:21] = 1.0
    counts = measures.false_positives_by_distance(scores, wide, 2, 255, 0.5)
    assert counts[0, 0] == 80
    assert counts[1:, 0].sum() == 0
    assert counts[:, 1].sum() == 40 * 40 - 9
    assert np.isinf(measures.boundary_distance(np.zeros((4, 4), np.uint8))).all()
