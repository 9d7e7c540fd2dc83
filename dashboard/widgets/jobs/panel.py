"""Jobs: the running ones as they fill, the ended ones with what can be done about them.

The work is done by a separate process; the page reads the jobs' file each time it is drawn.
"""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from dashboard import cache
from dashboard.session import actions, permissions
from dashboard.widgets import addresses, links, markup, states
from dashboard.widgets.jobs import amounts
from dashboard.widgets.markup import Markup
from robustcore import corruptions
from robustcore.display import display_name
from robustcore.errors import RobustcoreError
from robustcore.evaluation.jobs import jobs
from robustcore.evaluation.jobs.jobs import JobStatus
from robustcore.evaluation.request import EvaluationRequest

# state -> (word, icon, colour of the badge)
STATES = {
    "queued": ("waiting", ":material/schedule:", "gray"),
    "running": ("running", ":material/play_arrow:", "blue"),
    "stopping": ("stopping", ":material/stop:", "orange"),
    "finished": ("finished", ":material/check:", "green"),
    "failed": ("failed", ":material/error:", "red"),
    "cancelled": ("cancelled", ":material/cancel:", "gray"),
    "paused": ("paused", ":material/pause:", "gray"),
    "interrupted": ("interrupted", ":material/power_off:", "orange"),
}
HISTORY = 20
_PLURALS = {"evaluation": "Evaluations", "training": "Trainings", "study": "Studies"}


def show(*kinds: str) -> None:
    """The newest job of some kinds (`JobStatus.kind`), and all that are active, refreshed every second while any is; below them the
    history."""
    listed = listed_jobs(*kinds)
    if not listed:
        states.empty(
            f"No {kinds[0]} yet",
            f"{_PLURALS[kinds[0]]} run in the background; their progress is shown here.",
            icon=":material/hourglass_empty:",
        )
        return
    active = any(job.active for job in listed)
    # Redrawn by itself while something runs; the whole page is redrawn once when the last job has ended.
    st.fragment(_panel, run_every=1.0 if active else None)(kinds, active)


def listed_jobs(*kinds: str) -> list[JobStatus]:
    """The newest jobs of some kinds."""
    return [job for job in jobs.list_jobs() if job.kind in kinds][:HISTORY]


def _panel(kinds: tuple[str, ...], was_active: bool) -> None:
    listed = listed_jobs(*kinds)
    if was_active and not any(job.active for job in listed):
        cache.expiry.results_changed()
        st.rerun()
    top = [job for job in listed if job.active] or listed[:1]
    for job in top:
        _card(job)
    rest = [job for job in listed if job not in top]
    if rest:
        st.subheader("History", anchor=False)
        for job in rest:
            word, icon, _ = _state(job)
            with st.expander(f"{states.plain(job.title)} · {word}, {amounts.ago(job.ended or job.created)}", icon=icon):
                _body(job)


def _card(job: JobStatus) -> None:
    with st.container(border=True, key=f"job-{job.id}"):
        word, icon, colour = _state(job)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{states.plain(job.title)}**", width="stretch")
            st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
        _body(job)


def _state(job: JobStatus) -> tuple[str, str, str]:
    """Word, icon and colour of the badge."""
    if job.state == "finished" and job.failed:
        return f"finished, {job.failed:,} failed", ":material/warning:", "orange"
    return STATES[job.state]


def _body(job: JobStatus) -> None:
    if job.total:
        st.progress(min(1.0, (job.done or 0) / job.total), text=_progress(job))
    elif job.active:
        st.progress(0.0, text=_waiting(job))
    if job.message:
        (states.error if job.state == "failed" else states.notice)(job.message)
    elif job.failed:
        states.notice(f"{job.failed} units failed; Compare shows the reasons.")
    if job.events:
        earlier = f" It happened {len(job.events)} times." if len(job.events) > 1 else ""
        states.notice(f"{job.events[-1].text}{earlier}")
    if job.state == "interrupted":
        kept = "epochs are" if job.kind == "training" else "work is" if job.kind == "study" else "units are"
        st.caption(f"Its process has ended; finished {kept} kept and not repeated.")
    cells = jobs.cells(job.id)
    if len(cells):
        markup.html(_grid(cells))
    _buttons(job)


def _progress(job: JobStatus) -> str:
    parts = [job.progress]
    if job.cached:
        parts.append(f"{job.cached:,} already stored")
    if job.active and job.images_per_second:
        parts.append(f"{job.images_per_second:,.0f} images/s")
    if job.active and job.seconds_left is not None:
        parts.append(f"{amounts.duration(job.seconds_left)} left")
    if not job.active:
        parts.append(amounts.ago(job.ended))
    return " · ".join(part for part in parts if part)


