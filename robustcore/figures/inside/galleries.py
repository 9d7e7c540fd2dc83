"""Images worth looking at as sections and figures of a document, chosen from stored answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from robustcore import corruptions
from robustcore.datasets._base import Dataset, prepared_for
from robustcore.display import display_name
from robustcore.errors import DatasetError, InvalidArgumentError, ModelError
from robustcore.evaluation import Store, api
from robustcore.evaluation.plan import Subject
from robustcore.evaluation.request import EvaluationRequest
from robustcore.figures.inside.confusion import confusion_matrix
from robustcore.figures.inside.embedding import embedding_map
from robustcore.figures.inside.sections import CRISP, Picture, Section, picture
from robustcore.images import to_array
from robustcore.models.classifier import Classifier
from robustcore.reports import calibration, images
from robustcore.reports.compare import example_images
from robustcore.reports.images import Answered, embedding
from robustcore.reports.images.disagreement import NEITHER, ONLY_FIRST, ONLY_SECOND
from robustcore.reports.images.notes import images_shown

Drawn = tuple[str, str, go.Figure]
IMAGES = 12  # of each kind
MAPPED = 128  # images on a map


@dataclasses.dataclass(frozen=True)
class Galleries:
    """What a document shows of images worth looking at.

    Attributes:
        sections: with pictures.
        figures: (title, how to read it, figure).
        missing: why something is not there.
    """

    sections: tuple[Section, ...]
    figures: tuple[Drawn, ...]
    missing: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class _Model:
    """A model with its answers, and the images as it gets them."""

    subject: Subject
    answered: Answered
    dataset: Dataset
    seed: int

    def pictures(self, wanted: Sequence[tuple[int, int, str]]) -> tuple[Picture, ...]:
        """Pictures of (place of the image, place of the condition, caption)."""
        made = []
        for place, row, caption in wanted:
            condition = self.answered.conditions[row].canonical()
            (image,) = example_images.images(self.dataset, [place], condition, self.seed)
            made.append(picture(to_array(image), caption, max(image.shape[-2:]) <= CRISP, small=True))
        return tuple(made)

    def name(self, number: int) -> str:
        """A class for people."""
        return display_name(self.subject.classes[number])

    def truth(self, place: int, row: int = 0) -> str:
        """What an image shows."""
        label = int(self.answered.labels[row, place])
        return "no label" if label < 0 else f"is {display_name(self.subject.classes[label], inside=True)}"

    def under(self, row: int) -> str:
        """A condition, short."""
        condition = self.answered.conditions[row]
        if condition.kind == "clean":
            return "clean"
        level = "" if condition.severity is None else f" {condition.severity}"
        return f"{display_name(condition.name, 'corruption')}{level}"

    def answer(self, place: int, row: int) -> str:
        """What the model says of a picture."""
        return self.name(int(self.answered.classes[row, place]))


def galleries(
    subjects: Sequence[Subject],
    dataset: Dataset,
    suite: str,
    *,
    seed: int = 0,
    storage: str = "memory",
    store: Store | None = None,
    networks: Mapping[str, Classifier] | None = None,
) -> Galleries:
    """Images that break first and last, confident mistakes, the confusion matrix, disagreements of the first two models, and a map.

    Args:
        subjects: evaluated models; of one without stored answers a sentence is said.
        dataset: with its images.
        suite, seed, storage: of the evaluation.
        store: of results; default the usual one.
        networks: the models by name, as far as images are to be mapped by their features too, which is computed.
    """
    store = Store() if store is None else store
    models, missing = [], []
    for subject in subjects:
        request = EvaluationRequest.of(subject, dataset, suite, seed=seed, storage=storage)
        answered = images.read(calibration.as_stored(api.prepare(request).cells, store), store)
        if answered is None:
            missing.append(
                f"No images worth looking at of {subject.name}: it is not evaluated on {dataset.name} with seed {seed}; run "
                "'robustcore evaluate'."
            )
        else:
            models.append(_Model(subject, answered, prepared_for(dataset, subject.preparation), seed))
    sections, figures = list[Section](), list[Drawn]()
    try:
        for model in models:
            sections += [*_breaking(model), *_mistakes(model)]
            figures += _confusion(model, suite)
            if model.subject.name in (networks or {}):
                figures += _map(model, (networks or {})[model.subject.name], suite, missing)
        if len(models) > 1:
            sections += _disagreements(models[0], models[1])
    except DatasetError as error:  # results whose images are not here (any more)
        missing.append(str(error))
    return Galleries(tuple(sections), tuple(figures), tuple(missing))


def _breaking(model: _Model) -> list[Section]:
    rows = model.answered.rows()
    if not rows:
        return []
    found = images.breaking(model.answered)
    said = (
        f"{len(found.places) - found.never} of {len(found.places)} images that are right when clean, or have no label, are lost under "
        f"any of the {found.conditions} conditions; an image without a label is lost where the answer changes."
    )
    sections = []
    for title, order in (("first", range(len(found.places))), ("last", range(len(found.places))[::-1])):
        wanted = [
            (place, 0, f"{model.truth(place)}: lost {found.lost[i]} of {found.conditions}")
            for i in order[: min(IMAGES, len(order) // 2)]
            for place in [int(found.places[i])]
        ]
        notes = (said,) if title == "first" else ()
        sections.append(Section(f"Images that {model.subject.name} loses {title}", model.pictures(wanted), 0, notes))
    return sections


def _mistakes(model: _Model) -> list[Section]:
    found = images.surest_mistakes(model.answered, model.answered.rows(), IMAGES)
    if not found.rows:
        found = images.surest_mistakes(model.answered, [0], IMAGES)
    if not found.pairs:
        return []
    wanted = [
        (
            place,
            row,
            f"{model.answer(place, row)} {100 * model.answered.confidence[row, place]:.0f} %, {model.truth(place, row)} "
            f"({model.under(row)})",
        )
        for place, row in found.pairs
    ]
    said = f"{found.wrong} of {found.answered} answers whose confidence is stored are wrong; these are the surest."
    return [Section(f"Confident mistakes of {model.subject.name}", model.pictures(wanted), 0, (said,))]


def _confusion(model: _Model, suite: str) -> list[Drawn]:
    rows = model.answered.rows() or [0]
    found = images.confusion(model.answered, rows, len(model.subject.classes))
    if found is None:
        return []
    words = "under all corruptions" if rows != [0] else "on clean images"
    footer = _footer(model, suite, words, model.answered.images)
    drawn = confusion_matrix(
        found, model.subject.classes, footer=footer, alt=f"Confusion matrix of {model.subject.name} {words}"
    )
    says = f"{found.wrong} of {found.answers} answers {words} are wrong. A row is what is right, a column what is answered."
    return [(f"Confusions of {model.subject.name}", says, drawn)]


def _map(model: _Model, network: Classifier, suite: str, missing: list[str]) -> list[Drawn]:
    """The first images by their features, clean and under the last condition; where that cannot be a sentence is added."""
    rows = model.answered.rows()
    if not rows:
        return []
    row, count = rows[-1], min(MAPPED, model.answered.images)
    try:
        found = embedding.embed(network, model.dataset, model.answered.conditions[row], model.seed, count)
    except (ModelError, InvalidArgumentError) as error:
        missing.append(str(error))
        return []
    words = f"clean and under {model.under(row)}"
    footer = _footer(model, suite, words, count)
    drawn = embedding_map(
        found,
        model.answered.labels[row, :count],
        model.answered.held[[0, row], :count],
        model.subject.classes,
        model.under(row),
        footer=footer,
        alt=f"Map of {count} images by the features of {model.subject.name}, {words}",
    )
    says = f"Features before the last layer in two dimensions (PCA): filled clean, open {model.under(row)}."
    return [(f"Where the images lie for {model.subject.name}", says, drawn.update_layout(dragmode=False))]


def _footer(model: _Model, suite: str, words: str, count: int) -> str:
    title = corruptions.suites.title(suite)
    return images_shown((model.subject.name,), model.dataset.name, count, title, words, model.seed).text


def _disagreements(first: _Model, second: _Model) -> list[Section]:
    names = first.subject.classes, second.subject.classes
    found = images.disagreements(first.answered, second.answered, names, count=IMAGES)
    titles = {
        ONLY_FIRST: f"Only {first.subject.name} is right",
        ONLY_SECOND: f"Only {second.subject.name} is right",
        NEITHER: "The models disagree and neither is right",
    }
    sections = []
    for kind, pairs in found.pairs.items():
        if not pairs:
            continue
        wanted = [
            (
                pair.place,
                pair.row,
                f"{first.answer(pair.place, pair.row)} / {second.answer(pair.place, pair.other_row)}, "
                f"{first.truth(pair.place, pair.row)} ({first.under(pair.row)})",
            )
            for pair in pairs
        ]
        said = f"{found.counts[kind]} of {found.compared} pictures. Below each the two answers."
        title = titles.get(kind, "The models disagree on images without a label")
        sections.append(Section(title, first.pictures(wanted), 0, (said,)))
    return sections
