"""Tables as CSV that a spreadsheet opens without taking a text for a formula."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # the first signs of what a spreadsheet computes


def csv(table: pd.DataFrame) -> str:
    """A table as CSV without its index; a text that would be computed follows an apostrophe, and numbers are unchanged."""
    quoted = table.copy()
    for place, (_, column) in enumerate(table.items()):
        if column.dtype.kind not in "biufcmM":
            quoted.isetitem(place, column.astype(object).map(_quoted).array)
    quoted.columns = [_quoted(name) for name in table.columns]
    return quoted.to_csv(index=False)


def _quoted(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