def _waiting(job: JobStatus) -> str:
    if job.state != "queued":
        return "Reading the training images" if job.kind == "training" else "Loading the models and the images"
    before = any(other.active and other.id != job.id for other in jobs.list_jobs())
    return "Waiting for its turn" if before else "Starting a worker process"


def _buttons(job: JobStatus) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if (job.done or 0) > 0 and isinstance(job.request, EvaluationRequest):
            links.to("compare", "Compare the results", compare_address(job.request))
        if permissions.read_only():
            return
        if job.state == "queued":
            _act("Run next", ":material/vertical_align_top:", job, actions.hasten, "Before all other waiting jobs.")
        if job.state == "running":
            _act("Pause", ":material/pause:", job, actions.pause, "Frees the device; finished units are kept.")
        if job.state in ("queued", "running"):
            _act(
                "Cancel",
                ":material/cancel:",
                job,
                actions.cancel,
                "Stops within two seconds; finished units are kept.",
            )
        elif job.state in ("cancelled", "paused", "interrupted", "failed") or job.failed:
            word = "Try the failed units again" if job.state == "finished" else "Continue"
            word = "Try again" if job.state == "failed" else word
            _act(word, ":material/replay:", job, actions.resume, "Finished units are not computed again.")
        if not job.active:
            _act("Remove", ":material/delete:", job, actions.remove, "From this list only; the results are kept.")


def _act(word: str, icon: str, job: JobStatus, action: Callable[[int], object], help: str) -> None:
    if st.button(word, icon=icon, key=f"job-{action.__name__}-{job.id}", help=help, type="tertiary"):
        try:
            action(job.id)
        except RobustcoreError as error:
            st.toast(states.plain(str(error)), icon=":material/error:")
        st.rerun()


def compare_address(request: EvaluationRequest) -> links.Address:
    """The address of Compare that shows a resolved request's results."""
    conditions = [c for c in request.conditions if not isinstance(c, str)]
    names = {c.name for c in conditions if c.kind == "corruption"}
    suites = [s for s in corruptions.suites.names("corruption") if names & set(corruptions.names(s))]
    # A corruption may be in several suites; those that the job covers come first.
    whole = [s for s in suites if set(corruptions.names(s)) <= names]
    storages = {c.storage for c in conditions if c.kind == "corruption"}
    storage = storages.pop() if len(storages) == 1 else "memory"
    covered = whole or suites[:1] or corruptions.suites.names("corruption")[:1]
    # A folder of one set has no split to choose.
    split = request.split if request.split in cache.datasets.splits(request.dataset_name) else ""
    # What was evaluated under attack alone is in a view of its own.
    view = "" if names or not any(c.kind == "attack" for c in conditions) else "attacks"
    return addresses.compare(
        request.model_names, request.dataset_name, covered, split=split, view=view, seed=request.seed, storage=storage
    )


def _grid(cells: pd.DataFrame) -> Markup:
    """A row for each condition and a square for each severity, filled in proportion to its finished units."""
    together = cells.assign(severity=cells["severity"].fillna(0)).groupby(["kind", "name", "severity"], sort=False)
    sums = together[["total", "done", "failed"]].sum()
    rows = Markup()
    for key, part in sums.groupby(level=["kind", "name"], sort=False):
        kind, name = (str(level) for level in key)
        squares = Markup().join(_square(int(severity), *values) for (_, _, severity), *values in part.itertuples())
        title = display_name(name, kind)
        rows += Markup(
            '<div style="display:flex;gap:6px;align-items:center;min-width:0">'
            '<div style="display:flex;gap:2px">{}</div>'
            '<div style="font-size:.8rem;opacity:.8;white-space:nowrap;overflow:hidden;text-overflow:ellipsis">'
            "{}</div></div>"
        ).format(squares, title)
    return Markup(
        '<div role="img" aria-label="Progress of each condition" style="display:grid;gap:5px 18px;'
        'grid-template-columns:repeat(auto-fill,minmax(200px,1fr))">{}</div>'
    ).format(rows)


def _square(severity: int, total: int, done: int, failed: int) -> Markup:
    share = 0 if not total else min(100, round(100 * done / total))
    edge = "#c81e0a" if failed else "color-mix(in srgb, currentColor 35%, transparent)"
    what = "" if severity == 0 else f"severity {severity}: "
    return Markup(
        '<span title="{}{} of {} units{}" style="display:inline-block;'
        "width:13px;height:13px;border-radius:3px;border:1px solid {};"
        'background:linear-gradient(to top,#0c9e86 {}%,transparent {}%)"></span>'
    ).format(what, done, total, f", {failed} failed" if failed else "", edge, share, share)
