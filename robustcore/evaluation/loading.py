"""From a request to what can be looked up and run: its models and its dataset loaded, and the plan made."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from robustcore.datasets._base import Dataset, prepared_for
from robustcore.datasets.released.alone import root_of, without_clean
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import classes, plan
from robustcore.evaluation.condition import Condition
from robustcore.evaluation.operations.corruption import with_released
from robustcore.evaluation.plan import Cell, Pending, Subject
from robustcore.evaluation.request import EvaluationRequest
from robustcore.evaluation.store.store import Store
from robustcore.images.preparation import Preparation
from robustcore.models.classifier import Classifier
from robustcore.models.restricted import Restricted
from robustcore.paths import printable


@dataclasses.dataclass(frozen=True)
class Evaluation:
    """A request whose models and dataset are loaded: it can be looked up, estimated and run.

    Attributes:
        request: the resolved request.
        models: fingerprint -> model; a `Subject` has none and cannot be run.
        surrogates: fingerprint -> model.
        dataset: the dataset.
        cells: the plan.
    """

    request: EvaluationRequest
    models: Mapping[str, Classifier]
    surrogates: Mapping[str, Classifier]
    dataset: Dataset
    cells: Sequence[Cell]

    def pending(self, store: Store) -> Pending:
        """What the store lacks."""
        return plan.pending(self.cells, store.stored(self.cells))


def prepare(request: EvaluationRequest) -> Evaluation:
    """Load what a request names and make the plan. Cheap checks come first, models last."""
    from robustcore.datasets import dataset_of

    request = request.resolved()
    images = dataset_of(request.dataset, split=request.split)
    models: dict[str, Classifier] = {}
    surrogates: dict[str, Classifier] = {}
    judged = subjects(request.models, into=models, dataset=images, answers=request.answers)
    for model in request.surrogates:
        _load(model, surrogates, images, request.answers)
    conditions = [c for c in request.conditions if isinstance(c, Condition)]
    conditions = list(
        dict.fromkeys(c for each in conditions for c in _crafted(each, list(surrogates), request.only_surrogate))
    )
    if folder := request.released or root_of(images):
        conditions = with_released(conditions, folder, alone=bool(without_clean(images)))
    cells = plan.make(judged, images, conditions, limit=request.limit, seed=request.seed, precision=request.precision)
    return Evaluation(request, models, surrogates, images, cells)


def subjects(
    models: Iterable[str | Classifier | Subject],
    *,
    into: dict[str, Classifier] | None = None,
    dataset: Dataset | None = None,
    answers: str = "all",
) -> list[Subject]:
    """Models as plans and tables see them, in the order given; names are loaded.

    Args:
        into: takes the loaded models by their fingerprints.
        dataset: what they are scored on; needed where a model may answer with its classes alone.
        answers: "all", or "folder" for the classes of the dataset.

    Raises:
        InvalidArgumentError: two different models of one name.
    """
    by_name: dict[str, Subject] = {}
    loaded = {} if into is None else into
    for model in models:
        subject = model if isinstance(model, Subject) else _load(model, loaded, dataset, answers)
        if by_name.get(subject.name, subject).fingerprint != subject.fingerprint:
            raise InvalidArgumentError(f"Two different models are named {subject.name!r}; give one another name.")
        by_name[subject.name] = subject
    return list(by_name.values())


def stored_subjects(dataset: Dataset, store: Store, preparations: Iterable[Preparation | None] = ()) -> list[Subject]:
    """The models of which anything is stored on a dataset, sorted by name, without their weights.

    Args:
        dataset: as it was loaded.
        store: of results.
        preparations: that models bring; their results are on the images as these make them. Those of a model that is not here
            and says nothing of its own are on images of its input side, and are found too.
    """
    stored: dict[str, Subject] = {}
    plain = [Preparation(side, side) for side in (store.sides() if hasattr(dataset, "root") else [])]
    for preparation in dict.fromkeys((*preparations, *plain, None)):
        images = prepared_for(dataset, preparation)
        if preparation is not None and images is dataset:
            continue
        for subject in store.subjects(images.fingerprint):
            stored.setdefault(subject.fingerprint, dataclasses.replace(subject, preparation=preparation))
    return sorted(stored.values(), key=lambda subject: (subject.name, subject.fingerprint))


def _crafted(condition: Condition, surrogates: Sequence[str], only_surrogate: bool) -> list[Condition]:
    """A condition, and where it is an attack that names no surrogate the same one crafted on each of these; or on these alone."""
    if condition.kind != "attack" or "surrogate" in condition.parameters:
        return [condition]
    own = [] if only_surrogate else [condition]
    return own + [dataclasses.replace(condition, params=(*condition.params, ("surrogate", s))) for s in surrogates]


def _load(
    model: str | Classifier, into: dict[str, Classifier], dataset: Dataset | None = None, answers: str = "all"
) -> Subject:
    """Load a model that is a name, keep it by its fingerprint, and return it as plans see it."""
    from robustcore.models import answers_of, load_model

    if not isinstance(model, (str, Classifier)):
        raise InvalidArgumentError(f"A model is a Classifier or a name, not {type(model).__name__}.")
    classifier = load_model(model) if isinstance(model, str) else model
    # The name that was asked for, or the one that it was given there: two checkpoints may have the same name on their cards.
    name = classifier.card.name
    if answers_of(model, answers) == "folder" and not isinstance(classifier, Restricted):
        classifier = _restricted(classifier, dataset)
        name = classifier.card.name
    card = classifier.card
    subject = Subject(printable(name), classifier.fingerprint(), tuple(card.classes), card.own_preparation)
    into[subject.fingerprint] = classifier
    return subject


def _restricted(model: Classifier, dataset: Dataset | None) -> Classifier:
    """The model with the dataset's classes alone."""
    from robustcore.models import catalogue

    name = catalogue.with_answers(model.card.name, "folder")
    if dataset is None:
        raise InvalidArgumentError(f"{name} answers with the classes of a folder, and no folder is evaluated here.")
    places = classes.matching(model.card.name, model.card.classes, dataset.name, dataset.classes)
    return Restricted(model, places.tolist(), dataset.classes).rename(name)
