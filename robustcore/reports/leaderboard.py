"""Leaderboard: every ImageNet model that is known, one's own and published, in one table.

Published are the ImageNet Testbed (228 models, corruptions as released and on the fly, natural shifts, PGD), timm (natural
shifts) and RobustBench (ImageNet-C on 5,000 images; AutoAttack in L-inf at 4/255). One's own are all models with ImageNet's 1,000 classes that results are
stored of. A row is one model of one source: figures of different sources, storages or images stay in rows of their own.
"""

from __future__ import annotations

import json

import pandas as pd

from robustcore import corruptions, published
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Store, tables
from robustcore.evaluation.store import inventory, stored_datasets
from robustcore.evaluation.store.stored_datasets import StoredDataset
from robustcore.metrics import accuracies
from robustcore.notes import note
from robustcore.reports.overview import knowing
from robustcore.reports.provenance import Footer

CLASSES = 1000
TESTBEDS = {"jpeg85": "testbed-released", "memory": "testbed"}  # storage -> published accuracies of AlexNet and others
STORAGES = {"jpeg85": "as released", "memory": "made on the fly"}
OWN, TESTBED, TIMM, ROBUSTBENCH = "evaluated here", "ImageNet Testbed", "timm", "RobustBench"
AUTOATTACK = "RobustBench, AutoAttack"
SOURCES = (OWN, TESTBED, ROBUSTBENCH, AUTOATTACK, TIMM)
BOARD = published.Board("imagenet", "linf", "4/255")  # the one leaderboard of AutoAttack on ImageNet
SHIFTS = {
    "imagenet-a": "a",
    "imagenet-r": "r",
    "imagenet-sketch": "sketch",
    "imagenet-v2": "v2",
    "objectnet": "objectnet",
}
KNOWING = ("auroc", "fpr95", "debiased")  # detection of unknown images, calibration on clean ones
FIGURES = ("clean", "mce", "corrupted", *SHIFTS.values(), "pgd", "autoattack", *KNOWING)
COLUMNS = [
    "model",
    "name",
    "training",
    "source",
    "storage",
    *FIGURES,
    "low",
    "high",
    "n",
    "n_corrupted",
    "n_attacked",
    "corruptions",
    "dataset",
    "unknown",
    "caution",
    "paper",
]
PGD = "pgd linf", 2.0  # of the testbed's four settings the strongest in L-inf: eps 2/255
_TERMS = {
    OWN: "evaluated here: your results, AlexNet of the testbed as the reference",
    TESTBED: f"ImageNet Testbed (Taori et al. 2020, MIT), {published.TESTBED_IMAGES:,} validation images",
    TIMM: "timm's result tables (Apache-2.0)",
    ROBUSTBENCH: "RobustBench (MIT), ImageNet-C on 5,000 images",
    AUTOATTACK: f"RobustBench (MIT), AutoAttack on 5,000 images in {BOARD.title}, the lower figure where it states another attack's",
}


@note
def figures_of_sources(sources: tuple[str, ...]) -> str:
    """`sources`: of `SOURCES`."""
    return f"Sources: {'; '.join(_TERMS[source] for source in sources)}."


@note
def means_over_corruptions(corruptions: int) -> str:
    return f"mCE and ImageNet-C over {corruptions} corruptions and severities 1 to 5."


@note
def sets_with_fewer_classes() -> str:
    return "Accuracy on sets with fewer classes is among these alone."


@note
def models_of_papers() -> str:
    return "Published models are those of their papers, not necessarily the weights of one file."


def footer(rows: pd.DataFrame, storage: str) -> Footer:
    """Where the figures of some rows of `gather(storage)` come from."""
    sources = tuple(dict.fromkeys(rows["source"]))
    return Footer(
        before=(
            figures_of_sources(sources),
            means_over_corruptions(len(names(storage))),
            sets_with_fewer_classes(),
            models_of_papers(),
        )
    )


