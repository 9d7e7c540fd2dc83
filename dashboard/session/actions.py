"""Everything by which a page changes something that lasts; each asks for permission first."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping

from dashboard.session import permissions, roots, saved_views
from dashboard.session.saved_views import SavedView
from robustcore.datasets import Dataset
from robustcore.datasets import added as added_folders
from robustcore.errors import InvalidArgumentError, JobError, TrainingError
from robustcore.evaluation import suites
from robustcore.evaluation.filtration import Choice, Rules, Selection, Written, kept_set, reviews
from robustcore.evaluation.jobs import jobs
from robustcore.evaluation.jobs.command_request import CommandRequest
from robustcore.evaluation.jobs.jobs import JobStatus
from robustcore.evaluation.jobs.training_request import TrainingRequest
from robustcore.evaluation.operations import shift
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import added
from robustcore.models.added import changes
from robustcore.models.classifier import Card


def submit(request: EvaluationRequest) -> int:
    """Queue an evaluation whose paths lie within the data roots."""
    permissions.check("Launching an evaluation")
    confined = roots.request(request)
    roots.check_links(confined.dataset_name)
    own_shifts = shift.folders(suites.resolve(confined.conditions, confined.severities, storage=confined.storage))
    for folder in filter(None, [confined.released, *own_shifts]):
        roots.check_links(roots.dataset(folder))
    return jobs.submit(confined)


def train(request: TrainingRequest) -> int:
    """Queue a training whose paths lie within the data roots.

    Raises:
        TrainingError: the same is queued or running, or its model is there already, made so or otherwise.
    """
    from robustcore import models
    from robustcore.training import runs

    permissions.check("Launching a training")
    recipe = roots.recipe(request.recipe)
    roots.check_links(recipe.dataset)
    queued = [job.request for job in jobs.list_jobs() if job.active]
    if any(isinstance(other, TrainingRequest) and other.recipe.key() == recipe.key() for other in queued):
        raise TrainingError("This very training is queued or running already.")
    output = runs.default_output(recipe)
    runs.check_free(output, recipe, "take another seed, or remove it")
    if output.exists():
        raise TrainingError(f"This very training has been done: the model is {models.name_of(output)}.")
    return jobs.submit(dataclasses.replace(request, recipe=recipe))


def study(request: CommandRequest) -> int:
    """Queue a study; whoever makes its request confines the paths in it.

    Raises:
        JobError: the same is queued or running.
    """
    permissions.check("Launching a study")
    roots.check_links(roots.dataset(request.dataset_name))
    if any(job.active and job.request == request.self_contained() for job in jobs.list_jobs()):
        raise JobError("This very study is queued or running already.")
    return jobs.submit(request)


def cancel(job: int) -> JobStatus:
    """Stop a job."""
    permissions.check("Cancelling an evaluation")
    return jobs.cancel(job)


def pause(job: int) -> JobStatus:
    """Stop a job for a while."""
    permissions.check("Pausing an evaluation")
    return jobs.pause(job)


def hasten(job: int) -> None:
    """Let a queued job go before all others that wait."""
    permissions.check("Changing the order of evaluations")
    waiting = [other.priority for other in jobs.list_jobs() if other.state == "queued" and other.id != job]
    jobs.set_priority(job, max(waiting, default=0) + 1)


def resume(job: int) -> JobStatus:
    """Take a job up again."""
    permissions.check("Continuing an evaluation")
    return jobs.resume(job)


def remove(job: int) -> None:
    """Take a job out of the history."""
    permissions.check("Removing an evaluation")
    jobs.remove(job)


def add_model(name: str, model: str, said: Mapping[str, str], load: Callable[[str], Card]) -> Card:
    """Give a model within the data roots, or one of the catalogue, a short name.

    Args:
        name: short, "lite0".
        model: its path or name.
        said: what is said of a file of weights, option -> value.
        load: loads a model and answers its card.
    """
    permissions.check("Adding a model")
    if not model.strip() or not name.strip():
        raise InvalidArgumentError("A model is added by its path or name, and gets a short name.")
    full = changes.full_name(model.strip(), {option: value.strip() for option, value in said.items()}, str)
    return changes.add(name.strip(), roots.model(full), load)


def rename_model(name: str, other: str) -> str:
    """Give a model that was added another name."""
    permissions.check("Renaming a model")
    return changes.rename(name, other)


def remove_model(name: str) -> None:
    """Take a model that was added off the list; its file and its results stay."""
    permissions.check("Removing a model")
    added.remove(added.check_name(name))


def add_folder(folder: str) -> str:
    """Keep a folder within the data roots in the lists of data, and return its path."""
    permissions.check("Adding a folder")
    return added_folders.add(roots.dataset(folder))


def remove_folder(folder: str) -> None:
    """Take a folder off the lists of data; its images and their results stay."""
    permissions.check("Removing a folder")
    added_folders.remove(folder)


def save_view(view: SavedView) -> SavedView:
    """Keep a page with all that is chosen on it under a name."""
    permissions.check("Saving a view")
    return saved_views.save(view)


def delete_view(name: str) -> None:
    """Forget a view that has a name."""
    permissions.check("Deleting a view")
    saved_views.delete(name)


def reject_images(key: str, ids: Iterable[int]) -> None:
    """Keep which images of a filtration a person rejected."""
    permissions.check("Reviewing images")
    reviews.reject(key, ids)


def write_kept_set(dataset: Dataset, selection: Selection, folder: str, choice: Choice, rules: Rules) -> Written:
    """Write what a filtration keeps to a folder within the data roots, with its gallery."""
    from robustcore.reports.filtration import gallery

    permissions.check("Writing a kept set")
    place = roots.folder_to_write(folder)
    written = kept_set.write(dataset, selection, place, choice, rules)
    title = f"{dataset.name}: images that fool {' and '.join(name for name, _ in choice.models)}"
    gallery.write(place, title, selection, written.files)
    return written
