"""A budget that an evaluation asks for: a norm and radii in it, in the place of those of its suites."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from robustcore import arguments, attacks
from robustcore.attacks import budgets
from robustcore.attacks.budgets import TITLES
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation.condition import Condition

CUSTOMARY = {"linf": "8/255", "l2": "0.5", "l1": "12"}  # radii of the literature at 32 pixels, as people write them


@dataclasses.dataclass(frozen=True)
class Budget:
    """How far the attacks of an evaluation may change an image.

    Attributes:
        norm: "linf", "l2" or "l1"; "" for each attack's own.
        eps: radii in it, pixels in [0, 1]: every attack runs at each of them; none for each attack's own.
    """

    norm: str = ""
    eps: tuple[float, ...] = ()

    @classmethod
    def of(cls, norm: Any = "", eps: Any = ()) -> Budget:
        """A checked budget; radii are numbers or texts such as "8/255", one or several."""
        norm = arguments.choice(norm, budgets.NORMS, "norm") if norm not in ("", None) else ""
        several = arguments.several(() if eps is None else eps, "eps is one radius or a list of them")
        return cls(norm, tuple(dict.fromkeys(budgets.radius(each) for each in several)))

    def __bool__(self) -> bool:
        return bool(self.norm or self.eps)

    def __str__(self) -> str:
        return " ".join([*([TITLES[self.norm]] if self.norm else []), *self.radii])

    @property
    def radii(self) -> list[str]:
        """The radii as a command line takes them."""
        return [
            text if budgets.radius(text := budgets.written(e, self.norm or "linf")) == e else repr(e) for e in self.eps
        ]

    def applied(self, conditions: Sequence[Condition]) -> list[Condition]:
        """The conditions with all attacks among them within this budget; nothing twice.

        Raises:
            InvalidArgumentError: there is no attack; an attack lacks the norm, is a preset with a budget of its own, or has a radius
                in another norm, and none was given in this one.
        """
        if not self:
            return list(conditions)
        if not any(condition.kind == "attack" for condition in conditions):
            raise InvalidArgumentError("A norm and an eps are of attacks, and none is among the conditions.")
        within = (self._within(each) if each.kind == "attack" else [each] for each in conditions)
        return list(dict.fromkeys(condition for several in within for condition in several))

    def _within(self, condition: Condition) -> list[Condition]:
        method, preset = attacks.resolve(condition.name)
        parameters = condition.parameters
        own = condition.norm
        norm = self.norm or own
        if preset is not None and (self.eps or norm != own):
            raise InvalidArgumentError(
                f"{condition.name} has the norm and the eps of its document; name the attack, {method.name}, to choose others."
            )
        method.check_norm(norm)
        if norm != own:
            parameters["norm"] = norm
            if parameters.pop("eps", None) is not None and not self.eps:
                raise InvalidArgumentError(
                    f"The eps of {condition.name} is in {TITLES[own]}; give one in {TITLES[norm]} with the norm, "
                    f"for example {CUSTOMARY[norm]}."
                )
        several = [parameters | {"eps": eps} for eps in self.eps] or [parameters]
        return [dataclasses.replace(condition, params=tuple(each.items())) for each in several]


OWN = Budget()  # of each attack
