"""All pictures from inside one or two networks as one HTML file that opens without a server or a network."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import torch
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from robustcore import corruptions
from robustcore.datasets import Item
from robustcore.display import display_name
from robustcore.errors import InvalidArgumentError, ModelError
from robustcore.figures import _style
from robustcore.figures.inside.galleries import Galleries
from robustcore.figures.inside.networks import similarity_map, weight_histograms
from robustcore.figures.inside.sections import CRISP, Section, picture
from robustcore.images import to_array
from robustcore.inside import (
    attribution,
    comparison_images,
    feature_maps,
    layers,
    object_masks,
    pictures,
    similarity,
    weights,
)
from robustcore.inside.attacked import attack_title, attacked
from robustcore.models import Classifier
from robustcore.notes import Note
from robustcore.reports import templates
from robustcore.reports.inside import inside_footer, movement_notes, networks_footer
from robustcore.reports.preview import gallery
from robustcore.reports.preview.gallery import GalleryImage

_HERE = Path(__file__).resolve().parent
_PARTS = 4  # maps, channels and kernels, weights, and the layers' similarity, whose batches are counted besides
Progress = Callable[[int, int, str], None]


def write(
    models: Sequence[Classifier],
    item: Item,
    cell: GalleryImage,
    *,
    layer: str | None = None,
    own_answer: bool = False,
    radius: float = 0,
    worth_seeing: Galleries | None = None,
    compared_on: int = similarity.IMAGES,
    progress: Progress = lambda done, total, what: None,
) -> bytes:
    """The file: maps, channels, weights and kernels of one or two models, and how alike their layers are.

    Args:
        item: the image.
        cell: its corrupted form.
        layer: whose maps Grad-CAM draws; found where it is not named.
        own_answer: whether each image's own answer is explained, else that to the clean image.
        radius: of an attack (`inside.attacked`) whose maps are shown too, in 1/255; 0 for none.
        worth_seeing: images chosen from stored answers, which are added.
        compared_on: images that the layers are compared on; 0 leaves that out.
        progress: is told how many parts of how many are done, and what is next.

    Raises:
        InvalidArgumentError: no model, or more than two.
    """
    if not 1 <= len(models) <= 2:
        raise InvalidArgumentError(f"One or two models are looked into, not {len(models)}.")
    first, second = models[0].card, models[-1].card
    batches = similarity.batches(first, second, compared_on) if compared_on else []
    total = _PARTS + len(batches)
    names = [model.card.name for model in models]
    title = f"{display_name(cell.name, 'corruption', suite=True)}, {cell.caption}"
    images = torch.cat([item.image[None], gallery.corrupted(item, [cell])])
    sections: list[Section] = []
    figures: list[tuple[str, str, go.Figure]] = []
    missing: list[str] = []
    progress(0, total, "maps")
    mask, moves = object_masks.of_item(item), corruptions.get(cell.name).family == "geometry"
    for model in models:
        forms, refused = {"Clean": images[:1] / 255, title: images[1:] / 255}, []
        if radius:
            try:
                forms[attack_title(radius)] = attacked(model, item.image, item.id, radius)
            except attribution.NO_GRADIENT as error:
                refused.append(str(error))
        done = attribution.attribute(model, torch.cat(list(forms.values())), layer=layer, own_answer=own_answer)
        said: list[Note] = []
        for form, name in enumerate(forms):
            if form:
                moved = attribution.movement(done, mask, form=form, moves_pixels=moves and form == 1)
                said += movement_notes(moved, name)
        texts = [note.text for note in (*said, *done.notes)]
        sections.append(_maps(model, forms, done, [*texts, *refused]))
    progress(1, total, "feature maps")
    for model in models:
        met = layers.layers(model)
        sections += [
            _channels(model, title, feature_maps.feature_maps(model, images, each))
            for each in layers.first_and_deep(model, met)
        ]
    progress(2, total, "kernels")
    sections += [_kernels(model, each) for model in models for each in weights.kernels(model)]
    progress(3, total, "weights")
    try:
        bins, _ = weights.histograms(models)
        footer = networks_footer(names).text
        drawn = weight_histograms(bins, footer=footer, alt=f"Histograms of the weights of {' and '.join(names)}")
        figures.append(("Weights", "Share of the values in each bin.", drawn))
    except ModelError as error:
        missing.append(str(error))
    sums = []
    source = comparison_images.source_for(first, second)
    for place, part in enumerate(batches):
        progress(_PARTS + place, total, "layer similarity")
        sums.append(similarity.batch(models[0], models[-1], comparison_images.images(source, part)))
    if sums:
        alike = similarity.total(sums)
        note = comparison_images.comparison_images(alike.images, source)
        footer = networks_footer(list(dict.fromkeys(names)), note).text
        alt = f"Linear CKA of the layers of {names[0]} and {names[-1]}"
        figures.append(
            (
                "How alike are the layers?",
                "Linear CKA: 1 where two layers hold the same features up to a rotation and a scale.",
                similarity_map(alike, (names[0], names[-1]), footer=footer, alt=alt),
            )
        )
    if worth_seeing is not None:
        sections += worth_seeing.sections
        figures += worth_seeing.figures
        missing += worth_seeing.missing
    progress(total, total, "done")
    return _render(names, sections, figures, missing, inside_footer(names, item.name, title, cell.seed).text)


def _maps(
    model: Classifier, forms: Mapping[str, torch.Tensor], done: attribution.Attribution, notes: Sequence[str]
) -> Section:
    classes = model.card.classes
    parts = []
    for place, (title, image) in enumerate(forms.items()):
        pixels = to_array((image[0] * 255).round().to(torch.uint8))
        crisp = image.shape[-1] <= CRISP
        target = display_name(classes[int(done.target[place])])
        answer = f"{display_name(classes[int(done.answers[place, 0])])} {100 * done.probabilities[place, 0]:.0f} %"
        parts.append(picture(pixels, f"{title}: {answer}", crisp))
        if done.cam is not None:
            parts.append(picture(pictures.cam_overlay(pixels, done.cam[place]), f"Grad-CAM of {target}", crisp))
        if done.gradient is not None:
            drawn = pictures.gradient_overlay(pixels, done.gradient[place])
            parts.append(picture(drawn, f"Input gradient of {target}", crisp))
    own = [f"Layer of Grad-CAM: {done.layer.name}."] if done.layer is not None else []
    title = f"Where {model.card.name} looks"
    return Section(title, tuple(parts), len(parts) // len(forms), (*own, *notes))


def _channels(model: Classifier, corruption: str, maps: feature_maps.FeatureMaps) -> Section:
    low = np.minimum(maps.clean.min((1, 2)), maps.corrupted.min((1, 2)))
    high = np.maximum(maps.clean.max((1, 2)), maps.corrupted.max((1, 2)))
    parts = tuple(
        picture(pictures.channel_tiles(values, low, high), title, True)
        for values, title in ((maps.clean, "Clean"), (maps.corrupted, corruption))
    )
    first = ", ".join(
        f"{channel} ({change:.2f})"
        for channel, change in zip(maps.channels[:5].tolist(), maps.change[:5].tolist(), strict=True)
    )
    note = f"{maps.layer.channels} channels; those that change most come first: {first}."
    return Section(f"Feature maps of {model.card.name}: {maps.layer.name}", parts, 2, (note,))


def _kernels(model: Classifier, kernels: weights.Kernels) -> Section:
    tiles = pictures.kernel_tiles(kernels.values)
    drawn = picture(tiles, f"{len(kernels.outputs)} kernels, each with its own scale", True)
    return Section(f"Kernels of {model.card.name}: {kernels.layer}", (drawn,), 2)


def _render(
    names: Sequence[str],
    sections: Sequence[Section],
    drawn: Sequence[tuple[str, str, go.Figure]],
    missing: Sequence[str],
    footer: str,
) -> bytes:
    for _, _, figure in drawn:
        figure.update_layout(template="none", width=None, autosize=True)
    data = json.dumps([json.loads(figure.to_json()) for _, _, figure in drawn]).replace("<", "\\u003c")
    return templates.render(
        _HERE / "document.html.jinja",
        title=f"Inside {' and '.join(names)}",
        sections=sections,
        figures=[
            {
                "title": title,
                "caption": caption,
                "alt": _style.alt(figure),
                "height": figure.layout.height,
                "footer": _style.footer(figure),
            }
            for title, caption, figure in drawn
        ],
        missing=missing,
        footer=footer,
        version=version("robustcore"),
        style=Markup((_HERE.parent / "document.css").read_text(encoding="utf-8")),
        script=Markup((_HERE.parent / "document.js").read_text(encoding="utf-8")),
        plotly=Markup(get_plotlyjs()) if drawn else Markup(),
        data=Markup(data),
    ).encode()
