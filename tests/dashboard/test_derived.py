"""What pages derive is kept on the disk: another process, which has only the files, derives nothing again."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from dashboard import cache
from dashboard.cache import builder, compare, datasets, overlaps
from dashboard.workers import tasks
from robustcore.calls import Call
from robustcore.datasets import load_dataset
from robustcore.overlap import categories
from robustcore.reports.compare import answers, measures

MODELS = ("scenes/resnet-standard", "scenes/vgg-standard")


def another_process() -> None:
    """Everything that is kept in memory is forgotten."""
    cache.expiry.results_changed()
    st.cache_data.clear()
    st.cache_resource.clear()
    cache.shared.everything.clear()
    tasks._read.clear()


def test_a_comparison_s_intervals_are_read_from_the_disk(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def shown() -> measures.Bars:
        another_process()
        results, _ = compare.read(MODELS, datasets.SCENES, ("laugros",), (1, 3, 5), "memory", 0)
        assert results is not None
        call = Call(measures.bars, results, "app", answers=Call(answers.read, results, Call(load_dataset, "scenes")))
        bars: measures.Bars = compare.cached(call, results.value, datasets.SCENES).value
        return bars

    first = shown()
    assert first.table["low"].notna().any()
    monkeypatch.setattr(answers, "answers", None)
    again = shown()
    assert (again.notes, again.footer.text) == (first.notes, first.footer.text)
    assert again.means.equals(first.means)
    assert again.table.drop(columns="reason").equals(first.table.drop(columns="reason"))


def test_categories_are_read_from_the_disk(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(categories, "INITIALISATIONS", 3)
    entry = next(entry for entry in builder.atlases().values() if entry.suite == "imagenet-c")
    of = builder.matrix(entry, "residual")

    def shown() -> list[object]:
        another_process()
        chosen = overlaps.categories(of, "k-means", overlaps.RULE, 0)
        sweep = builder.categories(of)
        assert sweep is not None
        return [chosen.members, chosen.scc, sweep.chosen, sweep.table.to_csv(), sweep.categories[3].members]

    first = shown()
    monkeypatch.setattr(categories, "_fit", None)
    assert shown() == first


def test_the_population_is_read_from_the_disk(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from robustcore.atlas import populations

    another_process()
    first = builder.population()
    monkeypatch.setattr(populations, "gather", None)
    another_process()
    again = builder.population()
    assert again.synthetic.equals(first.synthetic)
    assert again.natural.equals(first.natural)
    assert (again.atlas, again.images, again.sources) == (first.atlas, first.images, first.sources)
