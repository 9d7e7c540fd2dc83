"""The atlases that ship: whole, comparable, and of corruptions that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcore import corruptions, overlap, paths
from robustcore.atlas import plan, populations, published
from robustcore.training import zoo

ATLASES = sorted(path for path in (paths.assets() / "overlap").glob("*.csv") if not path.stem.startswith("population-"))


@pytest.mark.parametrize("path", ATLASES, ids=lambda path: path.stem)
def test_an_atlas_tests_every_model_on_everything_and_its_models_are_comparable(path: Path) -> None:
    table = plan.read(str(path))
    kinds = table.drop_duplicates("tested_on").set_index("tested_on")["kind"]
    assert all(name in corruptions.names() for name in kinds.index[kinds == "corruption"])
    cells = table.groupby(["trained_on", "seed"])["tested_on"].nunique()
    assert set(cells) == {len(kinds)}
    clean = table.loc[table["tested_on"] == "clean", "accuracy"]
    if (
        path.stem != f"{published.NAME}-{published.ARCHITECTURE}"
    ):  # these were trained elsewhere, and their footer says so
        assert clean.max() - clean.min() < 0.03
    overlaps = overlap.measure(table, metric="residual", draws=0)
    assert len(overlaps.undefined) < len(overlaps.names) / 2 + 1


def test_what_ships_is_what_was_asked_of_it() -> None:
    tables = {path.stem: plan.read(path) for path in ATLASES}
    whole = set(corruptions.names("imagenet-c"))
    for name, seeds in (("imagenet-c-scenes-resnet", {0, 1}), ("imagenet-c-scenes-vgg", {0})):
        table = tables[name]
        assert set(table["trained_on"]) == {"standard", *whole}
        assert set(table["seed"]) == seeds
        assert table["n"].min() >= 4800
    assert set(tables["candidates-scenes-scenes-resnet"]["trained_on"]) == {
        "standard",
        *corruptions.names("candidates-scenes"),
    }
    assert {*whole, *corruptions.names("laugros")} <= set(tables["imagenet-c+laugros-scenes-resnet"]["trained_on"])


def test_the_population_has_every_model_of_the_zoo_under_every_candidate() -> None:
    table = populations.read(populations.tables()["population-candidates-scenes"])
    pairs = set(zip(table["model"], table["name"], strict=True))
    assert {(model, name) for model in zoo.ZOO for name in corruptions.names("candidates-scenes")} <= pairs
