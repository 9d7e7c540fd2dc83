"""`robustcore claims`: what the documents say, and whether stored results reproduce it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from robustcore.commands import _arguments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robustcore.reports.claims import Claim

NAME = "claims"
HELP = "Check the claims of the documents against stored results, with figures."
_FIELDS = ("topic", "verdict", "text", "figures", "rule", "set_afterwards", "caution", "source")


def configure(parser: argparse.ArgumentParser) -> None:
    """The command's flags."""
    add = parser.add_argument
    add("--topic", metavar="NAME", help="interventions, say (default: all topics)")
    add("--format", choices=("text", "csv", "json"), default="text", help="json has the tables too (default: text)")
    _arguments.add_output(parser)


def run(args: argparse.Namespace) -> int:
    """Judge by what is stored, and print."""
    from robustcore.reports import claims

    topics = list(claims.TOPICS) if args.topic is None else [args.topic]
    chosen = [claim for topic in topics for claim in claims.load(topic)]
    text = _formatted(chosen, topics, args.format)
    _arguments.print_or_write(text, args.output)
    return 0


def _formatted(claims_: Sequence[Claim], topics: Sequence[str], form: str) -> str:
    import json

    import pandas as pd

    from robustcore import spreadsheets

    if form == "csv":
        return spreadsheets.csv(pd.DataFrame([_record(claim) for claim in claims_], columns=_FIELDS))
    if form == "json":
        records = [
            _record(claim)
            | {"table": None if claim.table is None else json.loads(claim.table.to_json(orient="records"))}
            for claim in claims_
        ]
        return json.dumps(records, indent=2, ensure_ascii=False) + "\n"
    return _readable(claims_, topics)


def _record(claim: Claim) -> dict[str, str]:
    return {field: getattr(claim, "figures_text" if field == "figures" else field) for field in _FIELDS}


def _readable(claims_: Sequence[Claim], topics: Sequence[str]) -> str:
    from robustcore.reports import claims

    lines = [claims.counted(tuple(claims_)), ""]
    for claim in claims_:
        lines += [
            f"{claim.verdict.upper()}  {claim.text}",
            f"  {claim.figures_text}",
            f"  Reproduced if: {claim.rule}",
            *([f"  Set afterwards: {claim.set_afterwards}"] if claim.set_afterwards else []),
            *([f"  Caution: {claim.caution}"] if claim.caution else []),
            f"  Source: {claim.source}",
            "",
        ]
    return "\n".join([*lines, *(claims.TOPICS[topic].footer.text for topic in topics)]) + "\n"
