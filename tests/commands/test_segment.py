"""The command segment, where images have nothing to find."""

from __future__ import annotations

import json

import pytest

from robustcore import cli

Output = pytest.CaptureFixture[str]


def _refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def test_images_without_anomalies_have_no_auroc_and_json_says_null(capsys: Output) -> None:
    """The street scenes of validation have known objects only."""
    arguments = [
        "segment",
        "--split",
        "val",
        "--limit",
        "2",
        "--corruption",
        "fog",
        "--severity",
        "3",
        "--format",
        "json",
    ]
    assert cli.main(arguments) == 0
    report = json.loads(capsys.readouterr().out, parse_constant=_refuse)
    assert (report["images"], report["anomalous"], report["chance_aupr"]) == (2, 0, None)
    assert 0 < report["miou"] <= 1
    assert {row["auroc"] for row in [*report["scores"], *report["corrupted"]]} == {None}


def test_the_table_has_no_nan(capsys: Output) -> None:
    assert cli.main(["segment", "--split", "val", "--limit", "2", "--corruption", "fog", "--severity", "3"]) == 0
    assert "nan" not in capsys.readouterr().out.casefold()
