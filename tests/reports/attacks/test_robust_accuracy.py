"""Curves of accuracy against eps, and the signs of masked gradients, on tables worked by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from robustcore import evaluate, load_model
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import Condition, Store
from robustcore.notes import Note
from robustcore.reports.attacks import robust_accuracy, transfer
from robustcore.reports.provenance import Provenance

COLUMNS = ["model", "attack", "access", "eps", "accuracy", "low", "high"]


def curve(*rows: tuple[str, str, float, float]) -> pd.DataFrame:
    """Rows (attack, access, eps, accuracy) of one model, each with an interval of 0.02 to either side."""
    return pd.DataFrame([("net", a, x, e, p, p - 0.02, p + 0.02) for a, x, e, p in rows], columns=COLUMNS)


HONEST = [
    ("fgsm", "white-box", 4 / 255, 0.30),
    ("pgd", "white-box", 4 / 255, 0.10),
    ("pgd", "on other", 4 / 255, 0.50),
    ("pgd", "white-box", 1.0, 0.0),
]


def test_an_honest_model_gives_no_sign() -> None:
    assert robust_accuracy.masked_gradients(curve(*HONEST)) == []


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (("fgsm", "white-box", 4 / 255, 0.05), "single_step_beats_iterative"),
        (("pgd", "on other", 4 / 255, 0.02), "black_box_beats_white_box"),
        (("pgd", "white-box", 1.0, 0.20), "unbounded_attack_fails"),
    ],
)
def test_each_sign_is_a_note(change: tuple[str, str, float, float], kind: str) -> None:
    rows = [change if row[:3] == change[:3] else row for row in HONEST]
    signs = robust_accuracy.masked_gradients(curve(*rows))
    assert [(sign.kind, sign.subject) for sign in signs] == [(kind, "net")]


def test_differences_within_the_intervals_are_no_sign() -> None:
    rows = [("fgsm", "white-box", 4 / 255, 0.09), *HONEST[1:]]
    assert robust_accuracy.masked_gradients(curve(*rows)) == []


def test_curves_of_what_is_stored(tmp_path: Path) -> None:
    store = Store(tmp_path / "results.sqlite", shipped=False)  # the shipped results hold other radii too
    victim, other = load_model("scenes/resnet-standard"), load_model("scenes/vgg-standard")
    wanted = robust_accuracy.conditions([other.fingerprint()], radii=(2 / 255, 8 / 255))
    evaluate([victim], "scenes", wanted, limit=24, surrogates=[other], store=store)
    table = robust_accuracy.curves(
        [victim], "scenes", surrogates={other.card.name: other.fingerprint()}, limit=24, store=store
    )
    assert set(table["access"]) == {"white-box", "on scenes/vgg-standard"}
    assert set(table["surrogate"]) == {"", "scenes/vgg-standard"}
    white = table[(table["attack"] == "pgd") & (table["access"] == "white-box")]
    assert white["eps"].tolist() == pytest.approx([0, 2 / 255, 8 / 255])
    assert white["accuracy"].is_monotonic_decreasing
    black = table[(table["attack"] == "pgd") & (table["access"] != "white-box")]
    assert (black["accuracy"].to_numpy() >= white["accuracy"].to_numpy()).all()
    assert (table["linf"].dropna() <= 8 / 255 + 1e-6).all()
    footer = robust_accuracy.curve_footer(table)
    assert footer.provenance is not None
    assert (footer.provenance.models, footer.provenance.images) == (("scenes/resnet-standard",), (24, 24))
    assert (footer.provenance.dataset, footer.provenance.seed, footer.further) == ("scenes", 0, ())
    (lines,) = footer.before
    assert isinstance(lines, Note)
    assert (lines["solid"], lines["dotted"]) == ("pgd", "fgsm")
    (radius,) = robust_accuracy.transfer_footer(table, 2 / 255).before
    assert radius == robust_accuracy.attacked_at("pgd", 2 / 255)


def test_a_footer_counts_the_images_under_attack_for_each_model_where_they_differ() -> None:
    rows = [("a", 0.0, 100), ("a", 2 / 255, 40), ("b", 0.0, 100), ("b", 2 / 255, 60)]
    table = pd.DataFrame(rows, columns=["model", "eps", "n"])
    table.attrs["provenance"] = Provenance(("a", "b", "c"), "scenes", "test", (40, 100), 0, (), "memory", "none", "")
    footer = robust_accuracy.footer(table)
    assert footer.provenance is not None
    assert (footer.provenance.models, footer.provenance.images) == (("a", "b"), (40, 60))
    assert footer.further == (robust_accuracy.images_of_each((("a", 40), ("b", 60))),)


def test_a_transfer_matrix_has_the_white_box_on_its_diagonal(tmp_path: Path) -> None:
    models = ["scenes/resnet-standard", "scenes/vgg-standard"]
    attack = Condition("attack", "pgd", params=(("eps", 4 / 255),))
    matrix = transfer.matrix(models, "scenes", attack, limit=24, store=tmp_path / "results.sqlite")
    assert matrix.accuracy.shape == (2, 2)
    assert matrix.n == 24
    for name in models:
        assert matrix.accuracy.loc[name, name] == matrix.accuracy[name].min()
        assert matrix.app.loc[name, name] == pytest.approx(matrix.accuracy.loc[name, name] / matrix.clean[name])
    again = transfer.matrix(models, "scenes", attack, compute=False, limit=24, store=tmp_path / "results.sqlite")
    pd.testing.assert_frame_equal(again.success, matrix.success)


def test_a_transfer_matrix_needs_two_models_and_a_white_box_attack(tmp_path: Path) -> None:
    attack = Condition("attack", "pgd")
    with pytest.raises(InvalidArgumentError, match="two or more"):
        transfer.matrix(["scenes/vgg-standard"], "scenes", attack, store=tmp_path / "r.sqlite")
    with pytest.raises(InvalidArgumentError, match="white-box attack"):
        transfer.matrix(["scenes/vgg-standard"], "scenes", Condition.clean(), store=tmp_path / "r.sqlite")
