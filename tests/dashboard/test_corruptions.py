"""The page Corruptions: what it shows, that it is what an evaluation scores, and what it does with bad input."""

from __future__ import annotations

import base64
import io
import re
import weakref
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import streamlit as st
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

import robustcore as rc
from dashboard import cache
from dashboard.cache import gallery, models
from dashboard.widgets import states
from robustcore.models import checkpoints
from robustcore.reports.preview import gallery as preview
from tests.dashboard.conftest import OpenPage, markup, sound

WIDGETS = Path(states.__file__).parent
GRID, PAIR = "corruptions_grid", "corruptions_pair"


def shown_cells(at: AppTest) -> list[str]:
    """The keys of the thumbnails, in their order."""
    return re.findall(r'<button class="rc-cell [^"]*" data-pick="([^"]+)"', markup(at, GRID))


def answers(at: AppTest) -> list[str]:
    return re.findall(r'<span class="rc-answer[^"]*">([^<]+)</span>', markup(at, GRID))


def pictures(text: str) -> list[np.ndarray[Any, Any]]:
    """The images in a piece of markup, uint8 (H, W, 3), RGB."""
    matches = re.findall(r'src="data:image/\w+;base64,([^"]+)"', text)
    return [cv2.imdecode(np.frombuffer(base64.b64decode(f), np.uint8), cv2.IMREAD_COLOR)[..., ::-1] for f in matches]


def said(at: AppTest) -> list[str]:
    """The notices of the page, without their Markdown escapes."""
    return [w.value.replace("\\", "") for w in at.warning]


