"""Adversarial filtration: of many images those that fixed networks get wrong, as ImageNet-A's were chosen (Basart's thesis, 3.3).

`scores` asks the networks, `rules` chooses among their answers, `reviews` keeps what a person rejected, `kept_set` writes what is
left as a dataset. `scenes_list` makes the list of the shipped set scenes/filtered by the same rules.
"""

from robustcore.evaluation.filtration.kept_set import Choice, Written
from robustcore.evaluation.filtration.rules import Rules, Selection, Step, select
from robustcore.evaluation.filtration.running import run
from robustcore.evaluation.filtration.scores import (
    PART,
    Scores,
    check,
    key_of,
    loaded,
    parts,
    right_answers,
    score,
)

__all__ = [
    "PART",
    "Choice",
    "Rules",
    "Scores",
    "Selection",
    "Step",
    "Written",
    "check",
    "key_of",
    "loaded",
    "parts",
    "right_answers",
    "run",
    "score",
    "select",
]
