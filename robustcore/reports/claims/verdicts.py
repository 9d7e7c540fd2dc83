"""Verdicts that are kept: those on what ships come with the package, others stay in the cache.

Either is found by a digest of the results that were judged and by the revision of the rules. `robustcore demo` writes what
ships; a test holds that it is current, a slow one that it is what the rules give.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from robustcore import derived, paths
from robustcore.derived import atomic_files
from robustcore.errors import InvalidArgumentError, StoreError
from robustcore.reports.claims._base import Claim
from robustcore.reports.claims.sources import Part, Sources

REVISION = 5  # raised with every change of a rule, of a figure or of what computes them


def of(part: Part, sources: Sources) -> tuple[Claim, ...]:
    """The verdicts of a part: that ship or are kept where they were judged by the same results, else judged now."""
    judged_by = key(part, sources)
    claims = kept(part, judged_by)
    if claims is None:
        claims = tuple(part.judge(sources))
        derived.put(f"claims-{part.name}", judged_by, claims)
    return claims


def kept(part: Part, judged_by: str) -> tuple[Claim, ...] | None:
    """The verdicts that ship or are kept, where they were judged by the same; else None."""
    claims = shipped(part, judged_by)
    return derived.get(f"claims-{part.name}", judged_by) if claims is None else claims


def shipped(part: Part, judged_by: str) -> tuple[Claim, ...] | None:
    """The verdicts that ship, where they were judged by the same; else None.

    Raises:
        StoreError: the shipped file is damaged.
    """
    path = path_of(part)
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_bytes())
        if content["key"] != judged_by:
            return None
        claims: tuple[Claim, ...] = derived.decode(content["claims"])
    except (OSError, ValueError, KeyError, TypeError, InvalidArgumentError) as error:
        raise StoreError(
            f"The shipped verdicts in {path} cannot be read ({error}); install the package again."
        ) from error
    return claims


def path_of(part: Part) -> Path:
    """The file that ships."""
    return paths.assets() / "claims" / f"{part.name}.json"


def outdated(parts: Iterable[Part]) -> list[Part]:
    """The parts whose shipped verdicts are not those on the shipped results by today's rules."""
    sources = Sources.shipped()
    return [part for part in parts if shipped(part, key(part, sources)) is None]


def ship(part: Part) -> Path:
    """Judge a part by what ships alone, and write the verdicts to the shipped file, whole or not at all."""
    sources, path = Sources.shipped(), path_of(part)
    content = {"key": key(part, sources), "claims": derived.encode(tuple(part.judge(sources)))}
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_files.write(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    return path


def key(part: Part, sources: Sources) -> str:
    """A digest of what a part is judged by, and of the rules' revision."""
    return derived.digest(part.name, REVISION, part.key(sources))