def gather(storage: str = "jpeg85", *, store: Store | None = None) -> pd.DataFrame:
    """The table.

    Args:
        storage: of the corrupted images: "jpeg85" (the released ImageNet-C, or made with its second JPEG) or "memory" (made on
            the fly). Clean images, natural shifts and attacks have none.
        store: of one's own results; default the usual one.

    Returns:
        One row a model and source, one's own first, then by clean accuracy: model (for people), name (of the source), training (the source's
        group; "" where it has none), source, storage, then in 0 .. 1 but for mce: clean; mce, the mean corruption error over
        `names(storage)` relative to AlexNet (1 is AlexNet) of the same source, for one's own that of the testbed; corrupted, the
        mean accuracy over them; a, r, sketch, v2, objectnet (their classes alone where they have fewer); pgd (L-inf, 2/255);
        autoattack (L-inf, 4/255); of one's own alone auroc and fpr95, the maximum logit on the stored sets of unknown images, the mean over
        them, and debiased, the RMS calibration error on clean images without what chance adds;
        low and high, the 95 % interval of clean of one's own; n, the images behind clean (NA where not stated); n_corrupted, of one's own the fewest behind a corrupted figure;
        n_attacked, of one's own the images behind autoattack; corruptions, of how many corruptions corrupted is the mean; dataset of one's
        own; unknown, the sets behind auroc; caution, what has to be said of one's own under AutoAttack, sentences; paper. NaN where nothing is known.

    Raises:
        InvalidArgumentError: another storage.
    """
    if storage not in STORAGES:
        raise InvalidArgumentError(f"The storage of corrupted images is one of {', '.join(STORAGES)}, not {storage!r}.")
    parts = [_own(store or Store(), storage), _testbed(storage), _autoattack(), _timm()]
    if storage == "jpeg85":
        parts.append(_robustbench())
    numbers = dict.fromkeys((*FIGURES, "low", "high"), "float64")
    rows = pd.concat([part.reindex(columns=COLUMNS).astype(numbers) for part in parts if len(part)], ignore_index=True)
    rows = rows.astype({"n": "Int64", "n_corrupted": "Int64", "n_attacked": "Int64", "corruptions": "Int64"})
    texts = ["training", "storage", "dataset", "unknown", "caution", "paper"]
    rows[texts] = rows[texts].astype("string").fillna("").astype(str)
    rows = rows.sort_values("clean", ascending=False, na_position="last", kind="stable", ignore_index=True)
    return rows.sort_values("source", key=lambda source: source != OWN, kind="stable", ignore_index=True)


def names(storage: str) -> list[str]:
    """The corruptions that means are over: ImageNet-C's 15, on the fly the 14 that the testbed measured (no glass blur)."""
    measured = set(published.accuracies(TESTBEDS[storage])["name"])
    return [name for name in corruptions.names("imagenet-c") if name in measured]


def _of_corruptions(rows: pd.DataFrame, reference: pd.Series, storage: str) -> pd.DataFrame:
    """Model -> corrupted, corruptions and mce, from accuracies (model, name, severity, accuracy).

    A corruption counts with all five severities, and mce needs all corruptions: a mean over others is another number.

    Args:
        reference: the mean error of AlexNet by corruption, of the same measurement.
    """
    wanted = names(storage)
    rows = rows[rows["name"].isin(wanted)]
    means = rows.groupby(["model", "name"])["accuracy"].agg(["mean", "count"]).reset_index()
    means = means[means["count"] == len(corruptions.SEVERITIES)].pivot(index="model", columns="name", values="mean")
    table = pd.DataFrame({"corrupted": means.mean(axis=1), "corruptions": means.notna().sum(axis=1)})
    ratios = (1 - means) / reference.reindex(means.columns)
    return table.assign(mce=ratios.mean(axis=1).where(table["corruptions"] == len(wanted)))


