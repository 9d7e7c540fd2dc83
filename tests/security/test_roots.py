"""Paths that a page is given: within the data roots with every link resolved, or refused whether they exist or not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit import config

from dashboard import cache
from dashboard.cache import datasets
from dashboard.session import actions, roots
from robustcore.errors import InvalidArgumentError, RobustcoreError
from robustcore.evaluation.jobs import jobs
from robustcore.evaluation.request import EvaluationRequest
from tests.dashboard.conftest import OpenPage

OUTSIDE = "outside the folders that are opened"


def class_folders(place: Path) -> Path:
    for name in ("cat", "dog"):
        (place / name).mkdir(parents=True)
        Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(place / name / "1.png")
    return place


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data root with a set of images, beside it a secret one."""
    datasets._folder.clear()
    class_folders(tmp_path / "root" / "images")
    class_folders(tmp_path / "secret")
    (tmp_path / "secret" / "model.safetensors").write_bytes(b"secret")
    monkeypatch.setenv(roots.VARIABLE, str(tmp_path / "root"))
    return tmp_path / "root"


def test_a_path_in_a_root_may_be_absolute_or_relative(root: Path) -> None:
    assert roots.dataset(str(root / "images")) == str(root / "images")
    assert roots.dataset("images") == str(root / "images")
    assert roots.dataset("images/../images/./") == str(root / "images")
    assert roots.dataset("scenes") == "scenes"
    assert len(cache.datasets.dataset(cache.datasets.Data("images"))) == 2


def test_several_roots_are_searched_in_order(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = class_folders(tmp_path / "other" / "more").parent
    monkeypatch.setenv(roots.VARIABLE, os.pathsep.join([str(root), str(other)]))
    assert roots.dataset("more") == str(other / "more")
    assert roots.dataset(str(root / "images")) == str(root / "images")


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "images/../../secret",
        "/etc",
        "/",
        "..",
        "/proc/self/root/etc",
        "~",
        "~root",
        "{root}/../secret",
        "{root}-beside",
        "//etc",
        "{parent}",
        "../does-not-exist",
        "a/" * 500 + "../" * 501,
    ],
)
def test_a_way_out_is_refused_in_the_same_words_whether_it_leads_anywhere(root: Path, path: str) -> None:
    Path(f"{root}-beside").mkdir()
    path = path.format(root=root, parent=root.parent)
    with pytest.raises(InvalidArgumentError, match=OUTSIDE):
        cache.datasets.dataset(cache.datasets.Data(path))
    with pytest.raises(InvalidArgumentError, match=OUTSIDE):
        roots.model(f"{path}/model.safetensors")
    with pytest.raises(InvalidArgumentError, match=OUTSIDE):
        roots.request(EvaluationRequest(("scenes/resnet-standard",), "scenes", (f"{path}/suite.toml",)))


def test_a_link_out_of_the_root_is_followed_before_it_is_judged(root: Path) -> None:
    (root / "door").symlink_to(root.parent / "secret")
    (root / "model.safetensors").symlink_to(root.parent / "secret" / "model.safetensors")
    (root / "two-steps").symlink_to(root / "door")
    for name in ("door", "two-steps", "door/cat"):
        with pytest.raises(InvalidArgumentError, match=OUTSIDE):
            cache.datasets.dataset(cache.datasets.Data(name))
    with pytest.raises(InvalidArgumentError, match=OUTSIDE):
        roots.model(str(root / "model.safetensors"))


@pytest.mark.parametrize("target", ["secret/cat", "secret/cat/1.png"])
def test_a_link_inside_a_folder_of_images_is_found(root: Path, target: str) -> None:
    name = "bird" if target.endswith("cat") else "cat/2.png"
    (root / "images" / name).symlink_to(root.parent / target)
    with pytest.raises(InvalidArgumentError, match="is a link that leads out"):
        cache.datasets.dataset(cache.datasets.Data("images"))
    with pytest.raises(InvalidArgumentError, match="is a link that leads out"):
        actions.submit(EvaluationRequest(("scenes/resnet-standard",), "images", ("contrast",), limit=1))


def test_links_within_the_roots_are_welcome(root: Path) -> None:
    (root / "again").symlink_to(root / "images")
    (root / "images" / "bird").symlink_to(root / "images" / "cat")
    assert roots.dataset("again") == str(root / "images")
    assert len(cache.datasets.dataset(cache.datasets.Data("again"))) == 3


def test_a_loop_of_links_ends(root: Path) -> None:
    (root / "a").symlink_to(root / "b")
    (root / "b").symlink_to(root / "a")
    (root / "images" / "cat" / "deeper").symlink_to(root / "images")
    with pytest.raises(RobustcoreError):
        cache.datasets.dataset(cache.datasets.Data("a"))
    with pytest.raises(RobustcoreError):
        roots.model("a/model.safetensors")
    assert len(cache.datasets.dataset(cache.datasets.Data("images"))) >= 2


