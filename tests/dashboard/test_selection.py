"""What stands in an address: used where it can be, else one sentence and the default."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import pages
from tests.dashboard.conftest import OpenPage, sound

ODD_NUMBERS = ["NaN", "inf", "1e999", "-1", "2.5", "", "9" * 6000, "٣", "a\0b", "<b>3</b>", ["1", "2"]]
NONSENSE = ["bogus", "1e999", "NaN", "-1", "", "9" * 6000, "a\0b", "<b>*x* [a](b) $x$</b>", ["bogus", "inf"]]


def _numbers() -> None:
    import streamlit as st

    from dashboard.session import selection

    selection.begin()
    for key in (f"seed_{place:02}" for place in range(12)):
        selection.number("Seed", 0, 99, key=key, default=7, kind="seed")
    st.json(selection.notices())


def _sliders() -> None:
    import streamlit as st

    from dashboard.session import selection

    selection.begin()
    st.write(selection.slider("Severity", 1, 5, key="seed", default=3, kind="severity"))
    st.write(selection.fraction("Strength", -1.0, 1.0, 0.25, key="strength", default=0.5, kind="strength"))
    st.json(selection.notices())


def _choices() -> None:
    import streamlit as st

    from dashboard.session import selection

    selection.begin()
    radii = [0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0, 64.0]
    st.write(
        selection.selectbox("eps", radii, key="eps", kind="eps", default=8.0, text=lambda value: f"{value:g}/255"),
        selection.toggle("Every one", key="every"),
    )
    st.json(selection.notices())


def _sets() -> None:
    import streamlit as st

    from dashboard.session import selection

    selection.begin()
    offered = ["noise", "shapes"] if st.toggle("With shapes", True, key="with") else ["noise"]
    st.write(selection.multiselect("Sets", offered, key="sets", kind="set", default=offered[:1], text=str.title))
    st.json(selection.notices())


def _run(script: Callable[[], None], **address: Any) -> tuple[AppTest, list[str]]:
    at = AppTest.from_function(script)
    for key, value in address.items():
        at.query_params[key] = value
    at.run()
    assert not at.exception, at.exception[0].message
    notices: list[str] = json.loads(at.json[-1].value)
    return at, notices


def test_an_odd_number_is_a_sentence_and_the_default() -> None:
    odd = {f"seed_{place:02}": value for place, value in enumerate(ODD_NUMBERS)}
    at, notices = _run(_numbers, **odd, seed_11="42")
    shown = {each.key: each.value for each in at.number_input}
    assert shown.pop("seed_11") == 42
    assert set(shown.values()) == {7}
    assert len(notices) == len(ODD_NUMBERS)
    assert max(map(len, notices)) < 300


@pytest.mark.parametrize("value", ["inf", "7", "x"])
def test_sliders_take_no_odd_number_either(value: str) -> None:
    at, notices = _run(_sliders, seed=value, strength=value)
    assert [slider.value for slider in at.slider] == [3, 0.5]
    assert len(notices) == 2
    at, notices = _run(_sliders, seed="4", strength="-0.75")
    assert ([slider.value for slider in at.slider], notices) == ([4, -0.75], [])


@pytest.mark.parametrize("value", ["12", "12.0", "12/255"])
def test_a_number_among_options_is_found_by_its_value(value: str) -> None:
    at, notices = _run(_choices, eps=value)
    assert (at.selectbox(key="eps").value, notices) == (12.0, [])


@pytest.mark.parametrize("value", ["NaN", "1e999", "7"])
def test_an_odd_number_among_options_is_told_their_range_and_not_the_nearest_spelling(value: str) -> None:
    at, notices = _run(_choices, eps=value)
    assert at.selectbox(key="eps").value == 8.0
    (sentence,) = notices
    assert repr(value) in sentence
    assert "0.25/255 to 64/255" in sentence
    assert "8/255" in sentence.removesuffix(".").split()[-1]


def test_a_switch_is_on_or_off() -> None:
    at, notices = _run(_choices, every="maybe")
    assert not at.toggle(key="every").value
    assert "'maybe'" in notices[0]
    at, notices = _run(_choices, every="true")
    assert (at.toggle(key="every").value, notices) == (True, [])


def test_options_that_are_no_longer_offered_give_way_to_the_default() -> None:
    at, notices = _run(_sets, sets="shapes")
    assert (at.multiselect(key="sets").value, notices) == (["shapes"], [])
    at.toggle(key="with").set_value(False).run()
    assert not at.exception
    assert at.multiselect(key="sets").value == ["noise"]


def test_unknown_options_are_told_those_that_the_widget_shows() -> None:
    _, notices = _run(_sets, sets=["shapes", "bogus"])
    (sentence,) = notices
    assert "'bogus'" in sentence
    assert "Noise, Shapes" in sentence


def test_an_attack_of_an_odd_budget_is_a_sentence(open_page: OpenPage) -> None:
    at = open_page("attack", attack_eps="NaN", attack_seed="1e999", attack_number="-1")
    assert sound(at)
    assert len(at.warning) == 3
    assert at.selectbox(key="attack_eps").value == 8.0


def test_a_set_that_a_split_does_not_have_is_a_sentence(open_page: OpenPage) -> None:
    at = open_page(
        "detection", detection_split="train", detection_unknown_scenes="scenes/unknown", detection_limit_scenes="48"
    )
    assert sound(at)
    assert any("scenes/unknown" in warning.value for warning in at.warning)


@pytest.mark.slow
@pytest.mark.parametrize("name", [view.name for view in pages.views()])
def test_nonsense_in_every_place_of_an_address_fails_no_page(
    name: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamlit.runtime.state.query_params import QueryParams

    bound: set[str] = set()
    bind = QueryParams.bind_widget

    def recorded(self: QueryParams, param_key: str, *arguments: Any, **keywords: Any) -> None:
        bound.add(param_key)
        bind(self, param_key, *arguments, **keywords)

    monkeypatch.setattr(QueryParams, "bind_widget", recorded)
    assert sound(open_page(name))
    assert bound
    for value in NONSENSE:
        at = open_page(name, **dict.fromkeys(sorted(bound), value))
        assert not at.exception
        assert not [error for error in at.error if "internal" in error.value]