def _alexnet(rows: pd.DataFrame, name: str) -> pd.Series:
    """The mean error of one model by corruption."""
    rows = rows[(rows["model"] == name) & (rows["kind"] == "corruption")]
    assert len(rows), f"{name} has no figures"
    return 1 - rows.groupby("name")["accuracy"].mean()


def _testbed(storage: str) -> pd.DataFrame:
    models, rows = published.imagenet_testbed_models().set_index("model"), published.imagenet_testbed()
    rows = rows[rows["model"].isin(models.index)]
    table = pd.DataFrame({"name": models.index, "model": models["title"], "training": models["group"]}, models.index)
    table["paper"], table["source"], table["storage"] = models["paper"], TESTBED, storage
    clean = rows[rows["kind"] == "clean"].set_index("model")["accuracy"]
    table["clean"] = clean
    table["n"] = pd.Series(published.TESTBED_IMAGES, clean.index).astype("Int64")
    for condition, column in SHIFTS.items():
        table[column] = rows[rows["condition"] == condition].set_index("model")["accuracy"]
    kind, eps = PGD
    table["pgd"] = rows[(rows["condition"] == kind) & (rows["eps"] == eps)].set_index("model")["accuracy"]
    corrupted = rows[(rows["kind"] == "corruption") & (rows["storage"] == storage)].rename(
        columns={"condition": "name"}
    )
    return table.join(_of_corruptions(corrupted, _alexnet(corrupted, "alexnet"), storage))


def _timm() -> pd.DataFrame:
    rows = published.natural_shifts()
    table = pd.DataFrame({"model": rows["model"], "name": rows["model"], "source": TIMM, "n": 50_000})
    for column, setting in {"clean": "imagenet", "a": "a", "r": "r", "sketch": "sketch", "v2": "v2"}.items():
        table[column] = rows[setting] / 100
    return table


def _robustbench() -> pd.DataFrame:
    rows = published.accuracies("imagenet")
    clean = rows[rows["kind"] == "clean"].set_index("model")
    table = pd.DataFrame({"clean": clean["accuracy"], "n": clean["n"]})
    table = table.join(_of_corruptions(rows[rows["kind"] == "corruption"], _alexnet(rows, "AlexNet"), "jpeg85"))
    return table.assign(source=ROBUSTBENCH, storage="jpeg85", name=table.index, model=table.index).reset_index(
        drop=True
    )


def _autoattack() -> pd.DataFrame:
    rows = published.autoattack(BOARD)
    training = rows["additional_data"].map({True: "adversarial, more data", False: "adversarial"})
    table = pd.DataFrame({"model": rows["model"], "name": rows["model"], "training": training, "paper": rows["title"]})
    standard = table["model"].str.startswith("Standard")
    table["training"] = table["training"].where(~standard, "standard training")
    return table.assign(clean=rows["clean"], autoattack=rows["robust"], source=AUTOATTACK, n=5000)


