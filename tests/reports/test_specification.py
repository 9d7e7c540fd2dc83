"""Specifications: what is refused at which line, and judging worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.evaluation import Condition
from robustcore.reports import specification
from robustcore.reports.specification import Evidence, Measured, sheet, wording

FOG = [Condition.corruption("fog", s) for s in (1, 2, 3, 4, 5)]
SNOW = [Condition.corruption("snow", s) for s in (1, 2, 3, 4, 5)]


def spec(*rows: str, head: str = "") -> specification.Specification:
    return specification.parse(head + "\n" + "\n".join(f"[[rows]]\n{row}" for row in rows), "spec.toml")


def right(correct: int, n: int = 100, **fields: object) -> Measured:
    """`correct` of n answers are right, the first ones."""
    each = (np.arange(n) < correct).astype(np.float32)
    return Measured(n, n, correct / n, each=each, **fields)  # type: ignore[arg-type]


def evidence(cells: dict[tuple[str, Condition], Measured], models: tuple[str, ...] = ("m",), **fields: int) -> Evidence:
    return Evidence(models, {(m, c.canonical(), None): cell for (m, c), cell in cells.items()}, **fields)


def judged(row: str, cells: dict[tuple[str, Condition], Measured], **fields: int) -> dict[str, object]:
    return specification.judge(spec(row), evidence(cells, **fields)).iloc[0].to_dict()


def test_an_accuracy_with_wilsons_interval() -> None:
    row = judged("metric='accuracy'\ncorruption='fog'\nseverity=3\nat_least=74", {("m", FOG[2]): right(74)})
    # Wilson by hand, z = 1.959964: centre (0.74 + z^2/200) / (1 + z^2/100), half z sqrt(0.74*0.26/100 + z^2/40000) / the same
    assert (row["value"], row["margin"], row["n"]) == (74.0, 0.0, 100)
    assert row["low"] == pytest.approx(64.629, abs=0.002)
    assert row["high"] == pytest.approx(81.595, abs=0.002)
    assert row["verdict"] == "uncertain"


@pytest.mark.parametrize(
    ("direction", "threshold", "verdict", "margin"),
    [
        ("at_least", 60, "pass", 14),
        ("at_least", 70, "uncertain", 4),
        ("at_least", 80, "fail", -6),
        ("at_most", 85, "pass", 11),
        ("at_most", 78, "uncertain", 4),
        ("at_most", 73, "fail", -1),
    ],
)
def test_value_and_interval_against_the_threshold(direction: str, threshold: int, verdict: str, margin: float) -> None:
    row = judged(f"metric='accuracy'\nclean=true\n{direction}={threshold}", {("m", Condition.clean()): right(74)})
    assert row["verdict"] == verdict
    assert row["margin"] == pytest.approx(margin)


def test_what_is_preserved_and_what_is_lost_are_means_over_corruptions_and_severities() -> None:
    cells = {("m", Condition.clean()): right(80)}
    cells |= {("m", c): right(n) for c, n in zip([*FOG, *SNOW], [70, 60, 50, 40, 30, 60, 60, 60, 60, 60], strict=True)}
    app = judged("metric='app'\ncorruption=['fog', 'snow']\nseverity='mean'\nat_least=60", cells)
    assert app["value"] == pytest.approx(100 * (0.5 / 0.8 + 0.6 / 0.8) / 2)
    lost = judged("metric='residual'\ncorruption=['fog', 'snow']\nat_most=20", cells)
    assert (lost["value"], lost["verdict"], lost["margin"]) == (pytest.approx(25), "fail", pytest.approx(-5))
    # Image by image 0 (50 of them), 0.1, 0.2, 0.3, 0.9 and 1 (10 each) are lost: 1.96 sqrt(0.1325 / 100) = 7.13 points.
    assert lost["low"] == pytest.approx(25 - 7.13, abs=0.7)
    assert lost["high"] == pytest.approx(25 + 7.13, abs=0.7)


def test_corruption_errors_against_a_model_by_hand() -> None:
    cells = {}
    for model, fog, snow in (("m", 70, 80), ("ref", 50, 60)):
        cells |= {(model, Condition.clean()): right(90)} | {(model, c): right(fog) for c in FOG}
        cells |= {(model, c): right(snow) for c in SNOW}
    row = judged("metric='mce'\ncorruption=['fog', 'snow']\nreference='ref'\nat_most=60", cells)
    assert row["value"] == pytest.approx(100 * (0.3 / 0.5 + 0.2 / 0.4) / 2)
    assert float(str(row["low"])) < 55 < float(str(row["high"]))
    relative = judged("metric='relative_ce'\ncorruption='fog'\nreference='ref'\nat_most=60", cells)
    assert relative["value"] == pytest.approx(100 * 0.2 / 0.4)
    itself = judged("metric='ce'\ncorruption='fog'\nreference='m'\nat_most=100", cells)
    assert (itself["value"], itself["low"], itself["high"], itself["verdict"]) == (100, 100, 100, "pass")


def test_alexnet_counts_on_imagenet_alone() -> None:
    cells = {("m", Condition.clean()): right(90)} | {("m", c): right(50) for c in FOG}
    row = "metric='ce'\ncorruption='fog'\nreference='alexnet'\nat_most=70"
    assert "AlexNet's published errors" in str(judged(row, cells, classes=12, side=64)["reason"])
    errors = (0.67474, 0.76050, 0.84378, 0.87260, 0.94500)
    assert judged(row, cells, classes=1000, side=224)["value"] == pytest.approx(100 * 2.5 / sum(errors))


def test_flips_and_attacks() -> None:
    tilt, pgd = Condition("sequence", "tilt"), Condition("attack", "pgd", params=(("eps", 2 / 255),))
    flips = Measured(4, 4, 0.9, flips=0.05, each=np.array([0.0, 0.1, 0.0, 0.1]))
    row = judged("metric='flip_probability'\nsequence='tilt'\nat_most=20", {("m", tilt): flips})
    assert (row["value"], row["verdict"]) == (pytest.approx(5), "pass")
    row = judged("metric='flip_rate'\nsequence='tilt'\nreference='alexnet'\nat_most=80", {("m", tilt): flips})
    assert row["value"] == pytest.approx(100 * 0.05 / 0.0705)
    harder = Condition("sequence", "tilt", params=(("difficulty", 2),))
    row = judged(
        "metric='flip_rate'\nsequence='tilt'\ndifficulty=2\nreference='alexnet'\nat_most=80", {("m", harder): flips}
    )
    assert row["verdict"] == "undefined"
    assert math.isnan(float(str(row["value"])))
    assert "difficulty 1" in str(row["reason"])
    row = judged("metric='attack_success'\nattack='pgd'\neps='2/255'\nat_most=60", {("m", pgd): right(40, success=0.6)})
    assert (row["value"], row["margin"], row["verdict"]) == (60, 0, "uncertain")


def test_a_metric_of_single_images_is_the_mean_over_severities_without_an_interval() -> None:
    row = "metric='ece'\ncorruption='fog'\nat_most=12\nseverity='mean'"
    cells = {("m", c): right(74, values={"ece": (0.01 * s, "")}) for s, c in enumerate(FOG, 8)}
    record = judged(row, cells)
    assert record["value"] == pytest.approx(10)
    assert (record["verdict"], record["unit"]) == ("uncertain", "%")  # nothing is certain without an interval
    cells["m", FOG[1]] = right(74, values={"ece": (math.nan, "no confidence")})
    assert (judged(row, cells)["verdict"], judged(row, cells)["reason"]) == ("undefined", "no confidence")


def test_metrics_of_scores_are_of_unknown_classes_and_read_what_ships() -> None:
    made = spec("metric='auroc'\nsuite='scenes-shifts'\nat_least=80", head="dataset='scenes'")
    ((name, _),) = made.rows[0].terms
    assert name == "scenes/unknown"
    record = specification.judge(made, specification.gather(made, ["scenes/resnet-standard"])).iloc[0]
    assert record["verdict"] == "uncertain"
    assert 80 < record["value"] < 90
    with pytest.raises(InvalidArgumentError, match="unknown classes"):
        spec("metric='auroc'\ncorruption='fog'\nat_least=80")


@pytest.mark.parametrize("place", ["unknown='blobs'", "unknown=['blobs', 'uniform']", "suite='unknown'"])
def test_noise_can_be_required_to_be_noticed(place: str) -> None:
    (row,) = spec(f"metric='fpr95'\n{place}\nat_most=60").rows
    assert row.kind == "unknown"
    assert {condition.kind for condition in row.conditions} == {"unknown"}
    assert wording.place(row)
    with pytest.raises(InvalidArgumentError, match="cannot be required"):
        spec(f"metric='accuracy'\n{place}\nat_most=60")


def test_a_row_that_is_not_judged_names_all_severities_that_lack() -> None:
    text = "metric='accuracy'\ncorruption='fog'\nseverity=[1, 2, 3, 4]\nat_least=80"
    row = judged(text, {("m", fog): right(50) for fog in FOG if fog.severity in (1, 3)})
    assert row["verdict"] == "undefined"
    assert "2, 4" in str(row["reason"])


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({}, "not evaluated"),
        ({("m", FOG[2]): Measured(0, 100, reason="out of memory")}, "out of memory"),
        ({("m", FOG[2]): Measured(60, 100, 0.5)}, "only 60 of 100 images are evaluated"),
        ({("m", FOG[2]): right(5)}, "clean images: not evaluated"),
        ({("m", FOG[2]): right(5), ("m", Condition.clean()): right(0)}, "the clean accuracy is 0"),
    ],
)
def test_undefined_has_a_reason_and_is_not_met(cells: dict[tuple[str, Condition], Measured], reason: str) -> None:
    table = specification.judge(spec("metric='app'\ncorruption='fog'\nseverity=3\nat_least=50"), evidence(cells))
    row = table.iloc[0]
    assert row["verdict"] == "undefined"
    assert math.isnan(row["value"])
    assert row["reason"].startswith(reason)
    assert not specification.meets(table)


def test_strict_asks_for_the_whole_interval() -> None:
    result = evidence({("m", Condition.clean()): right(74)})
    narrow = specification.judge(spec("metric='accuracy'\nclean=true\nat_least=70"), result)
    wide = specification.judge(spec("metric='accuracy'\nclean=true\nat_least=60"), result)
    assert (specification.meets(narrow), specification.meets(narrow, strict=True)) == (True, False)
    assert specification.meets(wide, strict=True)


def test_the_sentence_and_the_sheet_are_for_people() -> None:
    made = spec("metric='accuracy'\ncorruption='fog'\nseverity=3\nat_least=80\nwhy='a <river>'", head="name='n'")
    table = specification.judge(made, evidence({("m", FOG[2]): right(74)}))
    sentence = specification.sentence(made.rows[0], table.iloc[0].to_dict())
    assert sentence == (
        "Under fog at severity 3 of 5 it must be right on at least 80 % of the images: it is right on 74.0 %, which fails by "
        "6.0 points (95 % interval 64.6 to 81.6 %, over 100 images; it still reaches the threshold)."
    )
    page = sheet.html(made, table, "computed here")
    assert "does not meet the specification" in page
    assert "a &lt;river&gt;" in page
    assert "http" not in page
    assert specification.summary(table) == "0 of 1 requirements are met; 1 fails."


BAD = [
    ("metric='accuracy'\ncorruption='fogg'\nat_least=80", 5, "no corruption named 'fogg'. Did you mean 'fog'?"),
    ("metric='acuracy'\nclean=true\nat_least=80", 4, "Did you mean 'accuracy'"),
    ("metric='accuracy'\nsuite='imagnet-c'\nat_least=80", 5, "Did you mean 'imagenet-c'"),
    ("metric='accuracy'\nattack='pgdd'\nat_least=80", 5, "'pgd'"),
    ("metric='flip_probability'\nsequence='tillt'\nat_most=8", 5, "'tilt'"),
    ("metric='accuracy'\nshift='scenes/sketchy'\nat_least=80", 5, "'scenes/sketch'"),
    ("metric='accuracy'\nshift='scenes/unknown'\nat_least=80", 5, "no right answer"),
    (
        "metric='accuracy'\nclean=true\nat_least=0.8",
        6,
        'Write 80 if it is a share of 0.8, or "0.8 %" if it is 0.8 percent',
    ),
    ("metric='accuracy'\nclean=true\nat_least=1", 6, "ambiguous"),
    ("metric='accuracy'\nclean=true\nat_least='80'", 6, '"80 %"'),
    ("metric='accuracy'\nclean=true\nat_least=180", 6, "from 0 to 100 percent, not 180"),
    ("metric='accuracy'\nclean=true\nat_least=nan", 6, "is neither"),
    ("metric='accuracy'\nclean=true\nat_least=true", 6, "is neither"),
    ("metric='accuracy'\nclean=true", 4, "at_least or at_most"),
    ("metric='accuracy'\nclean=true\nat_least=8\nat_most=9", 7, "not both"),
    ("metric='accuracy'\nat_least=80", 4, "names one of"),
    ("metric='accuracy'\nclean=true\ncorruption='fog'\nat_least=80", 6, "clean and corruption"),
    ("metric='app'\nclean=true\nat_least=80", 5, "defined for corruption"),
    ("metric='accuracy'\nclean=true\nseverity=3\nat_least=80", 6, "severity belongs to rows of corruption"),
    ("metric='accuracy'\ncorruption='fog'\nseverity=6\nat_least=80", 6, "1, 2, 3, 4"),
    ("metric='accuracy'\ncorruption='album_blur'\nseverity='uniform'\nat_least=80", 6, "no continuous strength"),
    ("metric='accuracy'\ncorruption='fog'\nseverity='often'\nat_least=80", 6, "none of these"),
    ("metric='accuracy'\ncorruption='fog'\nstrength=[1]\nat_least=80", 6, "not [1]"),
    ("metric='mfr'\nsuite='imagenet-p'\nreference='x'\ndifficulty=[{a=1}]\nat_most=8", 7, "not a dict"),
    ("metric='ce'\ncorruption='fog'\nat_most=80", 4, "needs a reference"),
    ("metric='ce'\nsuite='imagenet-c'\nreference='x'\nat_most=80", 5, "for several it is mce"),
    ("metric='accuracy'\nclean=true\nreference='x'\nat_least=80", 6, "leave the reference out"),
    ("metric='accuracy'\nattack='pgd'\neps=8\nat_least=80", 6, '"8/255"'),
    ("metric='accuracy'\nattack='pgd'\nparams={stepps=3}\nat_least=80", 5, "stepps"),
    ("metric='accuracy'\nclean=true\nlimit=0\nat_least=80", 6, "1 or more"),
    ("metric='accuracy'\nclean=true\nat_leest=80", 6, "Did you mean 'at_least'"),
]


@pytest.mark.parametrize(("row", "line", "words"), BAD, ids=[words for *_, words in BAD])
def test_bad_rows_name_their_line(row: str, line: int, words: str) -> None:
    with pytest.raises(InvalidArgumentError) as raised:
        specification.parse(f"name = 'n'\n\n[[rows]]\n{row}\n", "spec.toml")
    assert str(raised.value).startswith(f"spec.toml, line {line}: ")
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = \n[[rows]]", "spec.toml, line 1: this is not valid toml"),
        ("name = 'n'", "spec.toml: A specification has requirements"),
        ("nam = 'n'\n[[rows]]\nmetric='x'", "spec.toml, line 1: There is no key named 'nam'"),
        ("name='n'\nstorage='disk'\n[[rows]]", "line 2: There is no storage named 'disk'"),
        ("name='n'\nseed=-1\n[[rows]]", "line 2: A seed"),
        ("rows=[{metric='accuracy', clean=true, at_least=80}, {metric='app'}]", "spec.toml, row 2: A row names one of"),
    ],
)
def test_bad_files_name_their_line(text: str, words: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"^spec\.toml") as raised:
        specification.parse(text, "spec.toml")
    assert words in str(raised.value)


def test_an_unknown_name_and_a_missing_file() -> None:
    with pytest.raises(UnknownNameError, match="'demo'"):
        specification.load("demmo")
    with pytest.raises(InvalidArgumentError, match="cannot be read"):
        specification.load("nowhere.toml")


def test_a_text_threshold_may_be_small() -> None:
    assert spec("metric='flip_probability'\nsequence='tilt'\nat_most='0.5 %'").rows[0].threshold == 0.5


@pytest.mark.parametrize("name", specification.names())
def test_shipped_specifications_can_be_read(name: str) -> None:
    loaded = specification.load(name)
    assert loaded.name == name
    assert loaded.description.endswith(".")
    assert all(row.line for row in loaded.rows)


def test_what_ships_answers_a_part_of_its_images_too() -> None:
    made = spec(
        "metric='flip_probability'\nsequence='tilt'\nat_most=50",
        "metric='accuracy'\nsuite='scenes-shifts'\nat_least=50",
        "metric='accuracy'\nattack='pgd'\neps='7/255'\nat_least=5",
        head="limit = 6",
    )
    assert "scenes/unknown" not in [c.name for c in made.rows[1].conditions]
    model = "scenes/resnet-standard"
    gathered = specification.gather(made, [model], store=None)
    cell = gathered.cells[model, made.rows[0].conditions[0].canonical(), 6]
    assert cell.each is not None
    assert cell.flips == pytest.approx(cell.each.mean())
    missing = specification.missing(made, gathered)
    assert [(need.limit, [c.name for c in need.conditions]) for need in missing] == [(6, ["pgd"])]


def test_needs_ask_once_for_each_number_of_images_and_for_the_references() -> None:
    made = spec(
        "metric='accuracy'\nclean=true\nat_least=80",
        "metric='ce'\ncorruption='fog'\nreference='ref'\nat_most=90",
        "metric='accuracy'\nattack='pgd'\nlimit=10\nat_least=5",
    )
    needs = specification.needs(made, ["m"])
    assert [(need.models, need.limit, len(need.conditions)) for need in needs] == [
        (("m",), None, 6),
        (("ref",), None, 6),
        (("m",), 10, 2),
    ]


def test_the_union_of_attacks_counts_images_that_hold_against_each() -> None:
    names = ("fgsm", "pgd")
    conditions = [Condition("attack", name, params=(("eps", 2 / 255),)) for name in names]
    halves = [np.repeat([1.0, 0.0], 50), np.tile([1.0, 0.0], 50)]
    cells = {
        ("m", c): Measured(100, 100, 0.5, each=each.astype(np.float32))
        for c, each in zip(conditions, halves, strict=True)
    }
    text = "metric='robust_accuracy'\nattack=['fgsm', 'pgd']\neps='2/255'\nat_least=20"
    row = judged(text, cells)
    assert (row["value"], row["verdict"]) == (pytest.approx(25), "uncertain")
    assert float(str(row["low"])) < 20 < 25 < float(str(row["high"]))
    unknown = judged(text, cells | {("m", conditions[0]): Measured(100, 100, 0.5)})
    assert unknown["verdict"] == "undefined"


def test_a_suite_of_attacks_keeps_its_own_budgets() -> None:
    spec = specification.parse("[[rows]]\nmetric='accuracy'\nsuite='autoattack'\nat_least=20\n")
    radii = [condition.parameters["eps"] for condition in spec.rows[0].conditions]
    assert radii == pytest.approx([2 / 255, 8 / 255])


@pytest.mark.parametrize(
    ("attacked", "budgets"),
    [
        ("suite='autoattack'\neps='2/255'", {("linf", 2 / 255)}),
        ("attack=['pgd', 'autoattack']\neps=0.5\nparams={norm='l2'}", {("l2", 0.5)}),
        ("suite='autoattack'", None),  # two radii
        ("attack=['pgd', 'laugros/cw_l2']", None),  # two norms
        ("suite='nearest'", None),  # no radius
        ("attack='laugros/pgd_range'", None),  # one for each image
    ],
)
def test_a_union_is_within_one_budget(attacked: str, budgets: set[tuple[str, float]] | None) -> None:
    text = f"[[rows]]\nmetric='robust_accuracy'\n{attacked}\nat_least=20\n"
    if budgets is None:
        with pytest.raises(InvalidArgumentError, match="one budget"):
            specification.parse(text)
    else:
        spec = specification.parse(text)
        assert {(c.norm, c.parameters["eps"]) for c in spec.rows[0].conditions} == budgets
