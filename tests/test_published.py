"""The published figures: everything printed as a mean, a ratio or a difference is recomputed from its printed parts."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from robustcore import attacks, corruptions, metrics, paths, published, sequences
from robustcore.errors import InvalidArgumentError, RobustcoreError, UnknownNameError
from robustcore.metrics import alexnet, stability
from robustcore.published import _files, derivations
from robustcore.published.rounding import Span, mean

CELL = ["document", "table", "model", "column", "metric"]
DOCUMENTS = ["basart", "hendrycks", "laugros", "robustnet"]


def cell(document: str, table: str, model: str, column: str) -> str:
    rows = published.load(document, table)
    (printed,) = rows.loc[(rows["model"] == model) & (rows["column"] == column), "printed"]
    return str(printed)


# --- what is there


def test_every_table_has_its_figures_or_a_reason() -> None:
    listed = published.tables()
    assert not listed.duplicated(["document", "table"]).any()
    assert ((listed["figures"] > 0) == (listed["left_out"] == "")).all()
    counted = published.load().groupby(["document", "table"]).size()
    expected = listed[listed["figures"] > 0].set_index(["document", "table"])["figures"]
    assert counted.sort_index().to_dict() == expected.sort_index().to_dict()
    assert set(listed["document"]) == set(published.documents()["document"])
    numbers = {d: set(listed.loc[listed["document"] == d, "table"]) for d in DOCUMENTS}
    assert {str(n) for n in range(1, 5)} <= numbers["hendrycks"]
    assert {"3.1", "3.2", "3.3", "3.4a", "3.5c", "3.6", "4.1", "4.2", "4.3", "4.4", "4.5"} <= numbers["laugros"]
    chapters = {"4": 3, "5": 3, "6": 3, "7": 2, "A": 8}
    assert {f"{c}.{n}" for c, last in chapters.items() for n in range(1, last + 1)} <= numbers["basart"]
    assert {"1", "2"} <= numbers["robustnet"]


@pytest.mark.parametrize(
    ("document", "table", "model", "column", "printed"),
    [
        ("hendrycks", "1", "SqueezeNet", "JPEG", "134"),
        ("hendrycks", "2", "VGG-19+BN", "Bright", "68"),
        ("hendrycks", "3", "ResNet-50", "Scale", "48"),
        ("hendrycks", "4", "ResNet-18", "mT5D", "87.0"),
        ("laugros", "3.1", "pgd_ll", "W-Box pgd_ll", "0.82"),
        ("laugros", "3.2", "fgsm_ll", "color", "0.67"),
        ("laugros", "3.4a", "ResNeXt-50 M-TLAT", "Jpeg", "0.95"),
        ("laugros", "3.4c", "ResNeXt-50 M-TLAT", "pgd_ll, eps=0.04", "0.38"),
        ("laugros", "4.1", "ANT3x3", "mean_CE_Set2", "68"),
        ("laugros", "4.4", "ObjectNet", "INet-S2N", "0.814"),
        ("laugros", "4.5", "ImageNet-Sketch", "std 2.2", "0.673"),
        ("basart", "5.2", "ResNet-50 + AugMix", "France", "55.4"),
        ("basart", "A.5", "ResNet-50 + L-inf Adversarial Training", "Fog", "118"),
        ("basart", "A.5", "ResNeXt-101 32x8d + DeepAugment + AugMix", "JPEG", "50"),
        ("basart", "A.6", "ResNeXt-101 32x8d + WSL Pretraining (1000x data)", "ImageNet-A (%)", "45.4"),
        ("timm", "natural-shifts", "test_vit.r160_in1k", "sketch", None),
        ("robustbench", "imagenet", "AlexNet", "shot_noise 4", "0.0196"),
    ],
)
def test_cells_read_by_eye(document: str, table: str, model: str, column: str, printed: str | None) -> None:
    result = cell(document, table, model, column)
    assert result == printed if printed is not None else float(result) > 0


def test_conditions_are_registered_where_they_are_ours() -> None:
    rows = published.load()
    known = {"corruption": corruptions.names(), "sequence": sequences.names(), "attack": attacks.names()}
    for kind, names in known.items():
        assert set(rows.loc[rows["kind"] == kind, "condition"]) <= set(names), kind
    fifteen = set(corruptions.names("imagenet-c"))
    for document, table in (("hendrycks", "1"), ("hendrycks", "2"), ("laugros", "3.4a"), ("basart", "A.5")):
        part = published.load(document, table)
        per_model = part[part["kind"] == "corruption"].groupby("model")["condition"].agg(set)
        assert all(result == fifteen for result in per_model), (document, table)
    assert rows["value"].isna().sum() == 1  # one cell that cannot be read, with a note
    assert rows.loc[rows["value"].isna(), "note"].str.contains("blank").all()


def test_a_table_is_loaded_by_its_number_or_its_parts() -> None:
    assert published.load("hendrycks", 1).equals(published.load("hendrycks", "1"))
    assert set(published.load("laugros", "3.4")["table"]) == {"3.4a", "3.4b", "3.4c"}
    assert len(published.load("laugros")) == sum(published.load()["document"] == "laugros")


def test_what_is_not_there_says_so() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'hendrycks'"):
        published.load("hendricks")
    with pytest.raises(UnknownNameError, match=r"table of basart named 'A\.55'. Did you mean 'A\.5'"):
        published.load("basart", "A.55")
    with pytest.raises(InvalidArgumentError, match="of which document"):
        published.load(table="1")
    with pytest.raises(
        InvalidArgumentError, match=r"Table 5\.1 of basart is left out: the stored text keeps the caption"
    ):
        published.load("basart", "5.1")


def test_missing_files_are_an_error_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(paths, "assets", lambda: tmp_path)
    with pytest.raises(RobustcoreError, match="install it again"):
        _files.read("timm.csv")


@pytest.mark.parametrize("call", ["load", "tables", "documents", "natural_shifts", "derived"])
def test_what_is_handed_out_is_the_callers(call: str) -> None:
    frame = getattr(published, call)()
    frame[frame.columns[0]] = "spoilt"
    assert "spoilt" not in set(getattr(published, call)().iloc[:, 0])


# --- what is derived


def test_the_disagreements_are_exactly_the_listed_ones() -> None:
    result = published.derived()
    result = result[result["verdict"] == "disagrees"].reset_index(drop=True)
    listed = published.disagreements()
    assert listed[[*CELL, "rule", "printed"]].to_dict("records") == result[[*CELL, "rule", "printed"]].to_dict(
        "records"
    )
    for column in ("recomputed", "low", "high"):
        assert listed[column].tolist() == pytest.approx(result[column].tolist(), abs=1e-4)
    assert len(listed) == 5
    assert (listed["note"] != "").all()


def test_nothing_derived_is_left_unchecked() -> None:
    rows = published.load()
    rows = rows[rows["document"].isin(DOCUMENTS)]
    means = {"mce", "relative_mce", "mfr", "mt5d", "mean_app", "mean_correlation", "mean_ce", "relative_ce"}
    derived = rows[
        rows["metric"].isin(means) | rows["metric"].str.endswith(("_difference", "_decrease")) | (rows["mark"] != "")
    ]
    checked = set(published.derived()[CELL].itertuples(index=False, name=None))
    missing = derived[[row not in checked for row in derived[CELL].itertuples(index=False, name=None)]]
    # What has no parts in print: figures of running text, and one network of table 4.1 that no other document has.
    assert missing.groupby(["document", "table"]).size().to_dict() == {
        ("basart", "section 6.4"): 1,
        ("basart", "section A.5"): 3,
        ("hendrycks", "appendix F"): 4,
        ("hendrycks", "section 5.2"): 21,
        ("laugros", "4.1"): 2,
        ("laugros", "section 4.3.3.2"): 2,
        ("robustnet", "section 3.1"): 6,
        ("robustnet", "section 3.2"): 1,
    }
    assert set(missing.loc[missing["table"] == "4.1", "model"]) == {"ANT3x3"}
    verdicts = published.derived()["verdict"].value_counts().to_dict()
    assert verdicts == {"agrees": 439, "disagrees": 5, "undefined": 2}


def test_means_recomputed_in_another_way() -> None:
    for table, whole, part in (("1", "mce", "ce"), ("2", "relative_mce", "relative_ce"), ("4", "mt5d", "t5d")):
        rows = published.load("hendrycks", table)
        parts = rows[rows["metric"] == part].groupby("model")["value"].mean()
        printed = rows[rows["metric"] == whole].set_index("model")["value"]
        assert parts[printed.index].to_dict() == pytest.approx(printed.to_dict(), abs=0.3), table
    rows = published.load("hendrycks", "3").rename(columns={"condition": "name"})
    rates = stability.mean_rate(rows[rows["metric"] == "flip_rate"], "value", sequences.names("imagenet-p"))
    printed = rows[rows["metric"] == "mfr"].set_index("model")["value"]
    assert {model for model in printed.index if abs(rates[model] - printed[model]) > 0.3} == {"VGG-19+BN"}


def test_a_misprint_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    table = derivations._table

    def misprinted(document: str, number: str) -> list[object]:
        rows = table(document, number)
        if (document, number) != ("basart", "A.5"):
            return rows
        return [
            SimpleNamespace(**(r._asdict() | {"printed": "96"})) if (r.model, r.column) == ("ResNet-152", "Fog") else r
            for r in rows
        ]

    monkeypatch.setattr(derivations, "_table", misprinted)
    result = [c for c in derivations._means_of_rows() if c["verdict"] == "disagrees"]
    assert [(c["document"], c["model"]) for c in result] == [("hendrycks", "VGG-19+BN"), ("basart", "ResNet-152")]


def test_relative_errors_by_hand() -> None:
    # SqueezeNet, Gaussian noise: CE 107 of AlexNet's 88.6 is 94.802; (94.802 - 41.8) / (88.6 - 43.5) = 1.1752
    rows = published.derived()
    rows = rows[(rows["table"] == "2") & (rows["model"] == "SqueezeNet") & (rows["column"] == "Gauss.")]
    (row,) = rows[rows["rule"].str.startswith("from the CE")].itertuples()
    assert row.recomputed == pytest.approx(117.52, abs=0.005)
    assert row.low < 118 < row.high


def test_table_4_1_of_laugros_is_the_ordinary_corruption_error() -> None:
    """Its formula 2.4 is the relative form, under the same name; the table is not of that."""
    first = ("noise", "blur", "pixelate")
    for metric, table, expected in (("ce", "1", (80.5, 72.7)), ("relative_ce", "2", (108.6, 100.9))):
        rows = published.load("hendrycks", table)
        rows = rows[(rows["model"] == "ResNet-50") & (rows["metric"] == metric)]
        of_first = rows["condition"].str.endswith(first)
        assert of_first.sum() == 8
        assert (rows["value"][of_first].mean(), rows["value"][~of_first].mean()) == pytest.approx(expected, abs=0.06)
    assert cell("laugros", "4.1", "Standard", "mean_CE_Set1") == "81"
    assert cell("laugros", "4.1", "Standard", "mean_CE_Set2") == "73"


def test_what_the_metrics_hold_of_alexnet_is_what_is_printed() -> None:
    rows = published.load("hendrycks", "appendix D").set_index("condition")["value"]
    held = {name: 100 * float(np.mean(errors)) for name, errors in alexnet.ERRORS.items()}
    held |= {name: 100 * error for name, error in alexnet.MEAN_ERRORS.items()}
    assert held == pytest.approx(rows.to_dict(), abs=0.0501)
    rows = published.load("hendrycks", "appendix E").pivot(index="condition", columns="metric", values="value")
    assert (rows["flip_probability"] / 100).to_dict() == pytest.approx(alexnet.FLIP_PROBABILITY)
    assert rows["top5_distance"].to_dict() == pytest.approx(alexnet.TOP5_DISTANCE)


def test_a_span_is_all_that_rounds_to_it() -> None:
    span = Span.printed("76.7")
    assert (span.low, span.high) == pytest.approx((76.65, 76.75))
    assert (Span.printed("2") - Span.printed("5")).high == pytest.approx(-2)
    product = Span.printed("-3") * Span.printed("2")
    assert (product.low, product.high) == pytest.approx((-8.75, -3.75))
    quotient = Span.printed("6") / Span.printed("3")
    assert (quotient.low, quotient.high) == pytest.approx((5.5 / 3.5, 6.5 / 2.5))
    average = mean([Span.printed("1"), Span.printed("2.0")])
    assert (average.low, average.value, average.high) == pytest.approx((1.225, 1.5, 1.775))
    assert Span.printed("1").meets(Span.printed("2"))  # 1.5 rounds to either
    assert not Span.printed("1.0").meets(Span.printed("1.2"))


# --- for Compare


def test_mean_corruption_errors_of_robustbench() -> None:
    table = published.accuracies("imagenet")
    result = metrics.mean_corruption_error(metrics.corruption_error(table, "AlexNet")).set_index("model")
    assert (result["corruptions"] == 15).all()
    expected = {
        "Standard_R50": 76.4,
        "Hendrycks2020AugMix": 64.2,
        "Hendrycks2020Many": 60.0,
        "Geirhos2018_SIN_IN": 68.7,
    }
    assert result["mce"][list(expected)].round(1).to_dict() == expected
    own = published.models("imagenet-c", "ce")
    own = own[(own["document"] == "robustbench") & (own["dataset"] == "imagenet")].groupby("model")["value"].mean()
    assert own.to_dict() == pytest.approx(result["mce"].to_dict())
    relative = published.models("imagenet-c", "relative_ce")
    relative = relative[relative["table"] == "imagenet"].groupby("model")["value"].mean()
    assert relative.to_dict() == pytest.approx(result["relative_mce"].to_dict())


def test_published_models_say_what_they_were_measured_on() -> None:
    rows = published.models("imagenet-c", "ce")
    resnet = rows[(rows["model"] == "ResNet-50") & (rows["document"] == "hendrycks")]
    assert len(resnet) == 15
    first = resnet.iloc[0]
    assert (first["dataset"], first["classes"], first["image_side"], first["images"]) == ("imagenet", 1000, 224, 50_000)
    assert (first["storage"], first["origin"], first["strengths"]) == ("jpeg85", "printed", "mean of severities 1 to 5")
    assert resnet.set_index("condition").loc["fog", ["value", "low", "high"]].tolist() == pytest.approx(
        [66, 65.5, 66.5]
    )
    ours = rows[rows["model"] == "Standard_R50"].iloc[0]
    assert (ours["images"], ours["reference"], ours["origin"]) == (5000, "AlexNet (of the same table)", "computed")
    assert not rows.duplicated(["model", "document", "dataset", "condition"]).any()
    without = rows[rows["value"].isna()]
    assert (without["reason"] != "").all()
    assert set(without["dataset"]) == {"cifar10", "cifar100", "ImageNet, 100 random classes", "imagenet"}


def test_one_metric_follows_from_another() -> None:
    rows = {m: published.models("imagenet-c", m) for m in ("accuracy", "error", "app", "residual", "ce")}
    accuracy, clean = rows["accuracy"]["value"], rows["accuracy"]["clean_accuracy"]
    assert rows["error"]["value"].tolist() == pytest.approx((1 - accuracy).tolist(), nan_ok=True)
    assert rows["app"]["value"].tolist() == pytest.approx((accuracy / clean).tolist(), nan_ok=True)  # printed ones too
    assert rows["residual"]["value"].tolist() == pytest.approx((clean - accuracy).tolist(), nan_ok=True)
    both = rows["app"]["document"] == "laugros"
    assert set(rows["app"].loc[both, "origin"]) == {"printed"}
    for result in rows.values():
        known = result[result["value"].notna()]
        assert (known["low"] <= known["value"]).all()
        assert (known["value"] <= known["high"]).all()


def test_one_severity_and_the_mean() -> None:
    five = pd.concat([published.models("imagenet-c", "accuracy", severity=s) for s in range(1, 6)])
    assert set(five["document"]) == {"robustbench"}
    means = published.models("imagenet-c", "accuracy")
    means = means[means["document"] == "robustbench"].set_index(["dataset", "model", "condition"])["value"]
    assert five.groupby(["dataset", "model", "condition"])["value"].mean().to_dict() == pytest.approx(means.to_dict())
    third = five[(five["severity"] == 3) & (five["model"] == "AlexNet") & (five["condition"] == "shot_noise")].iloc[0]
    assert third["value"] == pytest.approx(0.0726)
    assert (third["strengths"], third["origin"]) == ("severity 3", "printed")


def test_sequences_have_their_own_metrics() -> None:
    rates = published.models("imagenet-p", "flip_rate")
    assert rates.groupby("model").size().to_dict() == dict.fromkeys(rates["model"], 10)
    flips = published.models("imagenet-p", "flip_probability").set_index(["model", "condition"])["value"]
    assert flips["ResNet-18", "scale"] == pytest.approx(0.66 * 0.2353)
    assert published.models("imagenet-p-extra", "top5_distance")["model"].unique().tolist() == ["AlexNet"]
    with pytest.raises(InvalidArgumentError, match="choose one of flip_probability"):
        published.models("imagenet-p", "ce")
    with pytest.raises(UnknownNameError, match="Did you mean 'imagenet-c'"):
        published.models("imagenet_c")
    with pytest.raises(UnknownNameError, match="published metric"):
        published.models("imagenet-c", "mce")
    with pytest.raises(InvalidArgumentError, match="not 6"):
        published.models("imagenet-c", severity=6)
    with pytest.raises(UnknownNameError, match="published data set"):
        published.accuracies("cifar")
    assert published.models("candidates-40").empty


def test_natural_shifts_are_those_of_the_project() -> None:
    result = published.natural_shifts()
    assert result.shape == (1266, 11)
    assert result["model"].is_unique
    best = result.iloc[0]
    assert (best["image_side"], best["million_parameters"], best["imagenet"], best["a"]) == (
        448,
        305.08,
        90.056,
        88.627,
    )
    assert result.drop(columns="model").isna().sum().sum() == 1  # one accuracy on ImageNet-A that the project lacks
    assert result.loc[result["million_parameters"] > 1000, "model"].tolist()  # 1,014.45, with its comma, is a number
    assert (result["r"] < result["r_clean"] + 1).all()


# --- what it costs


def test_a_file_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    _files.figures.cache_clear()
    assert len(published.load("timm")) == 10_127
    monkeypatch.setattr(Path, "open", lambda *arguments, **options: pytest.fail("it was read again"))
    assert len(published.load("timm")) == 10_127


def test_figures_need_no_torch() -> None:
    code = "import sys; from robustcore import published; published.load(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_files_are_small_and_tidy() -> None:
    folder = paths.assets() / "published"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2.1e6
    for document in published.documents()["document"]:
        with (folder / f"{document}.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert {row["document"] for row in rows} == {document}
        keys = [
            (row["table"], row["model"], row["column"], row["metric"], row["condition"], row["note"]) for row in rows
        ]
        assert len(keys) == len(set(keys)), document


def test_autoattack_by_data_set_norm_and_radius() -> None:
    boards = published.autoattack_boards()
    sizes = {(b.dataset, b.norm, b.radius): len(published.autoattack(b)) for b in boards}
    assert sizes == {
        ("imagenet", "linf", "4/255"): 30,
        ("cifar10", "linf", "8/255"): 93,
        ("cifar10", "linf", "0.031"): 6,
        ("cifar10", "l2", "0.5"): 21,
        ("cifar100", "linf", "8/255"): 38,
    }
    assert boards[0].eps == pytest.approx(4 / 255)
    rows = published.autoattack(published.Board("cifar10", "l2", "0.5")).set_index("model")
    first = rows.loc["Amini2024MeanSparse_S-WRN-70-16"]
    assert (first["clean"], first["autoattack"], first["robust"]) == pytest.approx((0.9551, 0.8728, 0.8433))
    assert rows["robust"].is_monotonic_decreasing
    assert (rows["robust"] <= rows["clean"]).all()
    with pytest.raises(InvalidArgumentError, match="no leaderboard"):
        published.autoattack(published.Board("imagenet", "l2", "0.5"))
