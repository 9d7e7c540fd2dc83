"""Severity curves: the clean images at 0, a line for each model."""

from __future__ import annotations

import pandas as pd

from robustcore.figures import severity_curves


def table(names: tuple[str, ...] = ("fog",)) -> pd.DataFrame:
    rows = [
        {"model": m, "name": n, "severity": s, "accuracy": 0.9 - 0.1 * s, "low": 0.85 - 0.1 * s, "high": 0.95 - 0.1 * s}
        for m in ("a", "b")
        for n in names
        for s in (3, 0, 1, 2, 5, 4)
    ]
    return pd.DataFrame(rows)


def test_a_line_for_each_model_from_clean_to_severity_five() -> None:
    figure = severity_curves.severity_curve(table(), footer="f", alt="a")
    lines = [t for t in figure.data if t.name]
    assert [line.name for line in lines] == ["a", "b"]
    assert list(lines[0].x) == [0, 1, 2, 3, 4, 5]
    assert next(iter(lines[0].y)) == 90
    assert lines[0].hovertext[0].startswith("<b>a</b><br>clean: 90.0 %")


def test_the_band_goes_there_and_back() -> None:
    band = severity_curves.severity_curve(table(), footer="f", alt="a").data[0]
    assert len(band.x) == 12
    assert list(band.x) == list(band.x)[::-1]
    assert min(hi - lo for hi, lo in zip(band.y[:6], band.y[:5:-1], strict=True)) > 9


def test_a_panel_for_each_condition_and_one_legend() -> None:
    figure = severity_curves.severity_panels(table(("fog", "snow", "frost", "shot_noise")), footer="f", alt="a")
    assert [a.text for a in figure.layout.annotations] == ["Fog", "Snow", "Frost", "Shot noise"]
    assert sum(bool(t.showlegend) for t in figure.data) == 2
    assert len({t.xaxis for t in figure.data}) == 4
