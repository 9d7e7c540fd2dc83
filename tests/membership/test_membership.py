"""Set membership: episodes of shots and queries, seen and novel classes, and chance."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from robustcore import cli
from robustcore.errors import DatasetError, InvalidArgumentError, StoreError
from robustcore.membership import images, judging, training
from robustcore.models import scenes
from robustcore.reports import membership


def plain_pools() -> dict[str, torch.Tensor]:
    """Three classes of images that are dark, grey and light."""
    generator = torch.Generator().manual_seed(0)
    noise = torch.randint(0, 30, (3, 12, 3, 64, 64), generator=generator, dtype=torch.uint8)
    return {name: noise[k] + 100 * k for k, name in enumerate(("dark", "grey", "light"))}


def test_queries_are_all_that_is_left_and_half_of_them_are_members() -> None:
    pools = plain_pools()
    listed = list(judging.episodes(pools, 2, seed=0, draws=2))
    assert len(listed) == 2 * 3
    for draw, keys, queries, members in listed:
        assert draw in (0, 1)
        assert keys.shape == (2, 3, 64, 64)
        assert len(queries) == len(members) == 20
        assert members.float().mean() == 0.5


def test_half_of_the_queries_are_members_where_other_classes_have_few_images() -> None:
    pools = {name: pool if name == "dark" else pool[:4] for name, pool in plain_pools().items()}
    listed = list(judging.episodes(pools, 1, seed=0, draws=1))
    assert [len(members) for *_, members in listed] == [16, 6, 6]
    assert all(members.float().mean() == 0.5 for *_, members in listed)
    assert judging.queries(pools, 1) == 28


def test_classes_are_seen_or_novel() -> None:
    names = tuple("abcdefghijkl")
    seen, novel = images.split_classes(names, 0)
    assert sorted(seen + novel) == sorted(names)
    assert (len(seen), len(novel)) == (8, 4)
    assert images.split_classes(names, 1) != (seen, novel)


def test_shots_and_query_are_stacked_as_channels() -> None:
    shots, queries = torch.zeros(4, 5, 3, 64, 64, dtype=torch.uint8), torch.zeros(4, 3, 64, 64, dtype=torch.uint8)
    assert training.stacked(shots, queries).shape == (4, 18, 64, 64)
    assert training.network(5, seed=0).eval()(training.stacked(shots, queries)).shape == (4, 1)


def test_prototypes_tell_classes_apart_that_differ_and_an_untrained_network_does_not() -> None:
    pools = plain_pools()
    torch.manual_seed(0)
    classifier = scenes.resnet(3).eval()
    threshold = judging.threshold_of(classifier, pools, 1, seed=0)
    assert judging.by_prototype(classifier, pools, 1, threshold, seed=1, draws=2).mean() > 0.6
    untrained = judging.by_network(training.network(1, seed=0).eval(), pools, 1, seed=0, draws=2)
    assert abs(untrained.mean() - 0.5) < 0.2


def test_what_ships_is_current_and_has_both_methods_on_seen_and_novel_classes() -> None:
    assert membership.is_current(), "robustcore demo measures it again"
    report = membership.shipped()
    assert report is not None
    assert len(report.table) == 2 * 2 * 2  # methods, shots, groups of classes
    assert (report.table["draws"] == judging.DRAWS).all()
    assert (report.table["low"] < report.table["high"]).all()


@pytest.mark.slow
def test_a_small_experiment_has_seen_and_novel_rows_of_both_methods() -> None:
    report = membership.measure(shots=[1], steps=2, trained_on=10, asked=8, draws=2)
    assert report.table.groupby(["method", "classes"]).size().tolist() == [1] * 4
    assert (report.table["low"] <= report.table["accuracy"]).all()
    assert np.isfinite(report.table["high"]).all()
    assert not set(report.seen) & set(report.novel)
    assert membership.read() is None
    membership.keep(report)
    kept = membership.read()
    assert kept is not None
    assert kept.table.equals(report.table)


def test_what_an_older_version_kept_is_measured_again_and_a_damaged_file_is_an_error(own_cache: Path) -> None:
    report = membership.shipped()
    assert report is not None
    membership.keep(report)
    assert membership.read() is not None
    content = json.loads(membership.path().read_text())
    del content["of"]["steps"]
    membership.path().write_text(json.dumps(content))
    assert membership.read() is None
    membership.path().write_text("{")
    with pytest.raises(StoreError, match="measure again"):
        membership.read()


def test_no_image_of_a_folder_without_splits_is_trained_and_judged_on(tmp_path: Path) -> None:
    generator = np.random.default_rng(0)
    for name in "abcd":
        (tmp_path / "flat" / name).mkdir(parents=True)
        for place in range(12):
            pixels = generator.integers(0, 256, (40, 40, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "flat" / name / f"{place}.png")
    train, test = images.read_both(str(tmp_path / "flat"), trained_on=500, asked=60)
    for name in "abcd":
        assert (len(train.classes[name]), len(test.classes[name])) == (8, 4)
        both = {image.numpy().tobytes() for pool in (train, test) for image in pool.classes[name]}
        assert len(both) == 12


def test_what_cannot_be_is_refused(tmp_path: object) -> None:
    with pytest.raises(InvalidArgumentError, match="1 shot"):
        membership.measure(shots=[0])
    with pytest.raises(DatasetError, match="8 or more"):
        images.read("scenes", "test", most=4)


def test_more_shots_than_images_are_refused_before_training() -> None:
    told: list[str] = []
    with pytest.raises(InvalidArgumentError, match="9 shots or fewer"):
        membership.measure(shots=[1, 10], trained_on=12, asked=10, progress=lambda what, done, total: told.append(what))
    assert told == []


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["membership", "--shots", "1", "0"], "--shots is 1 or more, not 0"),
        (["membership", "--steps", "-2"], "--steps is 1 or more, not -2"),
        (["membership", "--images", "5"], "--images is 8 or more, not 5"),
        (["labels", "--limit", "0"], "--limit is 1 or more, not 0"),
        (["labels", "--epochs", "0"], "--epochs is 1 or more, not 0"),
    ],
)
def test_the_commands_name_flag_and_value(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 1
    assert sentence in capsys.readouterr().err