@pytest.mark.parametrize("path", ["images\0/etc", "\0", "x" * 300, "x/" * 5000, "x" * 1_000_000], ids=lambda p: len(p))
def test_impossible_paths_are_one_short_sentence(root: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for confined in (True, False):
        if not confined:
            monkeypatch.delenv(roots.VARIABLE)
            assert roots.any_path()
        for ask in (
            lambda p: cache.datasets.dataset(cache.datasets.Data(p)),
            lambda p: cache.estimates.price(EvaluationRequest((f"{p}.pth",), "scenes", ("contrast",)).to_json()),
        ):
            with pytest.raises(RobustcoreError) as error:
                ask(path)
            assert "\n" not in str(error.value)


def test_what_is_no_file_is_not_waited_for(root: Path) -> None:
    os.mkfifo(root / "pipe.pth")
    with pytest.raises(InvalidArgumentError, match="neither a file nor a folder"):
        roots.model("pipe.pth?architecture=scenes/resnet")


def test_a_confined_model_keeps_its_options(root: Path, small_model: Path) -> None:
    shutil.copy2(small_model, root / "small.safetensors")
    assert roots.model("small.safetensors?classes=12") == f"{root}/small.safetensors?classes=12"
    assert roots.model("scenes/resnet-standard") == "scenes/resnet-standard"
    assert roots.model("torchvision/resnet50") == "torchvision/resnet50"


@pytest.mark.parametrize(
    ("address", "read_only", "free"),
    [
        ("127.0.0.1", False, True),
        ("localhost", False, True),
        ("::1", False, True),
        ("0.0.0.0", False, False),
        ("192.168.0.2", False, False),
        (None, False, False),
        ("127.0.0.1", True, False),
    ],
)
def test_without_a_root_paths_are_for_a_dashboard_of_ones_own(
    address: str | None, read_only: bool, free: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", str(int(read_only)))
    config.set_option("server.address", address)
    place = class_folders(tmp_path / "images")
    assert roots.open_to_paths() == free
    assert roots.allows(str(place)) == free
    if free:
        assert roots.dataset(str(place)) == str(place)
    else:
        with pytest.raises(InvalidArgumentError, match="no folders are opened on this dashboard"):
            roots.dataset(str(place))


def test_the_page_itself_refuses_and_launches_nothing(root: Path, open_page: OpenPage, own_model: str) -> None:
    at = open_page(
        "evaluate",
        evaluate_model=own_model,
        evaluate_limit="2",
        evaluate_dataset="a folder …",
        evaluate_folder=str(root.parent / "secret"),
    )
    assert not at.exception
    (error,) = at.error
    assert OUTSIDE in error.value
    assert not [b for b in at.button if b.key == "evaluate_launch"]
    assert jobs.list_jobs() == []


def test_the_page_hides_folders_where_none_are_opened(
    open_page: OpenPage, own_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache.estimates, "price", roots.dataset)  # refuses at once; the price is not what this is about
    for address, offered in (("127.0.0.1", True), ("0.0.0.0", False)):
        config.set_option("server.address", address)
        at = open_page("evaluate", evaluate_model=own_model, evaluate_limit="2")
        assert not at.exception
        (dataset,) = [box for box in at.selectbox if box.key == "evaluate_dataset"]
        assert (dataset.options[:2], len(dataset.options) > 2) == (["scenes", "photographs"], offered)


def test_a_proxys_name_ends_that_any_path_may_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"server.address": "127.0.0.1", "server.allowedHosts": ["127.0.0.1", "localhost"]}
    monkeypatch.delenv(roots.VARIABLE, raising=False)
    monkeypatch.setattr(roots.st, "get_option", options.__getitem__)
    assert roots.any_path()
    options["server.allowedHosts"].append("robust.example.org")
    assert not roots.any_path()


def test_folders_beside_a_suite_are_confined_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "night").symlink_to(outside)
    suite = root / "own.toml"
    suite.write_text('[[condition]]\nkind = "shift"\nname = "night"\nfolder = "night"\n')
    monkeypatch.setenv("ROBUSTCORE_DATA_ROOTS", str(root))
    for request in (
        EvaluationRequest(("scenes/resnet-standard",), "scenes", (str(suite),)),
        EvaluationRequest(("scenes/resnet-standard",), "scenes", ("fog",), released=str(outside)),
    ):
        with pytest.raises(InvalidArgumentError, match=r"data-root|folders"):
            actions.submit(request)
