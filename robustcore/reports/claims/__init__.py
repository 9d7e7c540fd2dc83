"""Claims of the documents, each checked against stored results: reproduced, not reproduced or undecided, with the figures.

`load` has the verdicts on what is stored at that moment: those that ship or were kept where the results are the same, else
judged anew. Rules are in code, and nothing is tuned to reproduce a claim; what of a rule was set or changed after figures had been
seen is a field of its claim. A further topic is a module with `PARTS`, and a row of `TOPICS`.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Sequence

from robustcore.errors import UnknownNameError
from robustcore.notes import Note, note
from robustcore.reports.claims import verdicts
from robustcore.reports.claims._base import NOT_REPRODUCED, REPRODUCED, UNDECIDED, Claim
from robustcore.reports.claims.sources import Part, Sources
from robustcore.reports.provenance import Footer, package_version


@note
def trained_models() -> str:
    return (
        "Models: the demo zoo, each trained once and compared with a control: the standard model trained for as long without an "
        "intervention."
    )


@note
def scenes_images(dataset: str, split: str, attacked: int, seed: int) -> str:
    """`attacked`: how many of them are attacked."""
    return (
        f"Data: {dataset} ({split}), all images, {attacked} under attack; seed {seed}. APP: accuracy over clean accuracy on the same "
        "images."
    )


@note
def overlaps_of_atlases() -> str:
    return "Overlaps: the atlases that ship or were computed here, residual robustness."


@note
def correlations_over_models() -> str:
    return "Correlations: over all models with results on natural shifts except those trained for an atlas."


@note
def scores_of_networks(networks: str, known: str) -> str:
    return f"{networks} on {known}, each trained once."


@note
def noise_and_shapes(source: str) -> str:
    """`source`: where the recipes of noise are printed."""
    return f"Unknown images: noise ({source}), and shapes or scenes that the network has no class for. Unknown is the positive class."


@note
def factors_of_scenes(images: int) -> str:
    return f"Controlled shifts: models of the demo zoo on {images} test images of scenes and on the same with one factor changed."


@note
def objects_on_street_scenes() -> str:
    return "Several objects: a segmentation network and a network of several labels, each trained once, on street scenes of other towns."


VERDICTS = (REPRODUCED, NOT_REPRODUCED, UNDECIDED)

__all__ = [
    "NOT_REPRODUCED",
    "REPRODUCED",
    "TOPICS",
    "UNDECIDED",
    "VERDICTS",
    "Claim",
    "Topic",
    "count",
    "counted",
    "is_judged",
    "key",
    "load",
    "parts",
]


@dataclasses.dataclass(frozen=True)
class Topic:
    """Claims that belong together.

    Attributes:
        name: as on the command line.
        module: where their `PARTS` are; imported only when they are asked for.
        basis: the models and data of all of them.
        interval: what their intervals are, without a full stop.
    """

    name: str
    module: str
    basis: tuple[Note, ...]
    interval: str

    @property
    def footer(self) -> Footer:
        """The basis, and what judged."""
        return Footer(before=self.basis, interval=self.interval, further=(package_version(),))


TOPICS = {
    topic.name: topic
    for topic in (
        Topic(
            "interventions",
            "robustcore.reports.claims.interventions",
            (trained_models(), scenes_images("scenes", "test", 240, 0)),
            "Intervals: 95 %, paired bootstrap over images (1,000 draws, the same for all models and conditions); they do not cover "
            "repeated trainings",
        ),
        Topic(
            "overlap",
            "robustcore.reports.claims.overlap",
            (overlaps_of_atlases(), correlations_over_models()),
            "Intervals: 95 %",
        ),
        Topic(
            "detection",
            "robustcore.reports.claims.detection",
            (
                scores_of_networks("Four networks without interventions", "scenes (test)"),
                scores_of_networks("Three networks with ImageNet weights", "the photographs of the package"),
                noise_and_shapes("Basart, dissertation, section 4.3"),
            ),
            "Intervals: 95 %, paired bootstrap over known and unknown images (500 draws), not over repeated trainings",
        ),
        Topic(
            "factors",
            "robustcore.reports.claims.factors",
            (factors_of_scenes(600),),
            "Intervals: 95 %, paired bootstrap over images; of correlations bootstrap over models",
        ),
        Topic(
            "objects",
            "robustcore.reports.claims.several_objects",
            (objects_on_street_scenes(),),
            "Intervals: 95 %, bootstrap over images, not over repeated trainings",
        ),
    )
}


def load(topic: str) -> tuple[Claim, ...]:
    """The claims of a topic with the verdicts on what is stored now.

    Raises:
        UnknownNameError: no such topic.
    """
    here = Sources.here()
    return tuple(claim for part in parts(topic) for claim in verdicts.of(part, here))


def key(topic: str) -> str:
    """A digest of everything that the verdicts of a topic follow from."""
    here = Sources.here()
    return "".join(verdicts.key(part, here) for part in parts(topic))


def is_judged(topic: str) -> bool:
    """Whether the verdicts of a topic ship or are kept, so that `load` takes a moment."""
    here = Sources.here()
    return all(verdicts.kept(part, verdicts.key(part, here)) is not None for part in parts(topic))


def parts(topic: str) -> tuple[Part, ...]:
    """The parts of a topic, each judged by results of its own.

    Raises:
        UnknownNameError: no such topic.
    """
    if topic not in TOPICS:
        raise UnknownNameError("topic of claims", topic, TOPICS)
    listed: tuple[Part, ...] = importlib.import_module(TOPICS[topic].module).PARTS
    return listed


def count(claims: Sequence[Claim]) -> dict[str, int]:
    """How many claims have each verdict."""
    return {verdict: sum(claim.verdict == verdict for claim in claims) for verdict in VERDICTS}


def counted(claims: Sequence[Claim]) -> str:
    """The same in a sentence."""
    counts = ", ".join(f"{number} {verdict}" for verdict, number in count(claims).items() if number)
    return f"{len(claims)} claims: {counts}." if claims else "No claims."
