"""The leaderboard: published figures that can be looked up, one's own beside them, and nothing mixed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import robustcore as rc
from robustcore import published
from robustcore.datasets import ArrayDataset
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store
from robustcore.evaluation.store import inventory
from robustcore.models import Card, Classifier
from robustcore.notes import RobustcoreWarning
from robustcore.reports import leaderboard

# Mean corruption errors over the released files that the papers of these models print too, to a point.
RELEASED = {
    "resnet50": 76.5,
    "resnet18": 84.5,
    "resnet50_augmix": 65.7,
    "resnet50_deepaugment": 60.5,
    "resnet50_deepaugment_augmix": 55.2,
    "resnet50_trained_on_SIN_and_IN": 69.3,
    "efficientnet-b0": 74.5,
}
ON_THE_FLY = {"resnet50": 74.0, "resnet50_augmix": 60.9}  # without glass blur


def of_testbed(storage: str) -> pd.DataFrame:
    table = leaderboard.gather(storage)
    return table[table["source"] == leaderboard.TESTBED].set_index("name")


@pytest.mark.parametrize(("storage", "expected"), [("jpeg85", RELEASED), ("memory", ON_THE_FLY)])
def test_mean_corruption_errors_of_the_testbed(storage: str, expected: dict[str, float]) -> None:
    table = of_testbed(storage)
    assert (100 * table["mce"][list(expected)]).round(1).to_dict() == expected
    assert table["mce"]["alexnet"] == pytest.approx(1)
    assert set(table["corruptions"].dropna()) == {len(leaderboard.names(storage))}


def test_each_source_has_its_rows() -> None:
    table = leaderboard.gather()
    assert table["source"].value_counts().to_dict() == {
        leaderboard.TIMM: 1266,
        leaderboard.TESTBED: 228,
        leaderboard.ROBUSTBENCH: 12,
        leaderboard.AUTOATTACK: 30,
    }
    board = table[table["source"] == leaderboard.AUTOATTACK]
    assert board["autoattack"].notna().all()
    assert table["autoattack"].notna().sum() == 30  # another radius or norm is another table
    assert board["mce"].isna().all()
    robustbench = table[table["source"] == leaderboard.ROBUSTBENCH].set_index("name")
    assert robustbench["n"].eq(5000).all()
    assert leaderboard.ROBUSTBENCH not in set(leaderboard.gather("memory")["source"])  # it has released images alone
    with pytest.raises(InvalidArgumentError):
        leaderboard.gather("png")


def test_an_own_model_stands_with_its_images_and_interval() -> None:
    classes = tuple(f"n{i:08d}" for i in range(1000))
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1000))
    with torch.no_grad():
        network[2].weight.zero_()  # type: ignore[union-attr, operator]
        network[2].bias[7] = 1000.0  # type: ignore[union-attr, index, operator]
    model = Classifier(network, Card("mine", classes, 32, "mine"))
    few = Classifier(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), Card("few", classes[:3], 32, "mine"))
    labels = np.array([7, 7, 7, 8])
    images = np.zeros((4, 32, 32, 3), np.uint8)
    dataset = ArrayDataset("mine", images, labels, classes)
    three = ArrayDataset("three", images, labels % 3, classes[:3])
    with Store(shipped=False) as store:
        rc.evaluate(model, dataset, ["contrast"], store=store)
        rc.evaluate(few, three, ["contrast"], store=store)
        rc.evaluate(model, dataset, [Condition("unknown", name) for name in ("uniform", "gaussian")], store=store)
        table = leaderboard.gather("memory", store=store)
    (row,) = table[table["source"] == leaderboard.OWN].to_dict("records")
    assert (row["model"], row["clean"], row["n"], row["corruptions"]) == ("mine", 0.75, 4, 1)
    assert row["corrupted"] == 0.75
    assert np.isnan(row["mce"])  # of one corruption it is another number
    assert 0 < row["low"] < 0.75 < row["high"] < 1
    # The same logits for all images: nothing is noticed; and chance explains one wrong answer of four.
    assert (row["auroc"], row["fpr95"], row["debiased"]) == (0.5, 1, 0)
    assert row["unknown"].count(",") == 1
    published_rows = table[table["source"] != leaderboard.OWN]
    assert published_rows[["auroc", "fpr95", "debiased"]].isna().all(axis=None)


def test_folders_of_one_name_and_seeds_are_not_mixed() -> None:
    """Two data sets of one name are two rows; figures under random corruptions are of one seed."""
    classes = tuple(f"n{i:08d}" for i in range(1000))
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1000))
    with torch.no_grad():
        network[2].bias[7] = 1000.0  # type: ignore[union-attr, operator]
    model = Classifier(network, Card("mine", classes, 32, "mine"))
    images = np.zeros((4, 32, 32, 3), np.uint8)
    one = ArrayDataset("mine", images, np.array([7, 7, 7, 8]), classes)
    other = ArrayDataset("mine", images, np.array([7, 8, 8, 8]), classes)
    with Store(shipped=False) as store:
        rc.evaluate(model, one, ["gaussian_noise"], store=store)
        rc.evaluate(model, one, ["gaussian_noise"], severities=[1], seed=1, store=store)
        rc.evaluate(model, other, "clean", store=store)
        table = leaderboard.gather("memory", store=store)
    own = table[table["source"] == leaderboard.OWN]
    assert own["clean"].tolist() == [0.75, 0.25]
    assert own["dataset"].nunique() == 2
    assert own["corruptions"].iloc[0] == 1
    assert own["n_corrupted"].iloc[0] == 4
    assert own["n_corrupted"].isna().tolist() == [False, True]


def test_accuracy_is_over_the_images_that_have_a_label() -> None:
    """Five of the photographs have one; the inventory, exports and this table divide by five, not by fourteen."""
    data = rc.load_dataset("photographs")
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 1000))
    with torch.no_grad():
        network[2].bias[data.classes.index("espresso")] = 1000.0  # type: ignore[union-attr, operator]
    model = Classifier(network, Card("mine", data.classes, 32, "mine"))
    with Store(shipped=False) as store:
        evaluated = rc.evaluate(model, data, "clean", store=store)
        listed = inventory.listing(store)
        table = leaderboard.gather("memory", store=store)
    assert evaluated["accuracy"].tolist() == listed["accuracy"].tolist() == [0.2]
    assert table["source"].iloc[0] == leaderboard.OWN  # one's own are first
    assert (table["clean"].iloc[0], table["n"].iloc[0]) == (0.2, 5)


def test_the_testbed_has_its_models_settings_and_groups() -> None:
    rows, models = published.imagenet_testbed(), published.imagenet_testbed_models()
    assert (rows["model"].nunique(), rows["setting"].nunique(), len(rows)) == (338, 213, 45_774)
    assert rows["accuracy"].between(0, 1).all()
    corruptions = rows[rows["kind"] == "corruption"]
    assert corruptions.groupby("storage")["condition"].nunique().to_dict() == {"jpeg85": 19, "memory": 18}
    assert len(models) == 228
    assert (models["group"] != "").all()
    assert len(published.imagenet_testbed_models(snapshots=True)) == 338
    # Storage alone: fog on the released files is harder by more than ten points.
    fog = published.accuracies("testbed-released"), published.accuracies("testbed")
    released, made = (t[(t["model"] == "resnet50") & (t["name"] == "fog")]["accuracy"].mean() for t in fog)
    assert 0.08 < made - released < 0.15


def test_the_footer_names_the_sources_of_the_rows_and_the_corruptions_that_means_are_over() -> None:
    table = leaderboard.gather("memory")
    timm = table[table["source"] == leaderboard.TIMM]
    sources, means, *_ = leaderboard.footer(timm, "memory").before
    assert sources["sources"] == (leaderboard.TIMM,)
    assert means["corruptions"] == len(leaderboard.names("memory")) == 14


def test_an_own_figure_under_autoattack_has_its_images_and_its_cautions(monkeypatch: pytest.MonkeyPatch) -> None:
    short = Condition("attack", "autoattack", params=(("eps", 4 / 255), ("queries", 2)))
    classes = tuple(f"n{i:08d}" for i in range(1000))
    # Without a gradient, so that Square Attack alone is run.
    network = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), Rounds(), nn.Linear(3, 1000))
    with torch.no_grad():
        network[3].bias[7] = 1000.0  # type: ignore[union-attr, operator]
    model = Classifier(network, Card("mine", classes, 32, "mine"))
    dataset = ArrayDataset("mine", np.zeros((4, 32, 32, 3), np.uint8), np.full(4, 7), classes)
    with Store(shipped=False) as store:
        rc.evaluate(model, dataset, "clean", store=store)
        with pytest.warns(RobustcoreWarning, match="Square Attack alone"):
            rc.evaluate(model, dataset, short, limit=2, store=store)
        assert leaderboard.gather("memory", store=store)["n_attacked"].isna().all()  # another attack than the board's
        monkeypatch.setattr(leaderboard, "_is_of_the_board", lambda params: True)
        table = leaderboard.gather("memory", store=store)
    (row,) = table[table["source"] == leaderboard.OWN].to_dict("records")
    assert (row["autoattack"], row["n_attacked"], row["n"]) == (1, 2, 4)
    assert "Square Attack alone" in row["caution"]
    assert (table.loc[table["source"] != leaderboard.OWN, "caution"] == "").all()


class Rounds(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.round()
