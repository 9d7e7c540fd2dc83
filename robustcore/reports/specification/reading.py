"""Specifications as files.

A specification is a toml file:

    name = "delivery-vans"
    description = "What a model must do before it drives."     # optional
    dataset = "scenes"         # or a folder; default "scenes"
    split = "test"             # default
    limit = 2400               # images; default all
    seed = 0                   # default
    storage = "memory"         # or "jpeg85"; default "memory"

    [[rows]]
    metric = "accuracy"        # see `requirable`
    corruption = "fog"         # or clean = true, suite, attack, sequence, shift, unknown; or a list of names (the mean)
    severity = 3               # or [1, 3], "mean" (all five), "uniform" (drawn over the range); or strength = 0.2
    at_least = 80              # or at_most; in percent: 80, or "80 %"
    why = "It is foggy here."  # optional

    [[rows]]
    metric = "mce"
    suite = "imagenet-c"
    reference = "scenes/resnet-standard"
    at_most = 95

    [[rows]]
    metric = "accuracy"
    attack = "pgd"
    eps = "2/255"              # with pixels in 0 to 1; params = { steps = 10 } for the attack's own
    limit = 240                # a row's own number of images; corruptions take storage too
    at_least = 30

    [[rows]]
    metric = "auroc"           # aupr and fpr95 too: does the model's confidence tell unknown images from clean ones?
    unknown = "blobs"          # or another kind of noise, a data set's name, suite = "unknown"; shift = "scenes/unknown" for shapes
    at_least = 90

    [[rows]]
    metric = "rms_calibration" # or ece, aurra; clean, or under corruptions
    clean = true
    at_most = 5

Thresholds are in percent, those of `residual` in points. A number above 0 and up to 1 is refused, since nobody could tell a
share from a percentage; "0.5 %" says it. A row without a severity is what an evaluation does by default: the mean over 1 to
5, or for a corruption with a continuous range a strength drawn for each image.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from robustcore import arguments, corruptions, paths
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.metrics import alexnet
from robustcore.reports.specification.rows import Requirement, row
from robustcore.reports.specification.values import WrongError, at

_HEAD = ("name", "description", "dataset", "split", "limit", "seed", "storage", "rows")
LARGEST = 200_000  # characters of a file
MOST = 500  # rows


@dataclasses.dataclass(frozen=True)
class Specification:
    """What a model has to meet.

    Attributes:
        name, description: for people.
        dataset, split, seed: what it is judged on.
        rows: the requirements.
    """

    name: str
    description: str
    dataset: str
    split: str
    seed: int
    rows: tuple[Requirement, ...]

    @property
    def references(self) -> list[str]:
        """The models that rows are relative to; published figures are none."""
        named = dict.fromkeys(row.reference for row in self.rows)
        return [name for name in named if name and name != alexnet.NAME]


def names() -> list[str]:
    """The names of the specifications that ship, sorted."""
    return sorted(path.stem for path in _folder().glob("*.toml"))


def load(name: str | Path) -> Specification:
    """A shipped specification by name, or a toml file by path.

    Raises:
        UnknownNameError: neither.
        InvalidArgumentError: a file that cannot be used; the message names the file and the line.
    """
    path = Path(name)
    if str(name) in names():
        path = _folder() / f"{name}.toml"
    elif not path.suffix and not path.exists():
        raise UnknownNameError("specification", name, names())
    return parse(_text(path), path.name if path.parent == _folder() else str(name))


def source(name: str) -> str:
    """The text of a shipped specification."""
    if name not in names():
        raise UnknownNameError("specification", name, names())
    return _text(_folder() / f"{name}.toml")


def parse(text: str, file: str = "specification") -> Specification:
    """A specification from its text; `file` is what errors call it.

    Raises:
        InvalidArgumentError: the message names the file and the line.
    """
    if len(text) > LARGEST:
        raise InvalidArgumentError(
            f"{file}: a specification has at most {LARGEST:,} characters; this has {len(text):,}."
        )
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidArgumentError(_not_toml(file, text, str(error))) from error
    lines = _Lines(text)
    place: int | None = None
    try:
        head = _head(table)
        requirements = []
        for place, fields in enumerate(head.pop("rows")):
            start = lines.of(place, "") or 0
            requirements.append(row(fields, place + 1, start, limit=head["limit"], storage=head["storage"]))
    except WrongError as error:
        line = lines.of(place, error.key)
        where = f"line {line}" if line else "" if place is None else f"row {place + 1}"
        raise InvalidArgumentError(f"{file}{f', {where}' if where else ''}: {error}") from error
    kept = {key: head[key] for key in ("description", "dataset", "split", "seed")}
    return Specification(name=head["name"] or Path(file).stem, rows=tuple(requirements), **kept)


def _head(table: Mapping[str, Any]) -> dict[str, Any]:
    """The keys above the rows, checked, and the rows as they are."""
    unknown = [key for key in table if key not in _HEAD]
    if unknown:
        raise WrongError(str(UnknownNameError("key", unknown[0], _HEAD)), unknown[0])
    defaults = {"name": "", "description": "", "dataset": "scenes", "split": "test", "storage": "memory"}
    head: dict[str, Any] = {}
    for key, default in defaults.items():
        head[key] = table.get(key, default)
        if not isinstance(head[key], str):
            raise WrongError(f"{key} is a text, not {head[key]!r}.", key)
    if head["storage"] not in corruptions.STORAGES:
        raise WrongError(str(UnknownNameError("storage", head["storage"], corruptions.STORAGES)), "storage")
    head["seed"] = table.get("seed", 0)
    if isinstance(head["seed"], bool) or not isinstance(head["seed"], int) or not 0 <= head["seed"] < 1 << 63:
        raise WrongError(f"A seed is an integer from 0 to 2**63 - 1, not {head['seed']!r}.", "seed")
    with at("limit"):
        head["limit"] = arguments.limit(table.get("limit"))
    rows = table.get("rows")
    if not isinstance(rows, list) or not rows or not all(isinstance(fields, dict) for fields in rows):
        raise WrongError("A specification has requirements, each a [[rows]] table; this one has none.", "rows")
    if len(rows) > MOST:
        raise WrongError(f"A specification has at most {MOST} rows; this one has {len(rows)}.")
    head["rows"] = rows
    return head


class _Lines:
    """Where in a file the rows and their keys stand: a toml parser does not say."""

    def __init__(self, text: str) -> None:
        self._lines = text.splitlines()
        self._starts = [i for i, line in enumerate(self._lines) if re.match(r"\s*\[\[\s*rows\s*\]\]", line)]

    def of(self, row: int | None, key: str) -> int | None:
        """The line (from 1) of a key, of a row or (None) above the rows; of the row's head where it has no such key."""
        if row is None:
            first, last, start = 0, self._starts[0] if self._starts else len(self._lines), None
        elif row < len(self._starts):
            start = first = self._starts[row]
            last = self._starts[row + 1] if row + 1 < len(self._starts) else len(self._lines)
        else:
            return None  # written as an array of inline tables
        pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*[=.]""")
        place = next((i for i in range(first, last) if key and pattern.match(self._lines[i])), start)
        return None if place is None else place + 1


def _not_toml(file: str, text: str, problem: str) -> str:
    at_line = re.search(r" \(at line (\d+), column (\d+)\)", problem)
    if at_line:
        problem = problem.replace(at_line[0], f", at column {at_line[2]}")
    line = at_line[1] if at_line else max(1, len(text.splitlines()))
    return f"{file}, line {line}: this is not valid toml ({problem.removesuffix('.')})."


def _folder() -> Path:
    return paths.assets() / "specifications"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidArgumentError(f"The specification {path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise InvalidArgumentError(f"The specification {path} is not a text file in UTF-8.") from error
