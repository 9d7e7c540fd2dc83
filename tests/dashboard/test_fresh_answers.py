"""A model trained again under its name, and an atlas written again: every page shows the new answers at once."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

import robustcore as rc
from dashboard import cache
from dashboard.cache import compare, specifications
from dashboard.cache.datasets import SCENES
from robustcore.atlas import plan
from robustcore.display import display_name
from robustcore.models import checkpoints
from tests.dashboard.conftest import OpenPage, markup, sound
from tests.overlap.tables import atlas, write

NAME = "own/small"
CONDITIONS = ["contrast", "gaussian_noise"]
Retrain = Callable[[int], None]
OLD, NEW = 3, 8  # the classes that the first and the second model give to every image


@pytest.fixture
def retrain(own_model: str, own_cache: Path, small_model: Path) -> Retrain:
    """`retrain(3)`: another model under the same name, which answers class 3 to every image; same size, same time."""
    file = own_cache / "models" / "small.safetensors"

    def write_model(answer: int) -> None:
        model = checkpoints.load(small_model)
        with torch.no_grad():
            model.network.head.bias.zero_()[answer] = 100.0  # type: ignore[union-attr, operator, index]
        before = file.stat()
        checkpoints.save(model, file)
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))  # as a copy that keeps its original's time

    write_model(OLD)
    return write_model


def name(label: int) -> str:
    return display_name(rc.load_dataset("scenes").classes[label])


def text(markup: str) -> str:
    """What a person reads of markup: no tags, and so no images."""
    return re.sub(r"<[^>]*>", " ", markup)


def words(at: AppTest) -> str:
    return " ".join(str(m.value) for m in at.markdown)


def corruptions(open_page: OpenPage) -> str:
    return text(markup(open_page("corruptions", corruptions_model=NAME), "corruptions_grid"))


def sequences(open_page: OpenPage) -> str:
    at = open_page("sequences", sequences_model=NAME, sequences_name="rotate")
    return text(markup(at, "sequences_strip_of_frames"))


def attack(open_page: OpenPage) -> str:
    at = open_page("attack", attack_model=NAME, attack_name="fgsm")
    assert sound(at)
    return words(at)


def judges(open_page: OpenPage) -> str:
    """The answers of the retrained model, among others, to an image that was made to fool a demo model."""
    at = open_page("attack", attack_name="fgsm")
    assert sound(at)
    table = at.dataframe[-1].value.set_index("Model")
    return str(table.loc[NAME, "Adversarial"])


@pytest.mark.parametrize("page", [corruptions, sequences, attack, judges])
def test_a_page_that_asks_the_model_shows_what_the_new_one_answers(
    open_page: OpenPage, retrain: Retrain, page: Callable[[OpenPage], str]
) -> None:
    before = page(open_page)
    assert name(OLD) in before
    assert name(NEW) not in before
    retrain(NEW)
    after = page(open_page)
    assert name(NEW) in after
    assert name(OLD) not in after


def test_stored_results_of_the_old_model_are_not_those_of_the_new_one(
    open_page: OpenPage, retrain: Retrain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing waits for a cache to run out: no other loader is cleared in between."""
    rc.evaluate(NAME, "scenes", CONDITIONS, limit=6)
    cache.expiry.results_changed()
    old = cache.results.subject(NAME, SCENES).fingerprint

    def counts() -> list[int]:
        arguments = ((NAME,), SCENES, ("imagenet-c",), (1, 2, 3, 4, 5), "memory", 0)
        comparison = compare.gathered(*arguments).value
        overview = cache.results.overview((NAME,), SCENES)
        audit = cache.audits.severity_audit(NAME, "imagenet-c", "memory")
        return [
            int(comparison.rows["n"].sum()),
            int(overview.table["n"].sum()),
            int(audit.table["n"].sum()),
        ]

    assert min(counts()) > 0
    retrain(NEW)
    assert cache.results.subject(NAME, SCENES).fingerprint != old
    assert counts() == [0, 0, 0]
    monkeypatch.setattr(cache.results, "evaluated", lambda dataset: [NAME])
    assert sound(open_page("overview"))


def test_a_specification_is_judged_on_the_new_model(retrain: Retrain) -> None:
    from robustcore.reports import specification

    rc.evaluate(NAME, "scenes", CONDITIONS, limit=6)
    cache.expiry.results_changed()
    first = specification.names()[0]
    text = specification.source(first)
    old = specifications.judged(text, first, (NAME,), SCENES)
    retrain(NEW)
    new = specifications.judged(text, first, (NAME,), SCENES)
    assert old.provenance.models != new.provenance.models or not old.table.equals(new.table)


def test_the_examples_of_compare_are_those_of_the_new_model(open_page: OpenPage, retrain: Retrain) -> None:
    def examples() -> set[int]:
        rc.evaluate(NAME, "scenes", CONDITIONS, limit=24)
        arguments = ((NAME,), SCENES, ("imagenet-c",), (1, 2, 3, 4, 5), "memory", 0)
        cache.expiry.results_changed()
        answers = compare.answers(compare.gathered(*arguments).value, SCENES)
        assert answers is not None
        return {int(c) for cell in answers.cells.values() for c in cell.classes}

    assert examples() == {OLD}
    retrain(NEW)
    assert examples() == {NEW}


def test_the_cell_of_an_atlas_that_is_written_again(
    open_page: OpenPage, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "tables", lambda: {p.stem: p for p in sorted((own_cache / "overlap").glob("*.csv"))})
    names = ["gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "fog"]

    def accuracies() -> str:
        at = open_page("overlap", overlap_first="Fog", overlap_second="Gaussian noise")
        assert sound(at)
        return markup(at, "overlap_accuracies")

    write(own_cache, "mixed", atlas(names, seeds=(0,)))
    before = accuracies()
    write(own_cache, "mixed", atlas(names, seeds=(0,), seed=7))
    assert before != accuracies() != ""
