"""FGSM: the fast gradient sign method."""

from __future__ import annotations

from robustcore.attacks._base import Oracle, attack
from robustcore.attacks.steps.ascent import OBJECTIVE, ascend


@attack(
    title="FGSM",
    needs="gradients",
    source="Laugros' thesis, 2.3.2.2, equations 2.5 and 2.7; Goodfellow, Shlens & Szegedy 2015",
    summary="One step of length eps along the gradient's sign.",
    options={"objective": OBJECTIVE},
    passes=lambda options: 2,
)
def fgsm(oracle: Oracle, objective: str) -> None:
    """PGD with one step of length eps from the clean image."""
    ascend(oracle, oracle.ball.clean.clone(), steps=1, step_size=None, relative_step=1.0, objective=objective)
