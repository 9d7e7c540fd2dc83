"""Every attack that was evaluated: any settings, any surrogate; what cannot be shown is said."""

from __future__ import annotations

import json

import robustcore as rc
from robustcore.evaluation import Condition, Store, api
from robustcore.notes import kinds
from robustcore.reports.attacks import evaluated

MODELS = ["scenes/resnet-standard", "scenes/vgg-standard"]
ODD = Condition("attack", "pgd", params=(("eps", 3 / 255), ("norm", "linf"), ("steps", 2)))


def test_any_settings_and_surrogates_are_rows(own_cache: object) -> None:
    with Store(shipped=False) as store:
        rc.evaluate(MODELS[0], "scenes", [ODD, "fgsm"], limit=4, surrogates=MODELS[1], store=store)
        rc.evaluate(MODELS[1], "scenes", [ODD], limit=4, surrogates=MODELS[0], only_surrogate=True, store=store)
        data = rc.load_dataset("scenes")
        table = evaluated.attacks(api.stored_subjects(data, store), data, store=store)
        rows = table[["model", "attack", "surrogate"]].to_numpy().tolist()
        assert rows == [
            [MODELS[0], "fgsm", ""],
            [MODELS[0], "fgsm", MODELS[1]],
            [MODELS[0], "pgd", ""],
            [MODELS[1], "pgd", MODELS[0]],
            [MODELS[0], "pgd", MODELS[1]],
        ]
        assert "steps 2" in table["settings"][2]
        titles = evaluated.titles(table)
        assert set(titles) == set(table["condition"])
        assert len(set(titles.values())) == len(titles) == 5
        assert MODELS[1] in titles[table["condition"][1]]
        assert (table["n"] == 4).all()
        assert ((table["low"] <= table["accuracy"]) & (table["accuracy"] <= table["high"])).all()
        with store.writing() as connection:  # as of a plug-in that is not loaded
            form = json.loads(ODD.canonical()) | {"name": "nowhere"}
            connection.execute(
                "UPDATE conditions SET canonical = ? WHERE canonical = ?", (json.dumps(form), ODD.canonical())
            )
        table = evaluated.attacks(api.stored_subjects(data, store), data, store=store)
        assert "nowhere" not in set(table["attack"])
        assert kinds(table.attrs["notes"]) == ["attack_is_unknown"]


def test_nothing_stored_is_an_empty_table(own_cache: object) -> None:
    data = rc.load_dataset("scenes")
    assert evaluated.attacks(api.subjects(MODELS[:1]), data, store=Store(shipped=False)).empty
