"""AutoAttack: APGD, FAB and Square Attack one after another, each on the images that still hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from robustcore.attacks import cautions
from robustcore.attacks._base import Option, Oracle, attack
from robustcore.attacks.apgd import ascend
from robustcore.attacks.fab import approach
from robustcore.attacks.square import square
from robustcore.attacks.steps import directions as each_direction

TITLES = {
    "apgd_ce": "APGD-CE",
    "apgd_dlr": "APGD-DLR",
    "apgd_t": "APGD-T",
    "fab_t": "FAB-T",
    "square": "Square Attack",
}
STAGES = tuple(TITLES)
# In their order. Restarts of "plus" are those of the public documentation.
VERSIONS = {
    "standard": ("apgd_ce", "apgd_t", "fab_t", "square"),
    "plus": ("apgd_ce", "apgd_dlr", "square", "apgd_t", "fab_t"),
    cautions.AT_RANDOM: ("apgd_ce", "apgd_dlr"),
}
_RESTARTS = {"plus": 5}
_RESTARTED = ("apgd_ce", "apgd_dlr", "fab_t")
_SHARE = 0.8  # of the image that Square's first squares cover


@attack(
    title="AutoAttack",
    needs="gradients",
    goals=["untargeted"],
    source="Croce & Hein 2020, Reliable evaluation of adversarial robustness, section 5, and its public documentation",
    summary="APGD on two objectives, FAB and Square Attack in turn; an image holds if none of them breaks it.",
    options={
        "version": Option(
            "standard",
            "APGD-CE, APGD-T, FAB-T and Square; plus, with restarts and APGD-DLR; or rand, for models that answer at random.",
            choices=tuple(VERSIONS),
        ),
        "steps": Option(100, "Steps of APGD and FAB.", low=1),
        "directions": Option(9, "Classes that APGD-T and FAB-T lead to.", low=1),
        "queries": Option(5000, "Questions of Square Attack.", low=1),
        "repeats": Option(20, "Passes that each gradient of rand is averaged over.", low=1),
    },
    passes=lambda options: 3 + sum(_passes(stage, options) for stage in VERSIONS[options["version"]]),
    stages=STAGES,
    values=cautions.VALUES,
)
def autoattack(oracle: Oracle, version: str, steps: int, directions: int, queries: int, repeats: int) -> None:
    """The attacks of a version with their published settings.

    The published "plus" also has FAB without a target class; its FAB-T, restarted as often, stands for it here.
    """
    oracle.early_stop = True  # only images that hold go on to the next attack
    has_gradient = cautions.examine(oracle)
    if oracle.ball.eps is not None:
        oracle.give_up(oracle.ball.eps == 0)  # nothing may be changed: what is right holds
        if not len(oracle.rows):
            return
    clean_logits = oracle.logits
    rows = oracle.rows
    oracle.repeats = repeats if version == cautions.AT_RANDOM else 1
    for stage in VERSIONS[version] if has_gradient else ("square",):
        clean_logits = clean_logits[oracle.places_among(rows)]
        rows = oracle.rows
        oracle.stage = STAGES.index(stage) + 1
        oracle.beyond = stage == "fab_t"
        restarts = _RESTARTS.get(version, 1) if stage in _RESTARTED else 1
        if stage == "square":
            square(oracle, queries=queries, share=_SHARE)
        elif stage == "apgd_t":
            for _ in each_direction.each(oracle, clean_logits, directions, restarts):
                ascend(oracle, steps, "dlr")
        elif stage == "fab_t":
            for restart in each_direction.each(oracle, clean_logits, directions, restarts):
                approach(oracle, steps, restart > 0)
        else:
            for _ in range(restarts):
                ascend(oracle, steps, "cross_entropy" if stage == "apgd_ce" else "dlr")


def _passes(stage: str, options: Mapping[str, Any]) -> int:
    """Passes of one stage at most, without restarts."""
    if stage == "square":
        return int(options["queries"]) + 1
    classes: int = options["directions"] if stage in ("apgd_t", "fab_t") else 1
    return classes * (int(options["steps"]) + 1)
