"""Claims of the documents, judged once for each version of the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard import file_versions
from dashboard.cache import expiry
from dashboard.cache.expiry import reads_results
from dashboard.cache.offload import offload
from dashboard.workers import pool

if TYPE_CHECKING:
    from dashboard.file_versions import FileVersion
    from robustcore.reports.claims import Claim


def claims(topic: str) -> tuple[Claim, ...]:
    """The claims of a topic, as what is stored now answers them."""
    return _judged(topic, _versions())


@reads_results(max_entries=16, show_spinner="Checking claims …")  # more than there are topics
def _judged(topic: str, versions: tuple[FileVersion, ...]) -> tuple[Claim, ...]:
    from robustcore.reports import claims

    if not pool.is_running() or claims.is_judged(topic):
        return claims.load(topic)
    claims_of_topic: tuple[Claim, ...] = offload("claims", claims.key(topic), claims.load, topic)
    return claims_of_topic


def _versions() -> tuple[FileVersion, ...]:
    """Of each file that is read: results, atlases and tables of models."""
    from robustcore.atlas import plan, populations

    files = [*plan.tables().values(), *populations.tables().values()]
    return (*expiry.versions_now(), *(file_versions.version(path) for path in files if path.exists()))
