"""MI-FGSM: the momentum iterative fast gradient sign method."""

from __future__ import annotations

from robustcore.attacks._base import Option, Oracle, attack
from robustcore.attacks.steps.ascent import OBJECTIVE, STEP_SIZE, ascend


@attack(
    title="MI-FGSM",
    needs="gradients",
    source="Laugros' thesis, 2.3.2.2; Dong et al. 2018",
    summary="PGD with the gradient replaced by the running sum of normalised gradients, which transfers better.",
    options={
        "steps": Option(10, "Number of steps.", low=1),
        "step_size": STEP_SIZE,
        "relative_step": Option(1.0, "Step size in units of eps / steps, where step_size is not given.", low=0),
        "decay": Option(1.0, "Share of the running sum that the next step keeps.", low=0),
        "objective": OBJECTIVE,
    },
    passes=lambda options: options["steps"] + 1,
)
def mi_fgsm(
    oracle: Oracle, steps: int, step_size: float | None, relative_step: float, decay: float, objective: str
) -> None:
    """Momentum iterative steps from the clean image."""
    ascend(
        oracle,
        oracle.ball.clean.clone(),
        steps=steps,
        step_size=step_size,
        relative_step=relative_step,
        objective=objective,
        decay=decay,
    )
