"""The documents' tables as pages show them."""

from __future__ import annotations

import pytest

from robustcore.errors import UnknownNameError
from robustcore.reports import printed_tables


@pytest.mark.parametrize("table", printed_tables.offered(), ids=lambda table: table.name)
def test_every_table_can_be_drawn_in_each_of_its_metrics(table: printed_tables.PrintedTable) -> None:
    for metric in table.metrics:
        rows = printed_tables.rows(table.name, metric)
        assert len(rows)
        assert not rows.duplicated(["model", "name"]).any()
        assert (rows["value"].notna() | (rows["reason"] != "")).all()
        assert printed_tables.better(metric) in ("higher", "lower")


def test_app_on_imagenet_c_is_printed_in_the_thesis_and_follows_from_errors_elsewhere() -> None:
    thesis = printed_tables.rows("Laugros' thesis 3.4a", "app").set_index(["model", "name"])["value"]
    assert thesis["ResNet-50 M-TLAT", "jpeg_compression"] == 0.95
    accuracy = printed_tables.rows("Laugros' thesis 3.4a", "accuracy").set_index(["model", "name"])["value"]
    assert accuracy["ResNet-50 M-TLAT", "jpeg_compression"] == pytest.approx(0.95 * 0.739)
    computed = printed_tables.rows("Hendrycks & Dietterich 1", "app")
    assert len(computed) == 90
    assert printed_tables.comparable(computed, "app")[0] == "gaussian_noise"
    assert printed_tables.comparable(computed, "mce") == []
    assert printed_tables.better("error") == "lower"
    rates = printed_tables.rows("Hendrycks & Dietterich 3", "flip_rate")
    assert rates.loc[rates["model"] == "AlexNet", "value"].tolist() == [1.0] * 10
    with pytest.raises(UnknownNameError, match="table of a document"):
        printed_tables.get("Laugros' thesis 9.9")
