"""The page Attack without a browser."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import cache
from dashboard.widgets import figure
from robustcore import attacks
from robustcore.models import imagenet
from robustcore.notes import Note
from robustcore.reports.provenance import Footer
from tests.dashboard.conftest import OpenPage, markup, sound


def words(at: object) -> str:
    return " ".join(str(m.value) for m in [*at.markdown, *at.subheader, *at.caption, *at.info])  # type: ignore[attr-defined]


def charts(at: AppTest, key: str) -> list[object]:
    """The figure of that key, if it is drawn."""
    return [chart for chart in at.get("plotly_chart") if f"figure-{key}" in str(chart.proto.id)]


def test_pgd_turns_the_demo_model(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    footers: list[Footer] = []
    card = figure.card
    monkeypatch.setattr(
        figure, "card", lambda *args, **kwargs: footers.append(kwargs["footer"]) or card(*args, **kwargs)
    )
    at = open_page("attack")
    assert sound(at)
    assert "8.00/255" in words(at)
    assert {"11", "10"} <= set(re.findall(r"\d+", words(at)))  # forward and backward passes
    table = at.dataframe[-1].value.set_index("Model")
    assert table.loc["scenes/resnet-standard", "Clean"] != table.loc["scenes/resnet-standard", "Adversarial"]
    assert len(footers) == 2  # of the steps and of the budgets
    for footer in footers:
        (attacked,) = footer.before
        assert isinstance(attacked, Note)
        assert (attacked["victim"], attacked["surrogate"], attacked["attack"]) == (
            "scenes/resnet-standard",
            None,
            "pgd",
        )
        assert dict(attacked["arguments"])["eps"] == pytest.approx(8 / 255)


STEPS = {f"attack_steps_{name}": "4" for name in ("cw", "fooling", "fab", "apgd", "fmn")}


@pytest.mark.parametrize("name", [n for n in attacks.names() if n not in ("hopskipjump", "spatial", "square")])
def test_every_attack_has_its_controls(open_page: OpenPage, name: str) -> None:
    at = open_page("attack", attack_name=attacks.get(name).title, **STEPS)
    assert sound(at)
    assert markup(at, "attack_three_scenes/resnet-standard")


def test_a_preset_of_the_thesis(open_page: OpenPage) -> None:
    at = open_page("attack", attack_name="laugros/pgd_ll")
    assert sound(at)
    assert "Laugros" in words(at)


def test_a_targeted_attack_reaches_its_class(open_page: OpenPage) -> None:
    at = open_page("attack", attack_goal="targeted", attack_target="Ring", attack_eps="16/255")
    assert sound(at)
    assert "**Ring**" in words(at)


def test_a_surrogate_crafts_and_the_victim_judges(open_page: OpenPage) -> None:
    at = open_page("attack", attack_surrogate="scenes/vgg-standard", attack_beside="scenes/vgg-standard")
    assert sound(at)
    assert "scenes/vgg-standard" in words(at)
    assert markup(at, "attack_three_scenes/vgg-standard")


def test_a_photograph_has_no_right_answer_for_a_demo_model(open_page: OpenPage) -> None:
    at = open_page("attack", attack_from="photograph")
    assert sound(at)
    assert not markup(at, "attack_three_scenes/resnet-standard")
    assert not at.get("plotly_chart")


def test_unknown_names_in_the_address_are_sentences(open_page: OpenPage) -> None:
    at = open_page("attack", attack_name="pdg", attack_eps="9000", attack_model="scenes/resnet-standart")
    assert not at.exception
    message = " ".join(str(w.value) for w in [*at.warning, *at.info])
    assert "'PGD'" in message
    assert "scenes/resnet-standard" in message


def test_a_long_sweep_waits_until_it_is_asked_for(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboard.views.attack.page.PATIENCE", 100)
    at = open_page("attack", attack_name="Square Attack", attack_queries_square="10")
    assert not charts(at, "attack-sweep")
    next(t for t in at.toggle if t.key.startswith("attack_sweep_")).set_value(True).run()
    assert sound(at)
    assert charts(at, "attack-sweep")


def test_an_image_without_a_label_is_attacked_from_its_clean_answer_and_gets_no_tick(
    open_page: OpenPage, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small network of ImageNet's classes, and a photograph of which nobody says what it shows."""
    monkeypatch.setattr(imagenet, "available", list)  # as without the packages; the large models judge nothing
    from robustcore.datasets import load_dataset
    from robustcore.models import Card, checkpoints
    from robustcore.models.architectures import architecture

    card = Card("own/small", load_dataset("photographs").classes, 64, "imagenet", "standard", "scenes/resnet")
    checkpoints.save(architecture("scenes/resnet").build(card, seed=1), own_cache / "models" / "small.safetensors")
    at = open_page("attack", attack_model="own/small", attack_from="Photographs", attack_photograph="Astronaut")
    assert sound(at)
    shown = markup(at, "attack_three_own/small")
    assert shown
    assert "✓" not in shown
    assert "robustcore[imagenet]" in words(at)
    at = open_page("attack", attack_model="own/small", attack_from="Photographs", attack_photograph="Cat")
    assert sound(at)


def test_the_first_view_needs_no_network(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a worker's: the answers ship."""
    from dashboard.cache import models
    from robustcore.reports.preview import shipped

    def load(name: str) -> None:
        raise AssertionError(f"{name} is loaded")

    monkeypatch.setattr(models, "fingerprint", load)
    monkeypatch.setattr(models, "model", load)
    at = open_page("attack", attack_model=shipped.MODEL, attack_from="Photographs")
    assert sound(at)
    assert markup(at, f"attack_three_{shipped.MODEL}")
    assert charts(at, "attack-trajectory")
    table = at.dataframe[-1].value.set_index("Model")
    assert table.index.tolist() == imagenet.names()
    assert table.loc[shipped.MODEL, "Fooled"] == "✕ fooled"


def test_a_model_that_knows_photographs_is_a_click_away(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    at = open_page("attack", attack_from="photograph")
    offered = [b for b in at.button if b.key == "attack_photographs_model"]
    assert bool(offered) == (cache.models.PHOTOGRAPHS_MODEL in cache.models.model_names())
