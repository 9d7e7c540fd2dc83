"""Shifts as conditions: evaluated through the suite with clean beside them, refused with another dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import robustcore as rc
from robustcore.datasets import imagenet_shifts
from robustcore.datasets.scenes import SHIFTS, Scenes, ShiftedScenes
from robustcore.errors import DatasetError, InvalidArgumentError, UnknownNameError
from robustcore.evaluation import Condition, api, operations, suites
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store import inventory, schema
from robustcore.evaluation.store.store import Store
from robustcore.metrics import detection
from robustcore.models.classifier import Card, Classifier

SUITE = [f"scenes/{name}" for name in SHIFTS]


@pytest.fixture
def model() -> Classifier:
    torch.manual_seed(0)
    network = nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Linear(48, 12))
    return Classifier(network, Card("tiny/scenes", Scenes.classes, 64, "scenes", architecture="tiny")).eval()


def test_the_suite_is_evaluated_with_clean(model: Classifier, tmp_path: Path) -> None:
    store = Store(tmp_path / "results.sqlite")
    table = rc.evaluate(model, "scenes", "scenes-shifts", limit=24, store=store)
    assert table["name"].tolist() == ["clean", *SUITE]
    assert (table["n"] == 24).all()
    assert (table["dataset"] == "scenes").all()
    by_name = table.set_index("name")
    for name in SHIFTS:
        if name != "unknown":
            shifted = ShiftedScenes(name, limit=24)
            right = (model(shifted.images(0, 24)).argmax(1).numpy() == shifted.labels).mean()
            assert by_name.loc[f"scenes/{name}", "accuracy"] == pytest.approx(right)
    preserved = rc.metrics.app(table).set_index("name")["app"]
    clean = by_name.loc["clean", "accuracy"]
    assert preserved["scenes/sketch"] == pytest.approx(by_name.loc["scenes/sketch", "accuracy"] / clean)
    again = rc.evaluate(model, "scenes", "scenes-shifts", limit=12, store=store)
    assert again.attrs["summary"]["computed"] == 0, "a limit is a prefix of each set"


def test_unknown_shapes_have_no_accuracy_and_their_scores_are_kept(model: Classifier, tmp_path: Path) -> None:
    store = Store(tmp_path / "results.sqlite")
    unknown = Condition("shift", "scenes/unknown", params=(("clean", "scenes"),))
    table = rc.evaluate(model, "scenes", [unknown], limit=24, store=store).set_index("name")
    assert np.isnan(table.loc["scenes/unknown", "accuracy"])
    assert np.isnan(table.loc["scenes/unknown", "top5"])
    assert 0 < table.loc["scenes/unknown", "confidence"] < 1
    assert "no right answer" in table.loc["scenes/unknown", "reason"]
    assert table.loc["clean", "reason"] == ""
    listed = inventory.listing(store)
    listed = listed[~listed["shipped"]].set_index("name")
    assert listed.loc["scenes/unknown", ["correct", "accuracy", "top5"]].isna().all()
    assert listed.loc["clean", "accuracy"] == table.loc["clean", "accuracy"]
    scores = {}
    for cell in api.prepare(EvaluationRequest.of(model, "scenes", [unknown], limit=24)).cells:
        kept = store.predictions(cell)
        assert kept is not None
        assert kept.logits is not None
        assert kept.log_sum_exp is not None
        scores[cell.condition.kind] = detection.maximum_softmax(kept.logits[:, 0], kept.log_sum_exp)
    expected = -model(ShiftedScenes("unknown", limit=24).images(0, 24)).softmax(1).amax(1).detach().numpy()
    assert scores["shift"] == pytest.approx(expected, rel=1e-4)
    assert 0 <= detection.auroc(scores["clean"], scores["shift"]) <= 1


def test_the_results_file_knows_which_conditions_have_no_right_answer() -> None:
    known = [Condition("shift", name) for name in (*SUITE, *imagenet_shifts.LAYOUTS)]
    assert tuple(c.name for c in known if operations.of(c).unlabelled(c)) == schema.UNLABELLED


def test_a_shift_is_refused_with_another_dataset(make_dataset: Callable[..., object]) -> None:
    shift = operations.of(Condition("shift", "scenes/sketch"))
    for name, base, says in (
        ("scenes/sketch", Scenes("val"), r"shift of scenes \(test\), and is not evaluated with scenes \(val\)"),
        ("scenes/sketch", make_dataset(), r"not evaluated with squares"),
        ("imagenet-a", Scenes(), "shift of ImageNet, and is not evaluated with scenes"),
    ):
        with pytest.raises(DatasetError, match=says):
            shift.dataset(Condition("shift", name, params=(("clean", "scenes"),)), base)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("condition", "error", "says"),
    [
        (Condition("shift", "scenes/skech"), UnknownNameError, "Did you mean 'scenes/sketch'"),
        (Condition("shift", "scenes/sketch", 3), InvalidArgumentError, "no severity"),
        (Condition("shift", "scenes/sketch", storage="jpeg85"), InvalidArgumentError, "storage is 'memory'"),
        (Condition("shift", "scenes/sketch", params=(("clean", "imagenet"),)), InvalidArgumentError, "one of 'scenes'"),
    ],
)
def test_conditions_that_mean_nothing_are_refused(condition: Condition, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        suites.resolve([condition])


def test_a_row_need_not_name_the_clean_dataset(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[condition]]\nkind = "shift"\nname = "scenes/sketch"\n')
    assert suites.resolve(file)[1] == Condition("shift", "scenes/sketch", params=(("clean", "scenes"),))


def test_the_seed_of_the_clean_scenes_is_the_seed_of_the_shifted_ones() -> None:
    condition = suites.resolve("scenes-shifts")[2]
    shifted = operations.of(condition).dataset(condition, Scenes(seed=3))
    assert shifted.fingerprint == ShiftedScenes("sketch", seed=3).fingerprint


class Grey(nn.Module):
    """Logits fall with the distance of the mean grey level to 0, 10, 20, ...: one class every ten levels."""

    def forward(self, x: Tensor) -> Tensor:
        centres = torch.arange(20, device=x.device) * (10 / 255)
        return -100 * (x.mean(dim=(1, 2, 3))[:, None] - centres).abs()


def grey(path: Path, level: int) -> None:
    path.parent.mkdir(parents=True)
    Image.new("RGB", (40, 40), (level, level, level)).save(path)


def test_imagenet_a_is_answered_among_its_own_classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    classes = tuple(f"n{i:08d}" for i in range(20))
    for number, name in enumerate(classes):
        grey(tmp_path / "val" / name / "a.png", 10 * number)
    # 3 as it is; 7 nearer to class 8, which the set does not have; 12 nearer to 3.
    for number, level in ((3, 30), (7, 80), (12, 40)):
        grey(tmp_path / "shifts" / "imagenet-a" / classes[number] / "a.png", level)
    monkeypatch.setenv(imagenet_shifts.VARIABLE, str(tmp_path / "shifts"))
    model = Classifier(Grey(), Card("tiny/grey", classes, 32, "imagenet", architecture="tiny")).eval()
    condition = Condition("shift", "imagenet-a")
    store = Store(tmp_path / "results.sqlite")
    table = rc.evaluate(model, str(tmp_path / "val"), [condition], store=store).set_index("name")
    assert table.loc["clean", "accuracy"] == 1
    assert table.loc["imagenet-a", "n"] == 3
    assert table.loc["imagenet-a", "accuracy"] == pytest.approx(2 / 3)
    (kept,) = (
        store.predictions(cell)
        for cell in api.prepare(EvaluationRequest.of(model, str(tmp_path / "val"), [condition])).cells
        if cell.condition.kind == "shift"
    )
    assert kept is not None
    assert set(kept.classes.ravel().tolist()) == {3, 7, 12, -1}
    monkeypatch.delenv(imagenet_shifts.VARIABLE)
    with pytest.raises(DatasetError, match="ROBUSTCORE_SHIFTS has to name"):
        rc.evaluate(model, str(tmp_path / "val"), [condition], store=store)
