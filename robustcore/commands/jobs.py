"""`robustcore jobs`: see evaluations, trainings and studies that run in worker processes, and stop, resume or reorder them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from robustcore.evaluation.jobs.jobs import JobStatus

NAME = "jobs"
HELP = "Show, cancel, pause, resume or remove jobs: evaluations, trainings and studies."


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.set_defaults(action="ls", limit=20)
    parts = parser.add_subparsers(title="actions", metavar="ACTION")
    listing = parts.add_parser("ls", aliases=["list"], help="the newest jobs (the default)")
    listing.add_argument("--limit", type=int, default=20, help="how many (default: 20)")
    listing.set_defaults(action="ls")
    for action, help_ in (
        ("show", "one job in detail"),
        ("cancel", "stop a job; what it finished is kept"),
        ("pause", "stop a job for a while and free its device"),
        ("resume", "take up a job that was stopped or interrupted, or try its failed units again"),
        ("rm", "take an ended job out of the history; its results stay"),
        ("priority", "let a job go before others"),
    ):
        part = parts.add_parser(action, help=help_)
        part.add_argument("job", type=int, help="its number")
        if action == "priority":
            part.add_argument("priority", type=int, help="higher goes first")
        part.set_defaults(action=action)


def run(args: argparse.Namespace) -> int:
    """Do one of the actions."""
    from robustcore.evaluation.jobs import jobs

    if args.action == "ls":
        newest = jobs.list_jobs(args.limit)
        if not newest:
            print("Nothing was started yet.")
        for job in newest:
            print(_line(job))
    elif args.action == "show":
        _show(args.job)
    elif args.action == "rm":
        jobs.remove(args.job)
        print(f"Job {args.job} is removed. Its results stay.")
    elif args.action == "priority":
        jobs.set_priority(args.job, args.priority)
    else:
        act = {"cancel": jobs.cancel, "pause": jobs.pause, "resume": jobs.resume}[args.action]
        print(_line(act(args.job)))
    return 0


def _line(job: JobStatus) -> str:
    from robustcore.progress import duration

    left = f", {duration(job.seconds_left)} left" if job.active and job.seconds_left is not None else ""
    failed = f", {job.failed} failed" if job.failed else ""
    return f"{job.id:>4}  {job.state:<11}  {job.progress}{left}{failed}  {job.title}"


def _show(number: int) -> None:
    from robustcore.evaluation.jobs import jobs

    job = jobs.status(number)
    print(_line(job))
    print(f"      created {job.created}, began {job.began or '-'}, ended {job.ended or '-'}, priority {job.priority}")
    if job.message:
        print(f"      {job.message}")
    for event in job.events:
        print(f"      {event.text}")
    if job.log:
        print(f"      log {job.log}")
    cells = jobs.cells(number)
    if len(cells):
        print(cells[["model", "condition", "done", "failed", "total"]].to_string(index=False))
