"""Claims of the documents, each held against stored results: seen, not seen, or not to be said, with the figures.

`load` judges all claims of a topic by what is stored at that moment. Rules are written in code before figures are looked at,
and nothing is tuned until a claim is seen. A further topic is a module with `load() -> sequence of Claim`, and a row of
`TOPICS`.
"""

from __future__ import annotations

import dataclasses
import importlib
from importlib.metadata import version

from robustcore.errors import UnknownNameError
from robustcore.reports.claims._base import NOT_SEEN, SEEN, UNSAID, Claim

VERDICTS = (SEEN, NOT_SEEN, UNSAID)

__all__ = ["NOT_SEEN", "SEEN", "TOPICS", "UNSAID", "VERDICTS", "Claim", "Topic", "counted", "load"]


@dataclasses.dataclass(frozen=True)
class Topic:
    """Claims that belong together.

    Attributes:
        name: as on the command line.
        module: where their `load` is; imported only when they are asked for.
        basis: what all of them rest on, in a sentence or two.
    """

    name: str
    module: str
    basis: str

    @property
    def footer(self) -> str:
        """The basis, and what judged."""
        return f"{self.basis} robustcore {version('robustcore')}."


TOPICS = {
    topic.name: topic
    for topic in (
        Topic(
            "interventions",
            "robustcore.reports.claims.interventions",
            "Models: the demo zoo, each trained once and held against the control that goes on from the standard model as long "
            "without an intervention; beside is the standard model itself. Data: scenes (test), all images, 240 under attack; "
            "seed 0. APP: accuracy over clean accuracy on the same images. Intervals: 95 %, paired bootstrap over the images "
            "(1,000 drawings, the same for all models and conditions); they are not over trainings.",
        ),
        Topic(
            "overlap",
            "robustcore.reports.claims.overlap",
            "Overlaps: of the atlases that ship or were computed here, by residual robustness, with each claim's own images and "
            "trainings. Correlations: over the models with results on natural shifts, those trained for an atlas left out. "
            "Intervals: 95 %.",
        ),
    )
}


def load(topic: str) -> tuple[Claim, ...]:
    """The claims of a topic, judged by what is stored now; computes and writes nothing.

    Raises:
        UnknownNameError: no such topic.
    """
    if topic not in TOPICS:
        raise UnknownNameError("topic of claims", topic, TOPICS)
    return tuple(importlib.import_module(TOPICS[topic].module).load())


def counted(claims: tuple[Claim, ...]) -> str:
    """How many of them are seen, in a sentence."""
    seen, not_seen, unsaid = (sum(claim.verdict == verdict for claim in claims) for verdict in VERDICTS)
    rest = f", and of {unsaid} nothing can be said yet" if unsaid else ""
    return f"Of {len(claims)} claims {seen} are seen here, {'' if unsaid else 'and '}{not_seen} are not{rest}."
