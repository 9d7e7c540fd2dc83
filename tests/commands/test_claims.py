"""The command claims."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from robustcore import cli
from robustcore.reports import claims
from robustcore.reports.claims import NOT_REPRODUCED, REPRODUCED, Claim, questions

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def two_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    table = pd.DataFrame({"model": ["m"], "value": [0.25]})
    result = (
        Claim(
            "interventions",
            "Fog is thick.",
            "A book, table 1",
            REPRODUCED,
            "Above 0.",
            (questions.sample(("APP",), 9, 9, 1),),
            table,
        ),
        Claim("interventions", "Snow is warm.", "A book, table 2", NOT_REPRODUCED, "Above 0.", (), limits="Melts."),
    )
    monkeypatch.setattr(claims, "load", lambda topic: result if topic == "interventions" else ())


def test_claims_are_printed_in_plain_text(capsys: Output) -> None:
    assert cli.main(["claims"]) == 0
    text = capsys.readouterr().out
    assert text.index("REPRODUCED  Fog is thick.") < text.index("NOT REPRODUCED  Snow is warm.")
    for part in (
        questions.sample(("APP",), 9, 9, 1).text,
        "Above 0.",
        "Caution: Melts.",
        "Source: A book, table 2",
        "robustcore",
    ):
        assert part in text
    assert claims.counted(claims.load("interventions")) in text


def test_as_csv_and_json(tmp_path: Path, capsys: Output) -> None:
    assert cli.main(["claims", "--format", "csv", "--output", str(tmp_path / "claims.csv")]) == 0
    table = pd.read_csv(tmp_path / "claims.csv")
    assert table["verdict"].tolist() == [REPRODUCED, NOT_REPRODUCED]
    capsys.readouterr()
    assert cli.main(["claims", "--topic", "interventions", "--format", "json"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert records[0]["table"] == [{"model": "m", "value": 0.25}]
    assert (records[1]["table"], records[1]["caution"]) == (None, "Melts.")


def test_an_unknown_topic_is_one_sentence(monkeypatch: pytest.MonkeyPatch, capsys: Output) -> None:
    monkeypatch.undo()
    assert cli.main(["claims", "--topic", "intervention"]) == 1
    assert "interventions" in capsys.readouterr().err
