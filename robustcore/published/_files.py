"""Reads the files in assets/published, each of them once."""

from __future__ import annotations

import functools

import pandas as pd

from robustcore import paths
from robustcore.errors import InvalidArgumentError, RobustcoreError, UnknownNameError

COUNTS = ["classes", "image_side", "images"]


def documents() -> pd.DataFrame:
    """The sources: document (the short name that `load` takes), title, authors, year, kind, source, licence, use."""
    return _documents().copy()


def tables() -> pd.DataFrame:
    """Every table of the sources, including those whose figures are left out.

    Returns:
        document, table (its number, or the section, for figures in running text), title (in our words), where,
        what, unit; how it was measured: dataset, classes, image_side in pixels, images, storage, reference; figures
        (how many), left_out ("" or the reason). NA or "" where the document does not say.
    """
    return _tables().copy()


def load(document: str | None = None, table: str | int | None = None) -> pd.DataFrame:
    """Published figures, one row each.

    Args:
        document: one of `documents()`; default all of them.
        table: the number of one of its tables, "A.5" or 3; "3.4" stands for its parts 3.4a, 3.4b and 3.4c.

    Returns:
        document, table, model (the row; a network in most tables), column (its heading as printed), metric, kind (clean,
        corruption, suite, sequence, attack, shift ...), condition (robustcore's name of the corruption, sequence, attack or
        suite, if it has one), severity (NA means the average over the five, or none), unit, printed (as in the document), value
        (the same as a number; NaN where the document is illegible), mark (the sign printed next to it), note.

    Raises:
        UnknownNameError: no such document or table.
        InvalidArgumentError: a table without a document, or one that is left out; the message says why.
    """
    if document is None:
        if table is not None:
            raise InvalidArgumentError(f"Table {table} of which document? Name one of {', '.join(_names())}.")
        return pd.concat([figures(name) for name in _names()], ignore_index=True)
    rows = figures(document)
    return rows.copy() if table is None else _table_rows(rows, document, str(table))


def _table_rows(rows: pd.DataFrame, document: str, table: str) -> pd.DataFrame:
    details = _tables()
    details = details[details["document"] == document]
    parts = [name for name in details["table"] if name == table or (name[:-1] == table and name[-1] in "abc")]
    if not parts:
        raise UnknownNameError(f"table of {document}", table, details["table"])
    left_out = "".join(details.loc[details["table"] == parts[0], "left_out"])
    if left_out:
        raise InvalidArgumentError(f"Table {table} of {document} is left out: {left_out}.")
    return rows[rows["table"].isin(parts)].reset_index(drop=True)


@functools.cache
def figures(document: str) -> pd.DataFrame:
    """The figures of one document. Callers share the table and must not change it."""
    if document not in _names():
        raise UnknownNameError("published document", document, _names())
    rows = read(f"{document}.csv")
    rows["severity"] = pd.to_numeric(rows["severity"]).astype("Int64")
    rows.insert(list(rows.columns).index("mark"), "value", pd.to_numeric(rows["printed"]))
    return rows


def read(name: str) -> pd.DataFrame:
    """A file of assets/published as a table of strings."""
    path = paths.assets() / "published" / name
    try:
        return pd.read_csv(path, dtype=str, keep_default_na=False)
    except OSError as error:
        raise RobustcoreError(
            f"The published figures {path} cannot be read ({error.strerror}). They ship with robustcore; install it again."
        ) from error


@functools.cache
def _documents() -> pd.DataFrame:
    return read("documents.csv")


@functools.cache
def _tables() -> pd.DataFrame:
    rows = read("tables.csv")
    for column in [*COUNTS, "figures"]:
        rows[column] = pd.to_numeric(rows[column]).astype("Int64")
    return rows


@functools.cache
def _names() -> tuple[str, ...]:
    return tuple(_documents()["document"])
