"""Filtration: the rules against a plain reading of them, what is not asked, the kept set, reviews, and who else is fooled."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from robustcore import cli
from robustcore.datasets import Dataset, load_dataset
from robustcore.datasets.folder import Folder
from robustcore.errors import DatasetError, InvalidArgumentError, JobError
from robustcore.evaluation import filtration
from robustcore.evaluation.filtration import Rules, kept_set, reviews, scores
from robustcore.images import UInt8Array
from robustcore.images.crops import crops
from robustcore.images.preparation import Preparation
from robustcore.models.classifier import Card, Classifier
from robustcore.reports.filtration import gallery, transfer

CLASSES = ("bird", "cat", "dog")
PREPARATION = Preparation(16, 20)


def network(seed: int, preparation: Preparation | None = PREPARATION) -> Classifier:
    """Logits from the mean colours of four parts of the image: crops answer differently."""
    layer = nn.Linear(12, len(CLASSES), bias=False)
    layer.weight.data = 8 * torch.randn(len(CLASSES), 12, generator=torch.Generator().manual_seed(seed))
    colours = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), layer)
    return Classifier(colours, Card(f"net-{seed}", CLASSES, 16, "here", preparation=preparation)).eval()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path / "cache"))
    rng = np.random.default_rng(1)
    for name in CLASSES:
        (tmp_path / "data" / name).mkdir(parents=True)
        for number in range(25):
            pixels = rng.integers(0, 256, (2, 3, 3), dtype=np.uint8)
            Image.fromarray(pixels).resize((28, 22)).save(tmp_path / "data" / name / f"{number}.png")
    return tmp_path / "data"


def by_hand(dataset: Dataset, models: list[Classifier], most_confident: float, per_confusion: int) -> list[list[int]]:
    """The images left after each step, image by image, with all crops of all networks."""
    means: list[list[NDArray[np.float64]]] = []
    hit = np.zeros((len(models), len(dataset)), bool)
    for m, model in enumerate(models):
        means.append([])
        for i in range(len(dataset)):
            views = torch.from_numpy(crops(dataset.source(i), 16, PREPARATION).transpose(0, 3, 1, 2).copy())
            with torch.inference_mode():
                p = model(views).softmax(1).numpy().astype(float)
            hit[m, i] = (p.argmax(1) == dataset.labels[i]).any()
            means[m].append(p.mean(0))
    left = [list(range(len(dataset)))]
    for m in range(len(models)):
        left.append([i for i in left[-1] if not hit[m, i]])
    true = [max(mean[i][dataset.labels[i]] for mean in means) for i in range(len(dataset))]
    left.append([i for i in left[-1] if true[i] <= most_confident])
    kept: list[int] = []
    count: dict[tuple[int, int], int] = {}
    for i in sorted(left[-1], key=lambda i: true[i]):
        answer = max((c for c in range(3) if c != dataset.labels[i]), key=lambda c: means[0][i][c])
        pair = int(dataset.labels[i]), answer
        count[pair] = count.get(pair, 0) + 1
        if count[pair] <= per_confusion:
            kept.append(i)
    return [*left, kept]


@pytest.mark.parametrize("rules", [Rules(), Rules(0.05, 2)])
def test_the_funnel_is_what_the_rules_say_image_by_image(folder: Path, rules: Rules) -> None:
    dataset, models = load_dataset(folder), [network(0), network(3)]
    expected = by_hand(dataset, models, rules.most_confident, rules.per_confusion)
    progress: list[tuple[int, int]] = []
    answers = filtration.run(dataset, models, progress=lambda *step: progress.append(step))
    chosen = filtration.select(dataset, [(m.card.name, CLASSES) for m in models], answers, rules)
    assert [step.kind for step in chosen.steps] == ["labelled", "fooled", "fooled", "unsure", "varied", "reviewed"]
    assert [step.images for step in chosen.steps] == [*map(len, expected), len(expected[-1])]
    assert chosen.shortlist["place"].tolist() == expected[-1]
    assert 0 < len(expected[-1]) < len(expected[1]) < 75, "every rule has something to do"
    assert chosen.shortlist["confidence"].is_monotonic_increasing
    assert (chosen.shortlist["label"] != chosen.shortlist["answer"]).all()
    assert progress[-1] == (75, 75)


def test_an_image_that_is_settled_is_not_asked_about_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dataset, models = load_dataset(folder), [network(0), network(3)]
    requests: Counter[str] = Counter()

    def counted(model: Classifier, images: UInt8Array, cancelled: Callable[[], bool]) -> NDArray[np.float64]:
        requests[model.card.name] += len(images)
        return probabilities(model, images, cancelled)

    probabilities = scores._probabilities
    monkeypatch.setattr(scores, "_probabilities", counted)
    first = filtration.run(dataset, models)
    assert 75 < requests["net-0"] < 750
    assert 0 < requests["net-3"] < requests["net-0"]
    requests.clear()
    again = filtration.run(dataset, models)
    assert not requests
    assert (again.right == first.right).all()
    assert np.array_equal(again.confidence, first.confidence, equal_nan=True)


def test_a_stopped_run_goes_on_where_it_was(folder: Path) -> None:
    dataset, models = load_dataset(folder), [network(0)]

    def stop(done: int, total: int) -> None:
        if done >= 64:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filtration.run(dataset, models, progress=stop)
    key = filtration.key_of(dataset, models, 10)
    assert [scores.kept_part(key, *part) is not None for part in filtration.parts(75)] == [True, True, False]
    with pytest.raises(JobError):
        filtration.score(dataset, models, 64, 75, cancelled=lambda: True)


def test_what_cannot_be_filtered_is_refused(folder: Path) -> None:
    dataset = load_dataset(folder)
    with pytest.raises(InvalidArgumentError):
        filtration.run(dataset, [])
    with pytest.raises(InvalidArgumentError):
        filtration.run(dataset, [network(0), network(0)])
    with pytest.raises(InvalidArgumentError):
        filtration.run(dataset, [network(0)], crop_count=3)
    with pytest.raises(InvalidArgumentError):
        Rules(most_confident=1.5)
    with pytest.raises(DatasetError):
        filtration.run(load_dataset("scenes", limit=4), [network(0)])


def chosen_of(dataset: Dataset, models: list[Classifier], rules: Rules = Rules()) -> filtration.Selection:  # noqa: B008
    answers = filtration.run(dataset, models)
    key = filtration.key_of(dataset, models, 10)
    return filtration.select(dataset, [(m.card.name, CLASSES) for m in models], answers, rules, reviews.rejected(key))


def choice_of(dataset: Dataset, models: list[Classifier]) -> kept_set.Choice:
    prints = tuple((m.card.name, m.fingerprint()) for m in models)
    return kept_set.Choice(dataset.name, dataset.split, dataset.fingerprint, prints, 10)


def test_the_kept_set_is_a_dataset_that_follows_the_review(folder: Path, tmp_path: Path) -> None:
    dataset, models = Folder(folder), [network(0), network(3)]
    chosen, output = chosen_of(dataset, models), tmp_path / "kept"
    written = kept_set.write(dataset, chosen, output, choice_of(dataset, models), Rules())
    kept = load_dataset(output)
    assert len(kept) == len(chosen.kept) == len(written.files)
    assert filtration.right_answers(models[0], kept, range(len(kept))).sum() == 0
    for file, place in zip(written.files, chosen.kept["place"], strict=True):
        assert (output / file).read_bytes() == (folder / dataset.paths[place]).read_bytes()
    page = gallery.write(output, "Kept", chosen, written.files).read_text()
    assert all(file in page for file in written.files)
    assert (gallery.class_name("n01440764"), gallery.class_name("bird")) == ("tench", "bird")
    reviews.reject(filtration.key_of(dataset, models, 10), chosen.kept["id"].tolist()[:2])
    reviewed = chosen_of(dataset, models)
    assert reviewed.steps[-1].images == len(chosen.kept) - 2
    again = kept_set.write(dataset, reviewed, output, choice_of(dataset, models), Rules())
    assert again.removed == 2
    assert len(load_dataset(output)) == len(reviewed.kept)
    assert [row["id"] for row in json.loads((output / kept_set.LIST).read_text())["images"]] == reviewed.kept[
        "id"
    ].tolist()
    with pytest.raises(DatasetError):
        kept_set.write(dataset, reviewed, output, choice_of(dataset, models[:1]), Rules())
    with pytest.raises(DatasetError):
        kept_set.write(dataset, reviewed, folder, choice_of(dataset, models), Rules())


def test_a_list_that_was_tampered_with_removes_nothing_outside(folder: Path, tmp_path: Path) -> None:
    dataset, models = load_dataset(folder), [network(0)]
    chosen, output = chosen_of(dataset, models), tmp_path / "kept"
    kept_set.write(dataset, chosen, output, choice_of(dataset, models), Rules())
    outside = tmp_path / "a" / "precious.png"
    outside.parent.mkdir()
    outside.write_bytes(b"x")
    contents = json.loads((output / kept_set.LIST).read_text())
    contents["images"] += [{"file": "../a/precious.png"}, {"file": str(outside)}, {"file": kept_set.LIST}]
    (output / kept_set.LIST).write_text(json.dumps(contents))
    assert kept_set.write(dataset, chosen, output, choice_of(dataset, models), Rules()).removed == 0
    assert outside.exists()


def test_random_images_have_as_many_of_each_class_and_intervals_tell_who_is_fooled(folder: Path) -> None:
    dataset = load_dataset(folder)
    chosen = chosen_of(dataset, [network(0)])
    places = transfer.random_places(dataset, chosen, images=75, seed=3)
    assert len(set(places.tolist())) == len(places)
    names = [dataset.classes[label] for label in dataset.labels[places]]
    assert sorted(names) == sorted(chosen.kept["label"])
    assert (places == transfer.random_places(dataset, chosen, images=75, seed=3)).all()

    def bools(right: int, images: int = 40) -> NDArray[np.bool_]:
        return np.arange(images) < right

    report = transfer.transfer(
        [
            ("chooser", True, bools(0), bools(36)),
            ("weak", False, bools(10), bools(34)),
            ("strong", False, bools(33), bools(35)),
        ]
    )
    assert [(note.kind, note.subject) for note in report.notes] == [("fools", "weak"), ("does_not_fool", "strong")]
    weak = report.table[(report.table["model"] == "weak") & (report.table["images"] == "kept")].iloc[0]
    assert weak["accuracy"] == 0.25
    assert weak["low"] == pytest.approx(0.142, abs=1e-3)
    assert weak["difference"] == pytest.approx(0.6)
    assert 0 < weak["difference_low"] < 0.6 < weak["difference_high"]
    assert [note.kind for note in transfer.transfer([("a", True, bools(0, 3), bools(2, 3))]).notes] == [
        "nobody_else",
        "few_images",
    ]


def test_the_command_filters_a_folder_and_keeps_the_review(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, shape in zip(CLASSES, ("arrow", "bolt", "umbrella"), strict=True):
        (folder / name).rename(folder / shape)
    command = ["filter", "--dataset", str(folder), "--model", "scenes/resnet-standard", "--crops", "1", "--limit", "40"]
    command += ["--answers", "folder", "--per-confusion", "3", "--judge", "scenes/resnet-augmix"]
    command += ["--output", str(tmp_path / "kept")]
    assert cli.main(command) == 0
    contents = json.loads((tmp_path / "kept" / kept_set.LIST).read_text())
    assert contents["steps"][0]["images"] == 40
    assert contents["steps"][-1]["images"] == len(contents["images"]) > 1
    assert "resnet-augmix" in capsys.readouterr().out
    (tmp_path / "rejected.txt").write_text(f"{contents['images'][0]['id']}\n")
    assert cli.main([*command, "--rejected", str(tmp_path / "rejected.txt")]) == 0
    assert len(load_dataset(tmp_path / "kept")) == len(contents["images"]) - 1
