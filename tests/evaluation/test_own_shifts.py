"""Shifts of one's own: folders of the same classes, named in a suite file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import robustcore as rc
from robustcore.display import display_name
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Store, suites
from robustcore.models import Card, Classifier
from robustcore.reports.compare import comparison

CLASSES = ("bird", "cat", "dog")


class ByGrey(nn.Module):
    """Answers with the class whose grey level is nearest."""

    def __init__(self) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.tensor([50.0, 100.0, 150.0]) / 255)

    def forward(self, x: Tensor) -> Tensor:
        return -100 * (x.mean(dim=(1, 2, 3))[:, None] - self.levels).abs()


def images(root: Path, levels: dict[str, list[int]]) -> Path:
    for class_, greys in levels.items():
        for k, grey in enumerate(greys):
            path = root / class_ / f"{k}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("L", (16, 16), grey).save(path)
    return root


@pytest.fixture
def model() -> Classifier:
    return Classifier(ByGrey(), Card("grey", CLASSES, 16, "none", architecture="test/grey")).eval()


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    return images(tmp_path / "clean", {"bird": [50, 51], "cat": [100, 101], "dog": [150, 151]})


def suite(tmp_path: Path, folder: str = "night") -> Path:
    path = tmp_path / "own.toml"
    path.write_text(f'[[condition]]\nkind = "shift"\nname = "night"\nfolder = "{folder}"\n')
    return path


def test_other_images_of_the_same_classes(model: Classifier, clean: Path, tmp_path: Path) -> None:
    images(tmp_path / "night", {"cat": [100, 50, 102], "dog": [150]})  # without birds
    table = rc.evaluate(model, clean, str(suite(tmp_path)))
    first, shifted = table.to_dict("records")
    assert (first["accuracy"], first["n"]) == (1, 6)
    assert (shifted["kind"], shifted["name"], shifted["n"]) == ("shift", "own/night", 4)
    assert shifted["accuracy"] == pytest.approx(3 / 4)
    app = rc.metrics.app(table)
    assert app[app["name"] == "own/night"]["app"].tolist() == pytest.approx([0.75])
    assert display_name("own/night", "shift") == "Night"
    data = rc.load_dataset(clean)
    compared = comparison.gather(comparison.subjects(["grey"], data), data, [str(suite(tmp_path))], store=Store())
    assert compared.corrupted["accuracy"].tolist() == pytest.approx([3 / 4])


def test_a_shift_has_the_title_that_its_file_gives_it(tmp_path: Path) -> None:
    path = tmp_path / "titled.toml"
    row = '[[condition]]\nkind = "shift"\nname = "dusk"\nfolder = "dusk"\n'
    path.write_text(f'{row}title = "Pictures at dusk"\n')
    (condition,) = suites.load(path).rows
    assert display_name("own/dusk", "shift") == "Pictures at dusk"
    path.write_text(row)
    assert suites.load(path).rows == (condition,)  # a title is no part of what is scored
    assert display_name("own/dusk", "shift") == "Dusk"


def test_found_by_the_images_wherever_they_are(model: Classifier, clean: Path, tmp_path: Path) -> None:
    images(tmp_path / "night", {"cat": [100]})
    rc.evaluate(model, clean, str(suite(tmp_path)))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "night").rename(tmp_path / "elsewhere" / "night")
    moved = suite(tmp_path / "elsewhere")
    assert rc.evaluate(model, clean, str(moved))["cached"].tolist() == [True, True]
    images(tmp_path / "elsewhere" / "night", {"cat": [50]})
    again = rc.evaluate(model, clean, str(moved))
    assert again["cached"].tolist() == [True, False]
    assert again["accuracy"].tolist() == [1, 0]


def test_what_is_missing_is_a_row_with_its_reason(model: Classifier, clean: Path, tmp_path: Path) -> None:
    table = rc.evaluate(model, clean, str(suite(tmp_path)))
    assert np.isnan(table["accuracy"][1])
    assert "night" in table["reason"][1]
    images(tmp_path / "night", {"horse": [100]})
    table = rc.evaluate(model, clean, str(suite(tmp_path)))
    assert "'horse'" in table["reason"][1]


@pytest.mark.parametrize(
    "row",
    [
        'kind = "shift"\nname = "x"\nfolder = "../x"',
        'kind = "shift"\nname = "x"\nfolder = "/x"',
        'name = "fog"\nfolder = "x"',
        'kind = "shift"\nname = "x"\nfolder = "x"\nseverity = 3',
        'kind = "shift"\nname = "own/x"\nparams = { folder = "/x" }',
    ],
)
def test_rows_that_are_refused(row: str, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(f"[[condition]]\n{row}\n")
    with pytest.raises(InvalidArgumentError):
        suites.load(path)


def test_it_is_kept_where_its_file_is(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="relative to its file"):
        suites.keep(suites.load(suite(tmp_path)))
