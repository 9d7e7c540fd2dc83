"""The page Attack without a browser."""

from __future__ import annotations

import pytest

from robustcore import attacks
from tests.dashboard.conftest import OpenPage, sound


def words(at: object) -> str:
    return " ".join(str(m.value) for m in [*at.markdown, *at.subheader, *at.caption, *at.info])  # type: ignore[attr-defined]


def test_pgd_turns_the_demo_model(open_page: OpenPage) -> None:
    at = open_page("attack")
    assert sound(at)
    assert "Success" in words(at)
    assert "8.00/255" in words(at)
    assert "11 forward and 10 backward passes" in words(at)


@pytest.mark.parametrize("name", [n for n in attacks.names() if n not in ("hopskipjump", "square")])
def test_every_attack_has_its_controls(open_page: OpenPage, name: str) -> None:
    at = open_page("attack", attack_name=attacks.get(name).title, attack_steps_cw="4", attack_steps_fooling="4")
    assert sound(at)
    assert "forward" in words(at)


def test_a_preset_of_the_thesis(open_page: OpenPage) -> None:
    at = open_page("attack", attack_name="laugros/pgd_ll")
    assert sound(at)
    assert "Laugros" in words(at)


def test_a_targeted_attack_reaches_its_class(open_page: OpenPage) -> None:
    at = open_page("attack", attack_goal="targeted", attack_target="Ring", attack_eps="16/255")
    assert sound(at)
    assert "towards **Ring**" in words(at)


def test_a_surrogate_crafts_and_the_victim_judges(open_page: OpenPage) -> None:
    at = open_page("attack", attack_surrogate="scenes/vgg-standard", attack_beside="scenes/vgg-standard")
    assert sound(at)
    assert "crafted on scenes/vgg-standard" in words(at)


def test_a_photograph_has_no_right_answer_for_a_demo_model(open_page: OpenPage) -> None:
    at = open_page("attack", attack_from="photograph")
    assert not at.exception
    assert "no right answer" in " ".join(str(m.value) for m in at.markdown).lower() or "no right answer" in words(at)


def test_unknown_names_in_the_address_are_sentences(open_page: OpenPage) -> None:
    at = open_page("attack", attack_name="pdg", attack_eps="9000", attack_model="scenes/resnet-standart")
    assert not at.exception
    told = " ".join(str(w.value) for w in [*at.warning, *at.info])
    assert "pgd" in told
    assert "scenes/resnet-standard" in told


def test_a_long_sweep_waits_until_it_is_asked_for(open_page: OpenPage) -> None:
    at = open_page("attack", attack_name="Square Attack", attack_queries_square="260")
    assert "How much budget does it take?" not in {s.value for s in at.subheader}
    next(t for t in at.toggle if t.label.startswith("Attack with other budgets")).set_value(True).run()
    sound(at)
    assert "How much budget does it take?" in {s.value for s in at.subheader}
