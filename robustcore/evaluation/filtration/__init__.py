"""Adversarial filtration: of many images those that fixed networks get wrong, as ImageNet-A's were chosen (Basart's thesis, 3.3).

`scores` asks the networks, `rules` chooses among their answers, `reviews` keeps what a person rejected, `kept_set` writes what is
left as a dataset. `scenes_list` makes the list of the shipped set scenes/filtered by the same rules.
"""

from robustcore.evaluation.filtration.rules import Rules, Selection, Step, select
from robustcore.evaluation.filtration.scores import PART, Scores, key_of, loaded, parts, right_answers, run, score

__all__ = [
    "PART",
    "Rules",
    "Scores",
    "Selection",
    "Step",
    "key_of",
    "loaded",
    "parts",
    "right_answers",
    "run",
    "score",
    "select",
]
