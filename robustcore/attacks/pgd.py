"""PGD: projected gradient descent, in the form of the thesis and in the standard one."""

from __future__ import annotations

from robustcore.attacks._base import Option, Oracle, attack
from robustcore.attacks.steps.ascent import OBJECTIVE, STEP_SIZE, ascend


@attack(
    title="PGD",
    needs="gradients",
    source="Laugros' thesis, 2.3.2.2, equations 2.6 and 2.8; Madry et al. 2018",
    summary="Many small steps along the gradient, each projected back into the ε-ball; optional random start.",
    options={
        "steps": Option(10, "Number of steps.", low=1),
        "step_size": STEP_SIZE,
        "relative_step": Option(2.5, "Step size in units of eps / steps, where step_size is not given.", low=0),
        "random_start": Option(True, "Start at a random image in the ball instead of the clean one."),
        "restarts": Option(1, "Number of starts; the best image of all is kept.", low=1),
        "objective": OBJECTIVE,
    },
    passes=lambda options: options["restarts"] * (options["steps"] + 1) + options["random_start"],
)
def pgd(
    oracle: Oracle,
    steps: int,
    step_size: float | None,
    relative_step: float,
    random_start: bool,
    restarts: int,
    objective: str,
) -> None:
    """Projected gradient steps, from `restarts` starts."""
    if random_start:
        oracle.look_at_clean()
    for restart in range(restarts):
        # A second start at the clean image would only repeat the first.
        from_clean = not random_start and restart == 0
        x = oracle.ball.clean.clone() if from_clean else oracle.ball.start(oracle.draws)
        ascend(oracle, x, steps=steps, step_size=step_size, relative_step=relative_step, objective=objective)
