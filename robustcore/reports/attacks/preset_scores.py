"""The attacks of Laugros' thesis at its own settings, white-box and black-box, as its tables 3.1, 3.4c and 3.5c print them."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from robustcore import attacks, published
from robustcore.datasets._base import Dataset
from robustcore.evaluation import Store, Subject, lookup
from robustcore.metrics import accuracies
from robustcore.notes import Note, note
from robustcore.reports.attacks.evaluated import stored_conditions
from robustcore.reports.provenance import Footer, Provenance

WHITE, BLACK = "white-box", "black-box"
COLUMNS = [
    "model",
    "preset",
    "surrogate",
    "n",
    "clean",
    "accuracy",
    "app",
    "low",
    "high",
    "success",
    "linf",
    "l2",
    "condition",
]
_DOCUMENT = "laugros"


@dataclasses.dataclass(frozen=True)
class Layout:
    """A table of the thesis: which of its attacks, with which access.

    Attributes:
        title: for people.
        tables: of the document, whose figures are of these attacks.
        places: (preset, WHITE or BLACK), a column each.
        data: what the document's networks were measured on.
    """

    title: str
    tables: tuple[str, ...]
    places: tuple[tuple[str, str], ...]
    data: str


_DRAWN = ("laugros/fgsm", "laugros/fgsm_ll", "laugros/pgd_range", "laugros/pgd_ll_range")
_FIXED = ("laugros/pgd", "laugros/pgd_ll", "laugros/cw_l2", "laugros/mi_fgsm", "laugros/mi_fgsm_08")
LAYOUTS = {
    "3.1": Layout(
        "Table 3.1: eps drawn for each image",
        ("3.1",),
        tuple((preset, access) for access in (WHITE, BLACK) for preset in _DRAWN),
        "five super-classes of ImageNet",
    ),
    "3.4": Layout(
        "Tables 3.4c and 3.5c: fixed eps",
        ("3.4c", "3.5c"),
        (*((preset, WHITE) for preset in _FIXED[:3]), *((preset, BLACK) for preset in _FIXED[3:])),
        "100 classes of ImageNet",
    ),
    "all": Layout(
        "All nine, both ways",
        (),
        tuple((preset, access) for access in (WHITE, BLACK) for preset in (*_DRAWN, *_FIXED)),
        "",
    ),
}


MEASURES = {"app": "Accuracy preserved (APP)", "success": "Attack success", "l2": "Size of the change"}
TITLES = {
    "laugros/fgsm": "FGSM",
    "laugros/fgsm_ll": "FGSM LL",
    "laugros/pgd_range": "PGD drawn",
    "laugros/pgd_ll_range": "PGD LL drawn",
    "laugros/pgd": "PGD 0.04",
    "laugros/pgd_ll": "PGD LL 0.04",
    "laugros/cw_l2": "CW-L2",
    "laugros/mi_fgsm": "MI-FGSM 0.04",
    "laugros/mi_fgsm_08": "MI-FGSM 0.08",
}


def preset_scores(
    models: Sequence[Subject], dataset: Dataset, *, seed: int = 0, store: Store | Path | str | None = None
) -> pd.DataFrame:
    """What is stored of the models under the thesis' attacks, white-box and crafted on others; computes nothing.

    Args:
        models: as results know them.
        dataset: what they were scored on.
        seed, store: as in `evaluate`.

    Returns:
        One row for each model, preset and surrogate: model, preset (the registered name), surrogate (the model that the images were
        crafted on, "" for the model itself), n, clean (accuracy on the same n images when clean, 0..1), accuracy, app (accuracy / clean,
        NaN where clean is 0) with its 95 % interval low and high, the means success, linf and l2, and condition (canonical). The interval is Wilson's over the
        images that are right when clean, which treats their number as known; NaN where more are right under attack.
        `attrs["provenance"]` says where the rows come from.
    """
    results = store if isinstance(store, Store) else Store(store)
    names = set(attacks.preset_names())
    conditions, by_print, _ = stored_conditions(models, dataset, results)
    wanted = [c for c in conditions if c.name in names and set(c.parameters) <= {"surrogate"}]
    canonical = {(c.name, c.parameters.get("surrogate", "")): c.canonical() for c in wanted}
    stored = lookup(list(models), dataset, wanted or "clean", seed=seed, store=results)
    attacked = stored[(stored["kind"] == "attack") & (stored["n"] > 0)]
    clean = {
        (row["model"], int(n)): row["accuracy"]
        for n in attacked["n"].unique()
        for row in lookup(list(models), dataset, "clean", limit=int(n), seed=seed, store=results).to_dict("records")
    }
    rows = []
    for row in attacked.to_dict("records"):
        surrogate = json.loads(row["params"])["surrogate"] if row["params"] else ""
        if by_print.get(surrogate) == row["model"]:
            continue  # crafted on itself it is the white-box attack again
        own = clean[row["model"], int(row["n"])]
        app = row["accuracy"] / own if own > 0 else math.nan
        rows.append(
            {
                "model": row["model"],
                "preset": row["name"],
                "surrogate": by_print.get(surrogate, surrogate[:12]),
                "n": int(row["n"]),
                "clean": own,
                "accuracy": row["accuracy"],
                "app": app,
                "condition": canonical[row["name"], surrogate],
                **{name: float(row.get(name, math.nan)) for name in ("success", "linf", "l2")},
            }
        )
    table = pd.DataFrame(rows, columns=COLUMNS)
    if len(table):
        within = table.assign(
            accuracy=table["app"].where(table["app"] <= 1),
            n=(table["n"] * table["clean"]).round(),
            dataset="",
            kind="attack",
            name=table["preset"],
        )
        ends = accuracies.accuracy(within)
        table = table.assign(low=ends["low"], high=ends["high"])
    table.attrs["provenance"] = Provenance.of(
        attacked if len(table) else stored, suites=("attacks",), storage="memory", seed=seed
    )
    return table


def surrogates(table: pd.DataFrame) -> list[str]:
    """The models that black-box images were crafted on, those with the most rows first; of equal ones the VGG, which the thesis used."""
    crafted = table.loc[table["surrogate"] != "", "surrogate"]
    counts = crafted.value_counts()
    return sorted((str(name) for name in counts.index), key=lambda name: (-counts[name], "vgg" not in name, name))


def laid_out(table: pd.DataFrame, layout: str, surrogate: str, measure: str = "app") -> pd.DataFrame:
    """The rows of a layout, a model that none of its attacks was evaluated on left out.

    Args:
        table: of `preset_scores`.
        layout: one of `LAYOUTS`.
        surrogate: the model that black-box images are crafted on; a model's own black-box cells stay empty.
        measure: "app", "success", "accuracy" or "l2".

    Returns:
        model, name (a column's title), value, low and high (of APP alone), n, condition (canonical, "" of a cell without a value),
        reason (of one without); models in falling order of their mean value, of success in rising order.
    """
    by_place = {(row["model"], row["preset"], row["surrogate"]): row for row in table.to_dict("records")}
    rows = []
    for model in dict.fromkeys(table["model"]):
        for preset, access in LAYOUTS[layout].places:
            row = by_place.get((model, preset, "" if access == WHITE else surrogate))
            own = access == BLACK and model == surrogate
            rows.append(
                {
                    "model": model,
                    "name": column_title(preset, access),
                    "value": math.nan if row is None else row[measure],
                    "low": row["low"] if row is not None and measure == "app" else math.nan,
                    "high": row["high"] if row is not None and measure == "app" else math.nan,
                    "n": 0 if row is None else row["n"],
                    "condition": "" if row is None else row["condition"],
                    "reason": ("crafted on this model: see white-box" if own else "not evaluated")
                    if row is None
                    else "",
                }
            )
    laid = pd.DataFrame(rows, columns=["model", "name", "value", "low", "high", "n", "condition", "reason"])
    means = laid.groupby("model")["value"].mean().dropna()
    laid = laid[laid["model"].isin(means.index)]
    order = laid["model"].map(means) * (1 if measure in ("success", "l2") else -1)
    laid = laid.assign(order=order).sort_values("order", kind="stable").drop(columns="order").reset_index(drop=True)
    laid.attrs |= table.attrs
    return laid


def printed(layout: Layout) -> pd.DataFrame:
    """What the thesis prints in the tables of a layout: model, name (as in `laid_out`), value (APP), reason (""); empty without such."""
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for number in layout.tables:
        for row in published.load(_DOCUMENT, number).to_dict("records"):
            if row["kind"] != "attack":
                continue
            title = column_title(*_place_of(str(row["column"]), number))
            rows.setdefault(
                (row["model"], title), {"model": row["model"], "name": title, "value": row["value"], "reason": ""}
            )
    return pd.DataFrame(list(rows.values()), columns=["model", "name", "value", "reason"])


def _place_of(column: str, table: str) -> tuple[str, str]:
    """The preset and the access of a printed heading: "W-Box pgd" of table 3.1, "mi_fgsm, eps=0.08" of 3.4c and 3.5c."""
    if table == "3.1":
        access, name = column.split(" ")
        drawn = {preset.rpartition("/")[2].removesuffix("_range"): preset for preset in _DRAWN}
        return drawn[name], WHITE if access == "W-Box" else BLACK
    name, _, eps = column.partition(", eps=")
    preset = f"laugros/{name}" + ("_08" if eps == "0.08" else "")
    return preset, BLACK if name == "mi_fgsm" else WHITE


def column_title(preset: str, access: str) -> str:
    """A column's heading: "White-box FGSM LL"; LL aims at the least likely class."""
    return f"{access.capitalize()} {TITLES[preset]}"


def footer(table: pd.DataFrame, layout: str, surrogate: str) -> Footer:
    """The footer of a figure of `laid_out`, which is not empty."""
    origin: Provenance = table.attrs["provenance"].only(list(dict.fromkeys(table["model"])))
    black = any(access == BLACK for _, access in LAYOUTS[layout].places)
    before: tuple[Note, ...] = (crafted_on_surrogate(surrogate),) if black and surrogate else ()
    return origin.footer(
        formula="APP: accuracy under the attack over clean accuracy on the same images, float32",
        interval="Intervals: 95 % (Wilson, over the images that are right when clean)",
    ).replace(before=before)


@note
def crafted_on_surrogate(surrogate: str) -> str:
    return f"Black-box images are crafted on {surrogate}."
