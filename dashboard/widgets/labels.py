"""Names for people."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore.corruptions import Corruption

FAMILIES = ("noise", "blur", "weather", "digital", "geometry", "occlusion", "colour")
SUITES = {
    "imagenet-c": "ImageNet-C",
    "imagenet-c-extra": "ImageNet-C extra",
    "laugros": "Laugros",
    "candidates-40": "40 candidates",
    "candidates-scenes": "Candidates, calibrated for scenes",
    "syn2nat": "syn2nat",
    "imagenet-p": "ImageNet-P",
    "imagenet-p-extra": "ImageNet-P extra",
    "robust-accuracy": "Robust accuracy",
    "attacks": "Attacks",
    "scenes-shifts": "Shifted scenes",
    "imagenet-shifts": "ImageNet shifts",
}
STORAGES = {"memory": "As computed", "jpeg85": "Second JPEG (85)"}
_ACRONYMS = {"jpeg": "JPEG", "iso": "ISO", "clahe": "CLAHE", "hsv": "HSV", "rgb": "RGB", "fgsm": "FGSM", "pgd": "PGD"}


def pretty(name: str) -> str:
    """ "gaussian_noise" -> "Gaussian noise"."""
    words = [_ACRONYMS.get(word, word) for word in name.replace("-", " ").split("_")]
    text = " ".join(words)
    return text[:1].upper() + text[1:]


def inner(text: str) -> str:
    """A name inside a sentence: without its capital, unless it is an acronym or a person's name."""
    return text if text[1:2].isupper() or text.startswith("Gauss") else text[:1].lower() + text[1:]


def suite(name: str) -> str:
    """A suite's name; one that this page does not know keeps its own."""
    return SUITES.get(name, name)


def corruption(thing: Corruption) -> str:
    """A corruption's plain name; where the registry has a prefix to tell it from another suite's, the suite beside it."""
    name = pretty(thing.plain_name)
    return name if thing.name == thing.plain_name else f"{name} · {suite(thing.suites[0])}"


def storage(name: str) -> str:
    """A storage in words."""
    return STORAGES.get(name, name)


def family_order(family: str) -> tuple[int, str]:
    """A key that sorts families as the field lists them, unknown ones behind."""
    return (FAMILIES.index(family) if family in FAMILIES else len(FAMILIES), family)


def note(thing: Corruption) -> str:
    """What stands below a corruption's name: the suite where the name alone is ambiguous, the range of strengths."""
    parts = [suite(thing.suites[0])] if thing.name != thing.plain_name else []
    if thing.strengths is not None:
        parts.append("strength {:g} to {:g}".format(*thing.strengths))
    elif not thing.severities:
        parts.append("no severities")
    return ", ".join(parts)


def columns(shown: Sequence[Corruption]) -> list[str]:
    """The five columns' headings: severities, draws, or plain numbers where both stand below."""
    kinds = {bool(corruption.severities) for corruption in shown}
    word = "" if len(kinds) > 1 else "Severity " if True in kinds else "Draw "
    return [f"{word}{k}" for k in range(1, 6)]


def percent(probability: float) -> str:
    """A probability as whole per cent, never rounded up to a certainty."""
    if 0.995 <= probability < 1:
        return ">99\N{NO-BREAK SPACE}%"
    if 0 < probability < 0.005:
        return "<1\N{NO-BREAK SPACE}%"
    return f"{probability:.0%}".replace("%", "\N{NO-BREAK SPACE}%")
