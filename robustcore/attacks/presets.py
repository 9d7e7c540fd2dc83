"""Presets: attacks with the names and constants of a document."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from robustcore.registry import Registry


@dataclasses.dataclass(frozen=True)
class Preset:
    """One attack with all its settings.

    Attributes:
        name: registry key, document/name.
        attack: the registered attack.
        document, section: where the constants are from.
        summary: one sentence for people, with what the document leaves open.
        eps: a number, or a range (low, high) that each image draws from; None for no budget.
        norm: a norm of the attack.
        goal: "untargeted", "targeted" or "least_likely".
        options: of the attack; the others have their defaults.
    """

    name: str
    attack: str
    document: str
    section: str
    summary: str
    eps: float | tuple[float, float] | None
    norm: str = "linf"
    goal: str = "untargeted"
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def plain_name(self) -> str:
        """The name in its document."""
        return self.name.partition("/")[2]


registry: Registry[Preset] = Registry("attack preset")

_THESIS = "Laugros' thesis"
# 0.005 to 0.05 with pixels in [-1, 1].
_RANGE = (0.0025, 0.025)
_PLAIN = {"steps": 10, "relative_step": 1.0, "random_start": False}


def _add(name: str, attack: str, section: str, summary: str, eps: Any, **fields: Any) -> None:
    key = f"laugros/{name}"
    registry.add(key, Preset(key, attack, _THESIS, section, summary, eps, **fields))


_add("fgsm", "fgsm", "3.2.2", "FGSM with eps drawn from 0.0025 to 0.025 for each image.", _RANGE)
_add(
    "fgsm_ll", "fgsm", "3.2.2", "FGSM towards the least likely class, eps drawn likewise.", _RANGE, goal="least_likely"
)
_add(
    "pgd_range",
    "pgd",
    "3.2.2",
    "Ten steps of eps / 10, eps drawn from 0.0025 to 0.025 for each image.",
    _RANGE,
    options=_PLAIN,
)
_add(
    "pgd_ll_range",
    "pgd",
    "3.2.2",
    "The same towards the least likely class.",
    _RANGE,
    goal="least_likely",
    options=_PLAIN,
)
_add("pgd", "pgd", "3.3.3.1", "Ten steps of eps / 10 from the clean image, eps 0.04.", 0.04, options=_PLAIN)
_add("pgd_ll", "pgd", "3.3.3.1", "The same towards the least likely class.", 0.04, goal="least_likely", options=_PLAIN)
_add(
    "mi_fgsm",
    "mi_fgsm",
    "3.3.3.1",
    "Ten steps with momentum, decay 1, eps 0.04; the thesis crafts it on a VGG.",
    0.04,
    options={"steps": 10, "decay": 1.0},
)
_add("mi_fgsm_08", "mi_fgsm", "3.3.3.1", "The same with eps 0.08.", 0.08, options={"steps": 10, "decay": 1.0})
_add(
    "cw_l2",
    "cw",
    "3.3.3.1",
    "40 iterations at c = 50, which the thesis calls the confidence: no margin kappa and no search over c; the rate, 0.01 in "
    "Adam, is not stated.",
    None,
    norm="l2",
    options={"steps": 40, "binary_search_steps": 1, "initial_const": 50.0},
)
