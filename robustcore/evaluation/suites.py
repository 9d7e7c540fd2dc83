"""Suites: named lists of conditions, built in or from a toml file.

A file looks like this; every row is a `[[condition]]`:

    name = "my-suite"
    description = "What it is for."        # optional

    [[condition]]
    suite = "imagenet-c"                   # every row of a built-in suite
    severities = [1, 3, 5]                 # optional; also severity = 3

    [[condition]]
    name = "gaussian_noise"                # kind = "corruption" where it is left out
    severity = 4                           # or severities, or strength = 0.1, or strength = "uniform"
    storage = "jpeg85"                     # optional, as variant is

    [[condition]]
    kind = "attack"
    name = "pgd"
    params = { eps = 0.0314, steps = 10 }

    [[condition]]
    kind = "shift"                         # images of one's own of the same classes, in class folders
    name = "night"
    folder = "night"                       # relative to this file, and within its folder

A row that names neither severity nor strength is open: it takes the severities that the evaluation is asked for, else
its kind's default (for corruptions 1..5, or a strength drawn uniformly in the range for ranged ones).

A file in the folder `suites` of the cache is a suite by name: `own/` and the file's name without its ending.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from robustcore import arguments, attacks, corruptions, display, paths, sequences
from robustcore.corruptions.suites import SuiteFacts
from robustcore.derived import atomic_files
from robustcore.errors import InvalidArgumentError, RobustcoreError, UnknownNameError
from robustcore.evaluation import attack_budget, operations
from robustcore.evaluation.attack_budget import Budget
from robustcore.evaluation.condition import RELEASED, Condition
from robustcore.evaluation.operations import shift

OWN = "own/"  # before the names of suites that are kept in the cache
_ROW_KEYS = ("kind", "name", "suite", "severity", "severities", "strength", "variant", "storage", "params", "folder")


@dataclasses.dataclass(frozen=True)
class Suite:
    """A named list of conditions; open ones take their severities when they are expanded.

    Attributes:
        name: a built-in suite's name, or what the file calls itself.
        description: one sentence.
        rows: the conditions.
    """

    name: str
    description: str
    rows: tuple[Condition, ...]

    def conditions(self, severities: Sequence[int] | None = None, *, storage: str = "memory") -> list[Condition]:
        """The conditions, open ones expanded; clean first, nothing twice."""
        return resolve(self.rows, severities, storage=storage)


def names() -> list[str]:
    """The names of the registered suites that have conditions, sorted, and then of one's own."""
    return [*sorted(_built_in()), *own()]


def title(name: str) -> str:
    """A suite's title; one of one's own is called by its name."""
    return corruptions.suites.title(name)


def own() -> dict[str, Path]:
    """The suites that are kept in the cache, by name, sorted."""
    return {f"{OWN}{path.stem}": path for path in sorted((paths.cache() / "suites").glob("*.toml"))}


def keep(suite: Suite) -> str:
    """Keep a suite in the cache under its own name; one of the same name is replaced. Returns the name that finds it.

    Raises:
        InvalidArgumentError: the suite's name is none of a file: letters, digits, "-" and "_".
        StoreError: the cache cannot be written.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,79}", suite.name):
        raise InvalidArgumentError(
            f"A suite that is kept is named by up to 80 letters, digits, '-' and '_', a letter or digit first, not {suite.name[:90]!r}."
        )
    path = paths.writable_cache("suites") / f"{suite.name}.toml"
    atomic_files.write(path, to_toml(suite))
    return f"{OWN}{suite.name}"


def to_toml(suite: Suite) -> str:
    """The suite as the text of a file that `load` reads back; clean, which is in every suite, has no row."""
    import tomli_w

    header = {"name": suite.name} | ({"description": suite.description} if suite.description else {})
    try:
        parts = [tomli_w.dumps(header)]
        for condition in suite.rows:
            if condition.kind == "shift" and condition.name.startswith(shift.OWN):
                raise InvalidArgumentError(
                    f"The suite has {condition.name}, whose folder is found relative to its file: keep the file where it is."
                )
            if condition.kind != "clean":
                parts.append("[[condition]]\n" + tomli_w.dumps(_fields(condition)))
                if condition.params:
                    parts.append(tomli_w.dumps({"condition": {"params": condition.parameters}}))
    except TypeError as error:  # toml has no null
        raise InvalidArgumentError(
            "A parameter without a value cannot stand in a suite file; give it one, or leave it out."
        ) from error
    return "\n".join(parts)


def _fields(condition: Condition) -> dict[str, Any]:
    """A condition's fields but for its parameters; what is the default is left out."""
    fields: dict[str, Any] = {} if condition.kind == "corruption" else {"kind": condition.kind}
    fields["name"] = condition.name
    for key in ("severity", "strength", "variant"):
        if (value := getattr(condition, key)) is not None:
            fields[key] = value
    if condition.storage != "memory":
        fields["storage"] = condition.storage
    return fields


