"""Views that a person named: a page with all that was chosen on it, kept in `views.toml` in the cache."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qs, urlencode

from robustcore import paths
from robustcore.derived import atomic_files
from robustcore.errors import InvalidArgumentError, StoreError, UnknownNameError

FILE = "views.toml"
LONGEST = 60  # letters of a name
_MOST = 200


@dataclasses.dataclass(frozen=True)
class SavedView:
    """One of them.

    Attributes:
        name: as the person calls it.
        page: the page's name, such as "compare".
        address: values for the page's controls, by their keys.
    """

    name: str
    page: str
    address: Mapping[str, Sequence[str]]


def listed() -> list[SavedView]:
    """All of them, by name.

    Raises:
        StoreError: the list cannot be read.
    """
    path = paths.cache() / FILE
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("views", [])
        kept = [
            SavedView(str(row["name"]), str(row["page"]), parse_qs(str(row["address"]), keep_blank_values=True))
            for row in rows
        ]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StoreError(f"The list of saved views {path} cannot be read ({error}). Mend it, or remove it.") from error
    return sorted(kept, key=lambda view: view.name.casefold())


def save(view: SavedView) -> SavedView:
    """Keep a view; one of the same name is replaced.

    Raises:
        InvalidArgumentError: a name that is empty, too long or has control characters; or too many views.
        StoreError: the list cannot be read or written.
    """
    name = view.name.strip()
    if not name or len(name) > LONGEST or not name.isprintable():
        raise InvalidArgumentError(
            f"A view's name has 1 to {LONGEST} letters, without line breaks; {name[:80]!r} has not. Choose another one."
        )
    others = [each for each in listed() if each.name != name]
    if len(others) >= _MOST:
        raise InvalidArgumentError(f"At most {_MOST} views are kept; delete one of them first.")
    kept = dataclasses.replace(view, name=name)
    _write([*others, kept])
    return kept


def delete(name: str) -> None:
    """Forget a view.

    Raises:
        UnknownNameError: there is none of that name.
        StoreError: as for `save`.
    """
    views = listed()
    if name not in [view.name for view in views]:
        raise UnknownNameError("saved view", name, [view.name for view in views])
    _write([view for view in views if view.name != name])


def _write(views: Sequence[SavedView]) -> None:
    path = paths.writable_cache() / FILE
    rows = [
        "[[views]]\n"
        + "".join(
            f"{field} = {json.dumps(text, ensure_ascii=False)}\n"
            for field, text in (
                ("name", view.name),
                ("page", view.page),
                ("address", urlencode(view.address, doseq=True)),
            )
        )
        for view in views
    ]
    try:
        atomic_files.write(path, "\n".join(rows))
    except OSError as error:
        raise StoreError(f"The list of saved views {path} cannot be written ({error.strerror or error}).") from error
