"""Names for people."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore.corruptions import Corruption
from robustcore.evaluation import suites

STORAGES = {"memory": "As computed", "jpeg85": "Second JPEG (85)", "released": "As released"}


def suite(name: str) -> str:
    """A suite's title; one of one's own is called by its name."""
    return suites.title(name)


def storage(name: str) -> str:
    """A storage in words."""
    return STORAGES.get(name, name)


def note(thing: Corruption) -> str:
    """What stands below a corruption's name: the suite where the name alone is ambiguous, the range of strengths."""
    parts = [suite(thing.suites[0])] if thing.name != thing.plain_name and thing.suites else []
    if thing.strengths is not None:
        parts.append("strength {:g} to {:g}".format(*thing.strengths))
    elif not thing.severities:
        parts.append("no severities")
    return ", ".join(parts)


def columns(listed: Sequence[Corruption]) -> list[str]:
    """The five columns' headings: severities, draws, or plain numbers where both stand below."""
    kinds = {bool(corruption.severities) for corruption in listed}
    word = "" if len(kinds) > 1 else "Severity " if True in kinds else "Draw "
    return [f"{word}{k}" for k in range(1, 6)]


def percent(share: float) -> str:
    """A share as whole per cent, never rounded up to all nor down to none."""
    if 0.995 <= share < 1:
        return ">99\N{NO-BREAK SPACE}%"
    if 0 < share < 0.005:
        return "<1\N{NO-BREAK SPACE}%"
    return f"{share:.0%}".replace("%", "\N{NO-BREAK SPACE}%")


def confidence(probability: float) -> str:
    """A model's probability as whole per cent. It is never 0 or 1: where it reads so, its digits have run out."""
    return percent(min(max(probability, 0.001), 0.999))
