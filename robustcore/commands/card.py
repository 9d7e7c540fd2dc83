"""`robustcore card`: what a model is, how it was made, and the command that makes it again."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from robustcore.models import Card

NAME = "card"
HELP = "Show a model's card: what it is, how it was trained, and the command that trains it again."

_MOST_CLASSES = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    parser.add_argument("model", metavar="NAME|FILE", help="a model's name, or a checkpoint")
    parser.add_argument("--results", type=Path, metavar="FILE", help="read it from a packed results file instead")
    parser.add_argument("--json", action="store_true", help="the whole card as JSON")


def run(args: argparse.Namespace) -> int:
    """Print the card; no weights are read and nothing is fetched."""
    from robustcore import models

    if args.results is not None:
        from robustcore.evaluation.store import pack

        card = models.Card.from_json(pack.card(args.results, args.model))
    else:
        card = models.card(args.model)
    if args.json:
        print(json.dumps(json.loads(card.to_json()), indent=2))
        return 0
    rows = list(_rows(card))
    width = max(len(label) for label, _ in rows)
    for label, text in rows:
        print(f"{label.ljust(width)}  {text}")
    return 0


def _rows(card: Card) -> Iterator[tuple[str, str]]:
    """Label and text of each line; what a card does not say is left out."""
    recipe = dict(card.recipe)
    yield "model", card.name
    yield "architecture", card.architecture or "unknown"
    more = len(card.classes) - _MOST_CLASSES
    classes = ", ".join(card.classes[:_MOST_CLASSES]) + (f" and {more} more" if more > 0 else "")
    yield f"{len(card.classes)} classes", classes
    yield "side", f"{card.side} pixels"
    yield "trained on", card.dataset
    yield "intervention", card.intervention
    training: dict[str, Any] = recipe.pop("training", {})
    for key, value in (training.pop("settings", {}) or {}).items():
        yield f"  {key}", str(value)
    for key, value in training.items():
        if key not in ("model", "intervention"):
            yield f"  {key}", str(value)
    names = {"revision": "its revision", "data": "data's fingerprint", "start": "start's fingerprint"}
    for key, value in recipe.items():
        if key == "accuracy" and isinstance(value, dict):
            yield from ((f"accuracy, {split}", f"{share:.1%}") for split, share in value.items())
        elif key == "history" and value:
            yield "last epoch", f"loss {value[-1][0]:.4f}, accuracy {value[-1][1]:.1%} on its batches"
        elif value not in (None, {}, [], "") and key not in ("command", "half"):
            yield names.get(key, key.replace("_", " ")), str(value)
    if "command" in recipe:
        yield "command", recipe["command"] + (" --half" if recipe.get("half") else "")