def as_file(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def test_shows_all_of_imagenet_c_and_an_answer_below_each(open_page: OpenPage, own_model: str) -> None:
    at = open_page("corruptions", corruptions_model=own_model)
    assert sound(at)
    names = rc.corruptions.names("imagenet-c")
    assert sorted(shown_cells(at)) == sorted(f"{name}-{severity}" for name in names for severity in range(1, 6))
    assert len(answers(at)) == 1 + 5 * len(names)
    assert all(re.fullmatch(r"\w+ [<>]?\d+\s%", a) for a in answers(at))
    assert own_model in markup(at, GRID)


def test_a_thumbnail_is_to_the_bit_what_an_evaluation_scores(open_page: OpenPage, own_model: str) -> None:
    at = open_page(
        "corruptions",
        corruptions_model=own_model,
        corruptions_class="key",
        corruptions_number="3",
        corruptions_seed="5",
    )
    dataset = rc.load_dataset("scenes")
    index = int((dataset.labels == dataset.classes.index("key")).nonzero()[0][2])
    batch = dataset.images(index // 64 * 64, index // 64 * 64 + 64)
    ids = dataset.ids[index // 64 * 64 :][:64]
    scored = rc.corrupt(batch, "gaussian_noise", 4, seed=5, ids=ids)[index % 64]
    thumbnail = pictures(markup(at, GRID))[1 + shown_cells(at).index("gaussian_noise-4")]
    assert np.array_equal(thumbnail, scored.permute(1, 2, 0).numpy())


def test_wrong_answers_are_marked_by_more_than_colour(open_page: OpenPage, own_model: str) -> None:
    at = open_page("corruptions", corruptions_model=own_model, corruptions_class="ring")
    text = markup(at, GRID)
    for marked, answer in re.findall(r'<button class="rc-cell ([^"]*)".*?<span class="rc-answer[^"]*">(\w+)', text):
        assert (marked == "rc-wrong") == (answer != "Ring")
    assert '.rc-wrong .rc-frame::after {\n  content: "✕"' in (WIDGETS / "markup.css").read_text()


def test_controls_change_the_grid(open_page: OpenPage, own_model: str) -> None:
    at = open_page("corruptions", corruptions_model=own_model)
    before = markup(at, GRID)
    at.number_input(key="corruptions_seed").set_value(1).run()
    assert sound(at)
    reseeded = markup(at, GRID)
    assert reseeded != before
    at.button_group(key="corruptions_storage").set_value("jpeg85").run()
    assert markup(at, GRID) != reseeded
    at.button_group(key="corruptions_family").set_value(["blur"]).run()
    assert {corruption_of(cell) for cell in shown_cells(at)} == {
        "defocus_blur",
        "glass_blur",
        "motion_blur",
        "zoom_blur",
    }
    at.button(key="corruptions_another").click().run()
    assert at.number_input(key="corruptions_number").value == 2
    assert sound(at)


def corruption_of(cell: str) -> str:
    return cell.rpartition("-")[0]


@pytest.mark.parametrize("suite", [s for s in rc.corruptions.suites.names("corruption") if rc.corruptions.names(s)])
def test_every_suite_has_a_grid(suite: str, open_page: OpenPage) -> None:
    at = open_page("corruptions", corruptions_suite=suite, corruptions_model="no model")
    assert sound(at)
    assert {corruption_of(cell) for cell in shown_cells(at)} == set(rc.corruptions.names(suite))
    assert answers(at) == []


def test_a_strength_between_the_severities(open_page: OpenPage) -> None:
    at = open_page(
        "corruptions", corruptions_suite="laugros", corruptions_shown="laugros_brightness", corruptions_model="no model"
    )
    corruption = rc.corruptions.get("laugros_brightness")
    assert corruption.strengths is not None
    strength = sum(corruption.strengths) / 2 + 0.1 * (corruption.strengths[1] - corruption.strengths[0])
    at.slider[0].set_value(strength).run()
    assert sound(at)
    image, _ = rc.load_dataset("scenes")[cache.images.indices_of_class(0)[0]]
    identity = int(rc.load_dataset("scenes").ids[cache.images.indices_of_class(0)[0]])
    wanted = rc.corrupt(image, "laugros_brightness", strength=at.slider[0].value, ids=[identity])
    assert np.array_equal(pictures(markup(at, PAIR))[1], wanted.permute(1, 2, 0).numpy())


def test_two_models_answer_to_the_same_images(open_page: OpenPage, own_model: str, own_cache: Any) -> None:
    source = own_cache / "models" / "small.safetensors"
    (source.parent / "other.safetensors").write_bytes(source.read_bytes())
    at = open_page("corruptions", corruptions_model=own_model, corruptions_beside="own/other")
    assert sound(at)
    answered = answers(at)
    assert answered[0::2] == answered[1::2]  # the same weights under two names
    assert markup(at, PAIR).count('class="rc-bars"') == 4


def test_a_large_model_answers_while_the_grid_is_shown(
    open_page: OpenPage, own_model: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "_SMALL", 0)
    monkeypatch.setattr(models, "_quick", set())
    seen = []
    rerun = st.rerun
    monkeypatch.setattr(st, "rerun", lambda: (seen.append(1), rerun()))
    at = open_page("corruptions", corruptions_model=own_model, corruptions_number="17")
    assert sound(at)
    assert len(seen) == -(-76 // gallery._CHUNK)
    assert "…" not in answers(at)
    assert "has answered" not in markup(at, GRID)


def test_images_that_were_left_before_they_were_answered_are_not_kept(own_model: str) -> None:
    cells = tuple(preview.cells("contrast"))
    grid = gallery.grid(cache.images.test_image(0), cells, "memory")
    scoring = gallery.scoring(own_model, grid, "memory")
    left = weakref.ref(grid)
    gallery._grid.clear()  # type: ignore[attr-defined]
    del grid
    assert left() is None
    assert not scoring.finished
    scoring.advance(gallery.grid(cache.images.test_image(0), cells, "memory"))
    assert scoring.finished


def test_a_model_trained_again_is_loaded_again(open_page: OpenPage, own_model: str, own_cache: Path) -> None:
    before = answers(open_page("corruptions", corruptions_model=own_model))
    file = own_cache / "models" / "small.safetensors"
    classifier = rc.load_model(own_model)
    with torch.no_grad():
        classifier.network.head.weight.neg_()  # type: ignore[union-attr, operator]
    checkpoints.save(classifier, file)
    assert answers(open_page("corruptions", corruptions_model=own_model)) != before


def test_photographs_get_no_prediction_from_a_model_of_scenes(open_page: OpenPage, own_model: str) -> None:
    at = open_page("corruptions", corruptions_model=own_model, corruptions_from="photograph")
    assert sound(at)
    assert answers(at) == []
    assert len(shown_cells(at)) == 75


def test_the_code_makes_the_same_images(open_page: OpenPage, own_model: str) -> None:
    for origin in ("scenes", "photograph"):
        at = open_page("corruptions", corruptions_from=origin, corruptions_shown="snow", corruptions_model=own_model)
        space: dict[str, Any] = {}
        exec(at.code[0].value, space)
        made = torch.as_tensor(space["corrupted"])
        made = made.permute(1, 2, 0) if made.shape[0] == 3 else made
        assert np.array_equal(pictures(markup(at, PAIR))[1], made.numpy())


def test_the_grid_can_be_saved(open_page: OpenPage, own_model: str) -> None:
    at = open_page("corruptions", corruptions_model=own_model)
    assert at.download_button(key="corruptions_download").label == "Download the grid as PNG"


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("corruptions_model", "own/smal", "There is no model named 'own/smal'. Did you mean 'own/small'?"),
        (
            "corruptions_shown",
            "fogg",
            "There is no corruption named 'fogg'. Did you mean 'Fog'? Showing Gaussian noise.",
        ),
        ("corruptions_suite", "imagenet-d", "There is no suite named 'imagenet-d'."),
        ("corruptions_class", "starr", "There is no class named 'starr'. Did you mean 'Star'"),
        ("corruptions_number", "9999", "The number of the image in the address is '9999'"),
        ("corruptions_level", "6", "There is no severity named '6'."),
        ("corruptions_seed", "-1", "The seed in the address is '-1'"),
        ("corruptions_from", "moon", "There is no kind of image named 'moon'."),
    ],
)
def test_a_wrong_address_is_one_sentence_and_the_default(
    key: str, value: str, sentence: str, open_page: OpenPage, own_model: str
) -> None:
    at = open_page("corruptions", **{key: value})
    assert sound(at)
    assert len(said(at)) == 1
    assert said(at)[0].startswith(sentence)
    assert len(shown_cells(at)) == 75
    at.run()
    assert said(at) == []


GOOD_UPLOADS = {
    "grey.png": as_file(Image.new("L", (80, 60), 90), "PNG"),
    "cmyk.jpg": as_file(Image.new("CMYK", (80, 60), (9, 99, 30, 4)), "JPEG"),
    "deep.png": as_file(Image.fromarray(np.arange(6400, dtype=np.uint16).reshape(80, 80) * 10), "PNG"),
    "moving.gif": as_file(
        Image.new("P", (80, 80), 3), "GIF", save_all=True, append_images=[Image.new("P", (80, 80), 7)]
    ),
    "clear.png": as_file(Image.new("RGBA", (80, 80), (255, 0, 0, 60)), "PNG"),
}


@pytest.mark.parametrize("name", GOOD_UPLOADS)
def test_unusual_uploads_are_shown(name: str, open_page: OpenPage) -> None:
    at = open_page("corruptions", corruptions_from="upload")
    assert sound(at)
    assert markup(at, GRID) == ""
    at.file_uploader(key="corruptions_upload").upload(name, GOOD_UPLOADS[name]).run()
    assert sound(at)
    assert len(shown_cells(at)) == 75


def huge_png() -> bytes:
    """A PNG of 20,000 x 20,000 pixels in a few bytes: the header alone tells the size."""
    small = as_file(Image.new("1", (8, 8)), "PNG")
    header = b"IHDR" + (20_000).to_bytes(4, "big") * 2 + small[24:29]
    return small[:12] + header + zlib.crc32(header).to_bytes(4, "big") + small[33:]


BAD_UPLOADS = {
    "text.png": (b"not an image at all", "not a readable image"),
    "empty.png": (b"", "not a readable image"),
    "cut.jpg": (as_file(Image.effect_noise((200, 200), 90), "JPEG")[:3000], "damaged or incomplete"),
    "dot.png": (as_file(Image.new("RGB", (1, 1)), "PNG"), "1 x 1 pixels"),
    "huge.png": (huge_png(), "too many pixels"),
}


@pytest.mark.parametrize("name", BAD_UPLOADS)
def test_bad_uploads_are_one_sentence_and_the_page_goes_on(name: str, open_page: OpenPage) -> None:
    content, sentence = BAD_UPLOADS[name]
    at = open_page("corruptions", corruptions_from="upload")
    at.file_uploader(key="corruptions_upload").upload(name, content).run()
    assert not at.exception
    assert len(at.error) == 1
    assert sentence in at.error[0].value.replace("\\", "")
    assert "Traceback" not in at.error[0].value
    at.button_group(key="corruptions_from").set_value("scenes").run()
    assert sound(at)
    assert len(shown_cells(at)) == 75


def test_several_uploads_are_kept_across_pages_until_they_are_removed(open_page: OpenPage) -> None:
    at = open_page("corruptions", corruptions_from="upload")
    uploader = at.file_uploader(key="corruptions_upload")
    uploader.upload("deep.png", GOOD_UPLOADS["deep.png"]).upload("clear.png", GOOD_UPLOADS["clear.png"]).run()
    assert sound(at)
    kept = at.session_state["_uploads"]
    assert [upload.name for upload in kept.values()] == ["deep.png", "clear.png"]
    at.button(key="corruptions_remove_upload").click().run()
    assert sound(at)
    assert len(at.session_state["_uploads"]) == 1
    other = open_page("sequences", sequences_from="upload")
    other.session_state["_uploads"] = at.session_state["_uploads"]
    other.run()
    assert sound(other)
    assert markup(other, "sequences_strip_of_frames")


def test_the_class_that_an_upload_is_given_is_what_is_right(open_page: OpenPage, own_model: str) -> None:
    at = open_page("corruptions", corruptions_from="upload", corruptions_model=own_model)
    at.file_uploader(key="corruptions_upload").upload("deep.png", GOOD_UPLOADS["deep.png"]).run()
    [picker] = [box for box in at.selectbox if "corruptions_class_of_" in str(box.key)]
    picker.select("ring").run()
    assert sound(at)
    assert [upload.right for upload in at.session_state["_uploads"].values()] == ["ring"]


def test_the_first_view_needs_no_pass_through_a_network(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A photograph and a large classifier, whose answers ship."""

    def no_model(name: str) -> None:
        raise AssertionError(f"{name} was loaded")

    monkeypatch.setattr(models, "model", no_model)
    at = open_page("corruptions", corruptions_from="Photographs", corruptions_model=cache.models.PHOTOGRAPHS_MODEL)
    assert sound(at)
    assert len(shown_cells(at)) == 75
    assert len(answers(at)) == 76
    assert len(set(answers(at))) > 10


def test_scenes_are_one_click_away(open_page: OpenPage) -> None:
    at = open_page("corruptions", corruptions_from="Photographs", corruptions_model=cache.models.PHOTOGRAPHS_MODEL)
    at.button_group(key="corruptions_from").set_value("scenes").run()
    assert sound(at)
    assert at.selectbox(key="corruptions_model").value == cache.models.DEFAULT_MODEL
    assert len(answers(at)) == 76


def test_read_only_takes_no_uploads(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROBUSTCORE_READ_ONLY", "1")
    at = open_page("corruptions", corruptions_from="upload")
    assert sound(at)
    assert not at.get("file_uploader")
    assert said(at)[0].startswith("There is no kind of image named 'upload'.")


def test_no_suite_is_an_empty_state(open_page: OpenPage) -> None:
    at = open_page("corruptions", corruptions_model="no model")
    at.button_group(key="corruptions_suite").set_value([]).run()
    assert sound(at)
    assert markup(at, GRID) == ""


def test_plain_shows_exactly_the_text() -> None:
    assert states.plain("a_b*c [d]") == "a\\_b\\*c \\[d\\]"
