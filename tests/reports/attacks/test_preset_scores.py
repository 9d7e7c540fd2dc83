"""The thesis' attacks as its tables print them: APP on the same images, black-box only on other models, its figures by place."""

from __future__ import annotations

import math

import pytest

import robustcore as rc
from robustcore.evaluation import Store, api
from robustcore.reports.attacks import preset_scores
from robustcore.reports.attacks.preset_scores import BLACK, LAYOUTS, WHITE

MODELS = ["scenes/resnet-standard", "scenes/vgg-standard"]


def test_white_box_and_black_box_of_what_is_stored(own_cache: object) -> None:
    with Store(shipped=False) as store:
        rc.evaluate(MODELS, "scenes", "laugros/fgsm", limit=8, surrogates=MODELS[1], store=store)
        rc.evaluate(MODELS[0], "scenes", "clean", limit=16, store=store)  # more clean images than attacked ones
        data = rc.load_dataset("scenes")
        table = preset_scores.preset_scores(api.stored_subjects(data, store), data, store=store)
        clean = rc.evaluate(MODELS, "scenes", "clean", limit=8, store=store).set_index("model")["accuracy"]
    # Crafted on itself it would be the white-box attack again.
    places = set(table[["model", "surrogate"]].itertuples(index=False, name=None))
    assert places == {(MODELS[0], ""), (MODELS[1], ""), (MODELS[0], MODELS[1])}
    assert table["n"].tolist() == [8] * 3
    for row in table.to_dict("records"):
        assert row["clean"] == clean[row["model"]]  # of the images that were attacked
        assert row["app"] == pytest.approx(row["accuracy"] / row["clean"])
        assert row["low"] <= row["app"] <= row["high"]
    assert preset_scores.surrogates(table) == [MODELS[1]]
    laid = preset_scores.laid_out(table, "3.1", MODELS[1]).set_index(["model", "name"])
    assert laid["value"].notna().sum() == 3
    own = laid.loc[(MODELS[1], preset_scores.column_title("laugros/fgsm", BLACK))]
    assert math.isnan(own["value"])
    assert own["reason"] != laid.loc[(MODELS[1], preset_scores.column_title("laugros/pgd_range", WHITE)), "reason"]


def test_nothing_stored_is_an_empty_table(own_cache: object) -> None:
    data = rc.load_dataset("scenes")
    assert preset_scores.preset_scores(api.subjects(MODELS[:1]), data, store=Store(shipped=False)).empty


@pytest.mark.parametrize(
    ("layout", "model", "preset", "access", "value"),
    [
        ("3.1", "pgd", "laugros/pgd_range", WHITE, 0.42),
        ("3.1", "standard", "laugros/fgsm_ll", BLACK, 0.70),
        ("3.4", "ResNet-50 IAT", "laugros/cw_l2", WHITE, 0.84),
        ("3.4", "ResNet-50 Mixup", "laugros/mi_fgsm_08", BLACK, 0.22),
    ],
)
def test_printed_figures_are_in_the_cells_of_the_same_attack(
    layout: str, model: str, preset: str, access: str, value: float
) -> None:
    printed = preset_scores.printed(LAYOUTS[layout])
    at = printed[(printed["model"] == model) & (printed["name"] == preset_scores.column_title(preset, access))]
    assert at["value"].tolist() == [value]
    columns = {preset_scores.column_title(*place) for place in LAYOUTS[layout].places}
    assert set(printed["name"]) == columns
