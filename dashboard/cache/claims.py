"""Claims of the documents, judged once for each version of the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.cache.expiry import reads_results

if TYPE_CHECKING:
    from robustcore.reports.claims import Claim


def claims(topic: str) -> tuple[Claim, ...]:
    """The claims of a topic, as what is stored now answers them."""
    return _judged(topic, _version())


@reads_results(ttl=24 * 3600, max_entries=4, show_spinner="Holding the claims against the results …")
def _judged(topic: str, version: tuple[tuple[str, int, int], ...]) -> tuple[Claim, ...]:
    from robustcore.reports import claims

    return claims.load(topic)


def _version() -> tuple[tuple[str, int, int], ...]:
    """What tells results and atlases from what they were before: of each file that is read, its log too, size and time of
    change."""
    from robustcore.atlas import plan, populations
    from robustcore.evaluation import Store

    files = [
        path for layer in Store().layers() for path in (layer.path, layer.path.with_name(f"{layer.path.name}-wal"))
    ]
    files += [*plan.tables().values(), *populations.tables().values()]
    stats = [(str(path), path.stat()) for path in files if path.exists()]
    return tuple((path, stat.st_size, stat.st_mtime_ns) for path, stat in stats)
