"""`robustcore results show`: each result with everything that it takes to trust it, or to make it again."""

from __future__ import annotations

import datetime
import re
from importlib.metadata import version

import pytest

import robustcore as rc
from robustcore import cli
from robustcore.evaluation import operations, suites

MODEL = "scenes/resnet?weights=none&classes=12"


def test_show_prints_where_a_result_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    for name, seed in (("gaussian_noise", 7), ("pixelate", 8)):
        rc.evaluate(MODEL, "scenes", [name], severities=[2], limit=2, seed=seed, device="cpu")
    assert cli.main(["results", "show", "--model", MODEL, "--condition", "gaussian_noise"]) == 0
    output = capsys.readouterr().out
    (row,) = [line for line in output.splitlines() if " gaussian_noise " in line]
    assert " 7 " in row
    assert "float32" in row
    assert datetime.datetime.now(datetime.UTC).date().isoformat()[:7] in row
    assert operations.fingerprint(suites.resolve("gaussian_noise", [2])[1])[:16] in row
    assert f"(SHA-256 {rc.load_model(MODEL).fingerprint()})" in output
    assert f"(SHA-256 {rc.load_dataset('scenes').fingerprint})" in output
    runs = re.findall(r"on cpu in float32: (\d+) units in (\d+\.\d) s of computing", output)
    assert [units for units, _ in runs] == ["1"], "the run of the other condition is not among these"
    for package in ("robustcore", "torch", "numpy"):
        assert f"{package} {version(package)}" in output
    listed = []
    for action in ("ls", "list"):
        assert cli.main(["results", action]) == 0
        listed.append(capsys.readouterr().out)
    assert listed[0] == listed[1]
