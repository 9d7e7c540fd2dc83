"""Evaluations on folders as people have them: numbered classes, broken images, names that are not UTF-8."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import robustcore as rc
from robustcore.errors import DatasetError, InvalidArgumentError
from robustcore.evaluation import lookup
from robustcore.evaluation.classes import OrderError, matching
from robustcore.evaluation.jobs import jobs, worker
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import Card, Classifier

STEP = 20  # grey levels between two classes


class ByGrey(nn.Module):
    """Answers with the class whose grey level, its number times `STEP`, is nearest."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.levels = nn.Parameter(torch.arange(classes) * STEP / 255)

    def forward(self, x: Tensor) -> Tensor:
        return -100 * (x.mean(dim=(1, 2, 3))[:, None] - self.levels).abs()


def model(*names: str) -> Classifier:
    return Classifier(ByGrey(len(names)), Card(f"grey-{names[2]}", names, 32, "none", architecture="test/grey")).eval()


def folder(root: Path, names: list[str], images: int = 1) -> Path:
    """Folder k in the sorted order has images of the grey level of class k."""
    for place, name in enumerate(sorted(names)):
        (root / name).mkdir(parents=True)
        for i in range(images):
            Image.new("L", (32, 32), place * STEP).save(root / name / f"{i}.png")
    return root


NUMBERS = tuple(str(i) for i in range(12))


class TestNumberedFolders:
    def test_two_orders_are_asked_about(self, tmp_path: Path) -> None:
        root = folder(tmp_path / "data", list(NUMBERS))
        table = rc.evaluate([model(*NUMBERS), model(*sorted(NUMBERS))], root, "clean")
        requests, other = table.to_dict("records")
        assert np.isnan(requests["accuracy"])
        assert all(part in requests["reason"] for part in ("order=name", "order=place", "the folder 10 is class 10"))
        assert (other["accuracy"], other["reason"]) == (1, "")

    def test_the_choice_is_part_of_the_model(self) -> None:
        name = "scenes/resnet?weights=none&classes=12"
        plain, by_name, by_place = (rc.load_model(name + order) for order in ("", "&order=name", "&order=place"))
        assert (plain.card.classes, by_place.card.classes) == (NUMBERS, tuple(sorted(NUMBERS)))
        assert by_name.card.classes == tuple(f"{i:02}" for i in range(12))
        assert len({m.fingerprint() for m in (plain, by_name, by_place)}) == 3
        assert rc.models.card(f"{name}&order=place").classes == by_place.card.classes
        with pytest.raises(InvalidArgumentError, match="name, place"):
            rc.load_model(f"{name}&order=size")
        with pytest.raises(InvalidArgumentError, match="have names"):
            rc.load_model("scenes/resnet-standard?order=place")

    def test_matching(self) -> None:
        folders = sorted(NUMBERS)
        assert matching("m", tuple(f"{i:02}" for i in range(12)), "d", folders).tolist() == [int(f) for f in folders]
        assert matching("m", folders, "d", folders).tolist() == list(range(12))
        with pytest.raises(OrderError):
            matching("m", NUMBERS, "d", folders)
        thousand = [str(i) for i in range(1000)]
        assert matching("m", thousand, "d", ["207", "281"]).tolist() == [207, 281]
        assert matching("m", NUMBERS[:10], "d", sorted(NUMBERS[:10])).tolist() == list(range(10))
        one_more = sorted(str(i) for i in range(1, 13))
        assert matching("m", NUMBERS, "d", one_more).tolist() == list(range(12))
        assert matching("m", ["1", "01"], "d", ["01", "1"]).tolist() == [1, 0]
        assert matching("m", ["Ka\u0308fer", "ant"], "d", ["K\u00e4fer"]).tolist() == [0]

    def test_some_wordnet_folders_are_told_why(self) -> None:
        with pytest.raises(DatasetError, match="matched by their place, when all 3 are there"):
            matching("m", ["tench", "goldfish", "shark"], "d", ["n01440764", "n01443537"])


def test_a_broken_image_costs_one_image_in_every_condition(tmp_path: Path) -> None:
    root = folder(tmp_path / "data", ["a", "b", "c"], images=6)
    (root / "b" / "3.png").write_bytes((root / "b" / "3.png").read_bytes()[:60])
    (root / "c" / "0.png").write_bytes(b"")
    table = rc.evaluate(model("a", "b", "c"), root, ["contrast", "pixelate"], severities=[1])
    assert table["n"].tolist() == [16, 16, 16]
    assert table["reason"].tolist() == [""] * 3
    (sentence,) = table.attrs["left_out"]
    assert all(name in sentence for name in ("b/3.png", "c/0.png", "2 images"))
    assert rc.evaluate(model("a", "b", "c"), root, "clean", limit=10)["n"].tolist() == [10]
    assert lookup(model("a", "b", "c"), root, "clean")["n"].tolist() == [16]


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    root = folder(Path(os.fsdecode(os.fsencode(tmp_path) + b"/Donn\xe9es")), ["a", "b"], images=2)
    (root / "a" / os.fsdecode(b"chien_\xe9.png")).write_bytes(b"broken")
    request = EvaluationRequest("scenes/resnet?weights=none&classes=2", root, "clean")  # type: ignore[arg-type]
    summary, table = worker.run_job(jobs.submit(request, here=True))
    assert (summary.failed, table["n"].tolist(), table["dataset"].tolist()) == (0, [4], [r"Donn\xe9es"])
    assert r"chien_\xe9.png" in table.attrs["left_out"][0]
    assert r"Donn\xe9es" in jobs.list_jobs()[0].title