def load(name: str | os.PathLike[str]) -> Suite:
    """A built-in suite or one of one's own by name, or a toml file by path.

    Raises:
        UnknownNameError: neither a built-in suite nor a file.
        InvalidArgumentError: a file that cannot be used; the message names the file, the row and its line.
    """
    name = arguments.name(name, "A suite is a built-in one's name or a toml file")
    built_in = _built_in()
    if name in built_in:
        description, rows = built_in[name]
        return Suite(name, description, tuple(rows))
    if name in (kept := own()):
        return _read(kept[name])
    if name.endswith(".toml") or os.path.isfile(name):
        return _read(Path(name))
    raise UnknownNameError("suite", name, [*built_in, *kept])


def resolve(
    conditions: str | os.PathLike[str] | Condition | Sequence[str | os.PathLike[str] | Condition],
    severities: int | Sequence[int] | Literal["drawn"] | None = None,
    *,
    storage: str = "memory",
    budget: Budget = attack_budget.OWN,
) -> list[Condition]:
    """The checked conditions that an argument stands for: clean first, nothing twice, in the order given.

    Args:
        conditions: a suite's name or file, "clean", a condition, the name of a corruption, or where no corruption has it
            of a sequence or an attack; or a list of them.
        severities: for open conditions; see the module's docstring for what happens without. "drawn" makes one condition
            of each open corruption: every image at a severity, or a strength in the range, that is drawn for it.
        storage: for corruptions that name none: "memory" or "jpeg85".
        budget: of all attacks, in the place of their own.
    """
    storage = arguments.choice(storage, corruptions.STORAGES, "storage")
    drawn = isinstance(severities, str) and severities == "drawn"
    if drawn:
        severities = None
    if severities is not None:
        rule = "Severities are some of 1, 2, 3, 4, 5, or 'drawn'"
        if isinstance(severities, str):
            raise arguments.refuse(rule, severities)
        severities = sorted({corruptions.check_severity(s) for s in arguments.several(severities, rule)})
        if not severities:
            raise InvalidArgumentError("The list of severities is empty; give some of 1, 2, 3, 4, 5, or none at all.")
    rule = "Conditions are a suite's name or file, 'clean', corruptions' names, Condition values, or a list of these"
    expansions: list[Condition] = [Condition.clean()]
    for condition in arguments.several(conditions, rule, one=(Condition, Suite)):
        if isinstance(condition, (Condition, Suite)):
            rows: Sequence[Condition] = condition.rows if isinstance(condition, Suite) else [condition]
        else:
            rows = _named(arguments.name(condition, rule))
        for row in rows:
            if row.kind == "corruption" and row.storage == "memory" and storage != "memory":
                row = dataclasses.replace(row, storage=storage)
            if drawn and _is_open(row) and corruptions.get(row.name).severities:
                row = dataclasses.replace(row, strength="uniform")
            expansions += operations.of(row).expand(row, severities)
    resolved = list(dict.fromkeys(budget.applied(expansions)))
    for condition in resolved:
        operations.check(condition)
    return resolved


def _is_open(row: Condition) -> bool:
    """Whether it is a corruption that waits for its severities."""
    return row.kind == "corruption" and row.severity is None and row.strength is None


def _named(name: str) -> Sequence[Condition]:
    """The conditions behind one name: clean, a corruption, a suite, a sequence, an attack."""
    if name == "clean":
        return [Condition.clean()]
    if name in corruptions.names():
        return [Condition.corruption(name)]
    built_in = _built_in()
    if name in built_in or name in own() or name.endswith(".toml") or os.path.isfile(name):
        return load(name).rows
    others = {"sequence": sequences.names(), "attack": [*attacks.names(), *attacks.preset_names()]}
    for kind, names_of_kind in others.items():
        if name in names_of_kind:
            return [Condition(kind, name)]
    listed = [*built_in, *own()]
    single = [*corruptions.names(), *(each for names_of_kind in others.values() for each in names_of_kind)]
    raise UnknownNameError("suite or corruption", name, [*listed, *single], foremost=listed)


def _built_in() -> dict[str, tuple[str, Sequence[Condition]]]:
    """Name -> (description, conditions, open ones among them) of the registered suites that have any, in their order."""
    by_name = {}
    for name in corruptions.suites.names():
        facts = corruptions.suites.registry[name]
        if conditions := _conditions(facts):
            by_name[name] = facts.description, conditions
    return by_name