def _own(store: Store, storage: str) -> pd.DataFrame:
    """One row for each stored model of 1,000 classes and data set that it was evaluated on, clean at least."""
    listed = inventory.listing(store)
    listed = listed[listed["model_fingerprint"].isin(_with_classes(store, CLASSES))]
    attacked = listed[(listed["name"] == "autoattack") & listed["params"].map(_is_of_the_board).astype(bool)]
    listed = listed[listed["params"].isin(["", "[]", "{}"])]
    testbed = published.accuracies(TESTBEDS[storage])
    reference = _alexnet(testbed, "alexnet")
    datasets = {each.fingerprint: each for each in stored_datasets.listing(store)}
    rows = []
    for (model, fingerprint, data, precision), part in listed.groupby(
        ["model", "model_fingerprint", "dataset_fingerprint", "precision"], sort=False
    ):
        clean = _over_labelled(part[part["kind"] == "clean"].sort_values("n").tail(1))
        if clean.empty or pd.isna(clean["accuracy"].iloc[0]):
            continue
        n, accuracy = int(clean["n"].iloc[0]), float(clean["accuracy"].iloc[0])
        ends = accuracies.accuracy(clean).iloc[0]
        row = {"model": model, "name": fingerprint, "source": OWN, "storage": storage, "clean": accuracy, "n": n}
        row |= {
            "low": ends["low"],
            "high": ends["high"],
            "dataset": _described(datasets[str(data)]) + ("" if precision == "float32" else f", {precision}"),
        }
        corrupted = part[(part["kind"] == "corruption") & (part["storage"] == storage) & part["severity"].notna()]
        corrupted = corrupted[corrupted["name"].isin(names(storage)) & corrupted["variant"].isna()]
        # One seed, that of the most results; what is not random is kept under seed 0 and belongs to every seed.
        drawn = ~corrupted["name"].map(lambda name: corruptions.get(name).deterministic).astype(bool)
        seed = corrupted.loc[drawn, "seed"].mode()
        corrupted = corrupted[~drawn | corrupted["seed"].isin(seed[:1])]
        corrupted = (
            _over_labelled(corrupted)
            .sort_values("n")
            .drop_duplicates(["name", "severity"], keep="last")
            .assign(model="")
        )
        figures = _of_corruptions(corrupted, reference, storage)
        if len(figures):
            row |= {str(name): value for name, value in figures.iloc[0].items()} | {
                "n_corrupted": int(corrupted["n"].min())
            }
        shifts = part[part["kind"] == "shift"].sort_values("n").drop_duplicates("name", keep="last")
        row |= {SHIFTS[name]: a for name, a in zip(shifts["name"], shifts["accuracy"], strict=True) if name in SHIFTS}
        same = (attacked["model_fingerprint"] == fingerprint) & (attacked["dataset_fingerprint"] == data)
        if same.any():
            row |= _under_autoattack(attacked[same], store)
        rows.append(row | knowing.of_listed(part, store))
    return pd.DataFrame(rows, columns=COLUMNS)


def _under_autoattack(listed: pd.DataFrame, store: Store) -> dict[str, object]:
    """Accuracy, images and cautions of the result over the most images."""
    most = listed.sort_values("n").to_dict("records")[-1]
    (record,) = tables.table([inventory.cell_of(most)], store).to_dict("records")
    return {"autoattack": float(most["accuracy"]), "n_attacked": int(most["n"]), "caution": record["caution"]}


def _is_of_the_board(params: str) -> bool:
    """Whether an AutoAttack with these parameters, JSON, is the one of `BOARD`: its norm and radius, and the standard version."""
    values = json.loads(params or "{}")
    values = dict(values) if isinstance(values, list) else values
    eps = values.pop("eps", None)
    usual = {"norm": BOARD.norm, "version": "standard", "goal": "untargeted"}
    return isinstance(eps, float) and abs(eps - BOARD.eps) < 1e-6 and values.items() <= usual.items()


def _over_labelled(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the inventory with n as the images that have a label, which accuracy is over."""
    right = rows["accuracy"] > 0
    return rows.assign(
        n=rows["n"].where(~right, (rows["correct"].astype(float) / rows["accuracy"]).round()).astype(int)
    )


def _described(dataset: StoredDataset) -> str:
    """A data set with its split, and with its classes where it has fewer than ImageNet: such a figure is of an easier task."""
    fewer = f", {len(dataset.classes):,} of the classes" if len(dataset.classes) < CLASSES else ""
    return f"{dataset.label} ({dataset.split}){fewer}"


def _with_classes(store: Store, count: int) -> set[str]:
    """The fingerprints of the stored models with so many classes."""
    prints = set[str]()
    for layer in store.layers():
        with layer.open() as connection:
            for fingerprint, classes in connection.execute("SELECT fingerprint, classes FROM models"):
                if len(json.loads(classes)) == count:
                    prints.add(fingerprint)
    return prints
