"""What the documents print for the comparisons that claims are about, as notes next to our figures."""

from __future__ import annotations

from collections.abc import Sequence

from robustcore import published
from robustcore.notes import Note, note

POINTS, APP = "points", "APP"
_STANDARD = "Standard"  # as RobustBench calls networks without adversarial training


def differences(
    tables: Sequence[str],
    pairs: Sequence[tuple[str, str]],
    *,
    kind: str = "",
    conditions: Sequence[str] = (),
    of: str = "",
) -> Note:
    """The printed differences between networks of Laugros' thesis: accuracies in points, APP as it is.

    Args:
        tables: of the document.
        pairs: (network, the one that it is compared with), as printed.
        kind: of the conditions; "" for corruptions and attacks.
        conditions: registered names; default all of that kind.
        of: the network, where a claim is about several one by one.
    """
    kinds = [kind] if kind else ["corruption", "attack"]
    values: list[float] = []
    for table in tables:
        rows = published.load("laugros", table)
        rows = rows[rows["kind"].isin(kinds) & rows["metric"].isin(["accuracy", "app"])]
        if conditions:
            rows = rows[rows["condition"].isin(list(conditions))]
        for model, against in pairs:
            both = rows[rows["model"] == model].merge(rows[rows["model"] == against], on="column")
            values += (both["value_x"] - both["value_y"]).tolist()
    unit = POINTS if kind == "clean" else APP
    where = f"table {' and '.join(tables)}" + (f", {of}" if of else "")
    return printed_differences(where, unit, sum(values) / len(values), min(values), max(values), len(values))


def together(alone: str) -> Note:
    """M-TLAT less one of its two parts alone, over the 19 corruptions of tables 3.4 and 3.5."""
    values = []
    for both, one in (("3.4a", "3.5a"), ("3.4b", "3.5b")):
        rows = [published.load("laugros", table) for table in (both, one)]
        kept = [part[(part["kind"] == "corruption") & (part["metric"] == "app")] for part in rows]
        merged = kept[0][kept[0]["model"] == "ResNet-50 M-TLAT"].merge(
            kept[1][kept[1]["model"] == f"ResNet-50 {alone}"], on="condition"
        )
        values += (merged["value_x"] - merged["value_y"]).tolist()
    where = f"tables 3.4 and 3.5, over {alone}"
    return printed_differences(where, APP, sum(values) / len(values), min(values), max(values), len(values))


def mce(first: str, second: str, section: str) -> Note:
    """Two mean corruption errors of RobustNet, of the training that a claim is about first."""
    rows = published.load("robustnet")
    rows = rows[(rows["table"] == section) & (rows["metric"] == "mce")]
    values = dict(zip(rows["model"], rows["value"], strict=True))
    return printed_pair("mCE, lower is better", first, float(values[first]), second, float(values[second]), section)


def fooling() -> Note:
    """RobustNet's best network, trained on fooling images of three rates, and the baseline that mCE is relative to."""
    rows = published.load("robustnet", "section 3.2")
    best = float(rows.loc[rows["metric"] == "mce", "value"].iloc[0])
    return printed_pair(
        "mCE, lower is better", "with fooling images of all rates", best, "baseline", 1.0, "section 3.2"
    )


def correlations(first: str, second: str, table: str) -> Note:
    """Two mean correlations with natural shifts of table 4.4 or 4.5 of Laugros' thesis."""
    rows = published.load("laugros", table)
    rows = rows[rows["model"] == "Mean"]
    means = dict(zip(rows["column"], rows["value"], strict=True))
    what = "mean correlation with natural shifts"
    return printed_pair(what, first, float(means[first]), second, float(means[second]), f"table {table}")


def under_autoattack(dataset: str, norm: str, radius: str) -> Note:
    """The network without adversarial training and all others of one leaderboard of RobustBench, under AutoAttack."""
    board = published.Board(dataset, norm, radius)
    rows = published.autoattack(board)
    standard = rows["model"].str.startswith(_STANDARD)
    others = rows.loc[~standard, "robust"]
    return printed_leaderboard(
        board.title,
        float(rows.loc[standard, "robust"].max()),
        float(others.min()),
        float(others.median()),
        float(others.max()),
        len(others),
    )


# Figures, each without a full stop.


@note
def printed_leaderboard(board: str, standard: float, lowest: float, median: float, highest: float, others: int) -> str:
    return (
        f"In print (RobustBench, {board}): {standard:.1%} hold without adversarial training, {lowest:.1%} to {highest:.1%} of {others} other "
        f"networks, the median {median:.1%}"
    )


@note
def printed_differences(where: str, unit: str, mean: float, lowest: float, highest: float, count: int) -> str:
    digits = 1 if unit == POINTS else 2

    def text(value: float) -> str:
        return f"{'−' if round(value, digits) < 0 else '+'}{abs(value):.{digits}f}"

    what = f"{text(mean)} {unit}"
    return f"In print ({where}): {what}" + (
        "" if count == 1 else f" on average, {text(lowest)} to {text(highest)} over {count} differences"
    )


@note
def printed_pair(what: str, first: str, value: float, second: str, value_of_second: float, where: str) -> str:
    return f"In print ({where}): {what}: {first} {value:g}, {second} {value_of_second:g}"
