"""Everything by which a page changes something that lasts; each asks for permission first."""

from __future__ import annotations

from dashboard.session import permissions, roots
from robustcore.evaluation import suites
from robustcore.evaluation.jobs import jobs
from robustcore.evaluation.jobs.jobs import JobStatus
from robustcore.evaluation.operations import shift
from robustcore.evaluation.request import EvaluationRequest


def submit(request: EvaluationRequest) -> int:
    """Queue an evaluation whose paths lie within the data roots."""
    permissions.check("Launching an evaluation")
    confined = roots.request(request)
    roots.check_links(confined.dataset_name)
    own_shifts = shift.folders(suites.resolve(confined.conditions, confined.severities, storage=confined.storage))
    for folder in filter(None, [confined.released, *own_shifts]):
        roots.check_links(roots.dataset(folder))
    return jobs.submit(confined)


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
