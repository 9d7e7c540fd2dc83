"""The attack that the page Attack shows first, as it ships: no network has to be loaded or run for it.

`assets/results/photograph_attack.npz` has the adversarial image (float32, exact), the image at every query (uint8, as
differences from the one before), and in "facts" all numbers and answers as `robustcore.derived` writes them. It is found by
a key over everything that decides it: the weights, the preparation, the photograph's pixels, the attack with its revision.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from robustcore import attacks, derived, paths
from robustcore.datasets._base import Item
from robustcore.derived import atomic_files
from robustcore.models import card as card_of
from robustcore.models import imagenet, load_model
from robustcore.models.classifier import Card
from robustcore.reports.preview import attack_anatomy, shipped
from robustcore.reports.preview.attack_anatomy import Attacked, Settings, Survival

SETTINGS = Settings("pgd", eps=8 / 255, norm="linf", goal="untargeted", options=(("steps", 10),))


@dataclasses.dataclass(frozen=True)
class ShippedAttack:
    """What ships of one attack.

    Attributes:
        key: over everything that decides it.
        done: the attack with its trace.
        survivals: of its image.
        judged: key of a judge -> its row of `attack_anatomy.judged`, without its name.
    """

    key: str
    done: Attacked
    survivals: tuple[Survival, ...]
    judged: dict[str, list[Any]]

    def row(self, judge: Card) -> list[Any] | None:
        """A judge's row of `attack_anatomy.judged`, without its name; None where it does not ship."""
        return self.judged.get(_judge_key(judge, self.key))


def path() -> Path:
    """The shipped file."""
    return paths.assets() / "results" / "photograph_attack.npz"


def of_attack(card: Card, item: Item, label: int, settings: Settings) -> ShippedAttack | None:
    """The shipped attack of a model on an image with settings; None where that one does not ship."""
    key = _key(card, item, label, settings)
    if key is None or not path().is_file():
        return None
    attack = _shipped(path())
    if attack.key != key:
        return None
    return attack


def judged(attack: ShippedAttack, judges: Sequence[Card]) -> pd.DataFrame:
    """The shipped rows of `attack_anatomy.judged` for these models; those that do not ship are left out."""
    rows = [[card.name, *row] for card in judges if (row := attack.row(card)) is not None]
    return pd.DataFrame(rows, columns=list(attack_anatomy.JUDGED))


def is_current() -> bool:
    """Whether what ships is what today's weights, photograph and attack ask for."""
    item = shipped.item()
    label = _label(item)
    attack = None if label is None else of_attack(card_of(shipped.MODEL), item, label, SETTINGS)
    return attack is not None and all(attack.row(card_of(name)) is not None for name in imagenet.names())


def build() -> None:
    """Run the attack, ask the judges, and write the file.

    Raises:
        MissingExtraError: a model's package is not installed.
    """
    model, item = load_model(shipped.MODEL), shipped.item()
    label = _label(item)
    assert label is not None, "the answers to the photograph are built first"
    key = _key(model.card, item, label, SETTINGS)
    assert key is not None, "the model has a fingerprint of its weights"
    done = attack_anatomy.attack(model, item, label, SETTINGS)
    judges = {name: load_model(name) for name in imagenet.names()}
    table = attack_anatomy.judged(judges, done)
    rows = {_judge_key(judges[row[0]].card, key): list(row[1:]) for row in table.itertuples(index=False)}
    trace = done.result.trace
    assert trace is not None
    bare = dataclasses.replace(
        done,
        clean=torch.empty(0),
        adversarial=torch.empty(0),
        result=dataclasses.replace(
            done.result, images=torch.empty(0), trace=dataclasses.replace(trace, images=torch.empty(0))
        ),
    )
    facts = {
        "key": key,
        "done": derived.encode(bare),
        "survivals": derived.encode(tuple(attack_anatomy.survivals(model, done))),
        "judged": rows,
    }
    images = torch.cat([item.image[None], trace.images[:, 0]]).numpy()
    with atomic_files.replacing(path()) as file:
        np.savez_compressed(
            file,
            facts=np.array(json.dumps(facts, sort_keys=True)),
            photograph=images[0],
            differences=images[1:] - images[:-1],  # modulo 256: far smaller when they are compressed
            adversarial=done.adversarial[0].numpy(),
        )
    _shipped.cache_clear()


def _label(item: Item) -> int | None:
    """What the model answers to the photograph, as it ships: the attack leads away from it."""
    answers = shipped.of_grid(card_of(shipped.MODEL), item, [], "memory")
    return None if answers is None else int(answers.classes[0, 0])


@functools.lru_cache(maxsize=1)
def _shipped(file: Path) -> ShippedAttack:
    with np.load(file, allow_pickle=False) as content:
        facts = json.loads(str(content["facts"]))
        photograph = content["photograph"]  # (3, H, W) uint8
        differences = content["differences"]  # (T, 3, H, W) uint8
        adversarial = torch.from_numpy(content["adversarial"])[None]
    bare: Attacked = derived.decode(facts["done"])
    assert bare.result.trace is not None
    images = torch.from_numpy(photograph + differences.cumsum(axis=0, dtype=np.uint8))[:, None]
    result = dataclasses.replace(
        bare.result, images=adversarial, trace=dataclasses.replace(bare.result.trace, images=images)
    )
    clean = torch.from_numpy(photograph)[None].to(torch.float32) / 255
    done = dataclasses.replace(bare, clean=clean, adversarial=adversarial, result=result)
    return ShippedAttack(facts["key"], done, derived.decode(facts["survivals"]), facts["judged"])


def _key(card: Card, item: Item, label: int, settings: Settings) -> str | None:
    """None for what cannot ship: weights without a digest, presets, attacks from outside the package."""
    if "sha256" not in card.recipe or settings.name not in attacks.names() or attacks.get(settings.name).plugin:
        return None
    method = attacks.get(settings.name)
    arguments = dataclasses.asdict(settings) | {"options": method.check_options(dict(settings.options))}
    return shipped.key(card, item, ["attack", method.revision, label, arguments])


def _judge_key(judge: Card, attack: str) -> str:
    return "" if "sha256" not in judge.recipe else shipped.key(judge, shipped.item(), ["judge", attack])