def _conditions(facts: SuiteFacts) -> Sequence[Condition]:
    """The conditions of a registered suite: its own, or those of the corruptions or sequences that name it."""
    if facts.conditions is not None:
        return [Condition.corruption(each) if isinstance(each, str) else each for each in facts.conditions()]
    if facts.kind == "sequence":
        return [Condition("sequence", name) for name in sequences.names(facts.name)]
    return [Condition.corruption(name) for name in corruptions.names(facts.name)]


def _read(path: Path) -> Suite:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidArgumentError(f"The suite file {path} cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise InvalidArgumentError(f"The suite file {path} is not a text file in UTF-8.") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:  # says the line itself
        raise InvalidArgumentError(f"The suite file {path} is not valid toml: {error}.") from error
    unknown = sorted(set(table) - {"name", "description", "condition"})
    if unknown:
        raise InvalidArgumentError(
            f"The suite file {path} has an unknown key {unknown[0]!r}; it takes name, description and [[condition]] rows."
        )
    rows = table.get("condition")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        raise InvalidArgumentError(f"The suite file {path} has no [[condition]] rows.")
    lines = [text.count("\n", 0, m.start()) + 1 for m in re.finditer(r"^[ \t]*\[\[\s*condition\s*\]\]", text, re.M)]
    rows_read: list[Condition] = []
    for number, row in enumerate(rows, start=1):
        where = f", line {lines[number - 1]}" if len(lines) == len(rows) else ""
        try:
            rows_read += [_own_shift(row, path)] if "folder" in row else _row(row)
        except (RobustcoreError, TypeError, ValueError) as error:
            raise InvalidArgumentError(f"{path}, condition {number}{where}: {error}") from error
    return Suite(str(table.get("name", path.stem)), str(table.get("description", "")), tuple(rows_read))


def _own_shift(row: Mapping[str, Any], path: Path) -> Condition:
    """The shift of one's own that a row of a file names."""
    if set(row) - {"title"} != {"kind", "name", "folder"} or row["kind"] != "shift":
        raise InvalidArgumentError(
            'A row with a folder has kind = "shift", a name and the folder, a title perhaps, and nothing else.'
        )
    folder = PurePosixPath(arguments.text(row["folder"], "A shift's folder is a path"))
    if folder.is_absolute() or ".." in folder.parts:
        raise InvalidArgumentError(
            f"The folder {str(folder)!r} is not within the suite file's. Put the file next to the folders of its shifts."
        )
    name = arguments.text(row["name"], "A shift's name is a text")
    condition = shift.own(name, str(path.absolute().parent / folder))
    display.give_title("shift", condition.name, arguments.text(row.get("title", ""), "A shift's title is a text"))
    return condition


def _row(row: Mapping[str, Any]) -> list[Condition]:
    """The conditions of one [[condition]] table."""
    unknown = sorted(set(row) - set(_ROW_KEYS))
    if unknown:
        raise InvalidArgumentError(f"A row has no key {unknown[0]!r}; it has {', '.join(_ROW_KEYS)}.")
    if ("suite" in row) == ("name" in row):
        raise InvalidArgumentError("A row needs a name or a suite, and not both.")
    if len({"severity", "severities", "strength"} & set(row)) > 1:
        raise InvalidArgumentError("A row takes one of severity, severities and strength.")
    severities = row.get("severities", [row["severity"]] if "severity" in row else None)
    if severities is not None:
        if not isinstance(severities, list) or not severities:
            raise InvalidArgumentError(f"severities is a list of some of 1, 2, 3, 4, 5, not {severities!r}.")
        severities = [corruptions.check_severity(s) for s in severities]
    if "suite" in row:
        if "kind" in row or "params" in row:
            raise InvalidArgumentError("A row that takes a whole suite has no kind and no params of its own.")
        built_in = _built_in()
        if row["suite"] not in built_in:
            raise UnknownNameError("built-in suite", row["suite"], built_in)
        templates = list(built_in[row["suite"]][1])
    else:
        templates = [Condition(row.get("kind", "corruption"), row["name"])]
    fields = {key: row[key] for key in ("strength", "variant", "storage") if key in row}
    if fields.get("storage") == RELEASED:  # a suite that came from elsewhere opens no folder of this machine
        raise InvalidArgumentError(
            "Released images are no row of a suite: leave the storage out, and name their folder with --released DIR."
        )
    if "params" in row:
        if templates[0].kind == "shift" and shift.FOLDER in row["params"]:
            raise InvalidArgumentError("A shift's folder is a key of its row, and no parameter.")
        fields["params"] = tuple(dict(row["params"]).items())
    expansions: list[Condition] = []
    for template in templates:
        condition = dataclasses.replace(template, **fields)
        # What is asked for here is fixed; what is left open waits for the evaluation's severities.
        expanded = [condition] if severities is None else operations.of(condition).expand(condition, severities)
        for each in operations.of(condition).expand(condition, None) if severities is None else expanded:
            operations.check(each)
        expansions += expanded
    return expansions
