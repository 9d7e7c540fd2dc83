"""Suites: built in and from files; what is open takes the severities that are asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from robustcore import corruptions
from robustcore.errors import InvalidArgumentError, UnknownNameError
from robustcore.evaluation import Condition, suites


def write(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def test_a_built_in_suite_has_clean_and_the_registry_s_corruptions_at_five_severities() -> None:
    conditions = suites.resolve("imagenet-c")
    assert conditions[0] == Condition.clean()
    assert {c.name for c in conditions[1:]} == set(corruptions.names("imagenet-c"))
    assert len(conditions) == 1 + 5 * len(corruptions.names("imagenet-c"))


def test_severities_are_chosen_by_argument() -> None:
    conditions = suites.resolve("imagenet-c", [5, 1, 1])
    assert {c.severity for c in conditions[1:]} == {1, 5}


def test_ranged_corruptions_draw_their_strength_unless_severities_are_asked_for() -> None:
    name = next(n for n in corruptions.names("laugros") if corruptions.get(n).ranged)
    assert suites.resolve(name)[1:] == [Condition.corruption(name, strength="uniform")]
    assert suites.resolve(name, [2])[1:] == [Condition.corruption(name, 2)]


def test_clean_is_always_there_and_nothing_is_there_twice() -> None:
    assert suites.resolve("clean") == [Condition.clean()]
    twice = suites.resolve([Condition.corruption("fog", 1), "fog", Condition.clean()])
    assert twice == [Condition.clean(), *(Condition.corruption("fog", s) for s in (1, 2, 3, 4, 5))]


def test_the_storage_applies_to_corruptions_that_name_none() -> None:
    conditions = suites.resolve(["fog"], [1], storage="jpeg85")
    assert [c.storage for c in conditions] == ["memory", "jpeg85"]


def test_a_file_has_rows_of_every_form(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
name = "mine"
description = "What I look at."

[[condition]]
suite = "imagenet-c-extra"
severities = [1, 5]

[[condition]]
name = "fog"
severity = 4
storage = "jpeg85"

[[condition]]
name = "snow"

[[condition]]
kind = "sequence"
name = "tilt"
params = { difficulty = 2 }
""",
    )
    suite = suites.load(path)
    assert (suite.name, suite.description) == ("mine", "What I look at.")
    conditions = suite.conditions([3])
    assert len(conditions) == 1 + 4 * 2 + 1 + 1 + 1
    assert Condition.corruption("fog", 4, storage="jpeg85") in conditions
    assert Condition.corruption("snow", 3) in conditions  # open: takes what was asked for
    assert Condition("sequence", "tilt", params=(("difficulty", 2),)) in conditions
    assert suites.resolve(str(path), [3]) == conditions


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[condition]\n", "is not valid toml: .*line 1"),
        ("title = 'x'\n[[condition]]\nname = 'fog'\n", "unknown key 'title'"),
        ("name = 'empty'\n", "no \\[\\[condition\\]\\] rows"),
        (
            "\n[[condition]]\nname = 'fog'\n\n[[condition]]\nname = 'fogg'\n",
            "condition 2, line 5: .*Did you mean 'fog'",
        ),
        ("[[condition]]\nname = 'fog'\nseverity = 6\n", "condition 1, line 1: .*not 6"),
        ("[[condition]]\nname = 'fog'\nlevel = 3\n", "no key 'level'"),
        ("[[condition]]\nname = 'fog'\nsuite = 'imagenet-c'\n", "a name or a suite"),
        ("[[condition]]\nseverity = 3\n", "a name or a suite"),
        ("[[condition]]\nname = 'fog'\nseverity = 3\nstrength = 0.5\n", "one of severity, severities and strength"),
        ("[[condition]]\nname = 'fog'\nstrength = 0.5\n", "no continuous strength"),
        ("[[condition]]\nname = 'fog'\nseverities = []\n", "severities is a list"),
        ("[[condition]]\nsuite = 'imagnet-c'\n", "Did you mean 'imagenet-c'"),
        ("[[condition]]\nkind = 'attak'\nname = 'pgd'\n", "kind is one of"),
    ],
)
def test_a_bad_file_is_answered_with_its_name_its_row_and_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InvalidArgumentError, match=sentence) as error:
        suites.load(path)
    assert "mine.toml" in str(error.value)


def test_a_missing_file_and_a_misspelt_suite_are_different_errors(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="cannot be read"):
        suites.load(tmp_path / "none.toml")
    with pytest.raises(UnknownNameError, match="Did you mean 'imagenet-c'"):
        suites.load("imagnet-c")
    with pytest.raises(UnknownNameError, match=r"suite or corruption.*Did you mean 'snow'"):
        suites.resolve("snov")


def test_bad_severities_and_storages_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="not 6"):
        suites.resolve("fog", [6])
    with pytest.raises(InvalidArgumentError, match="empty"):
        suites.resolve("fog", [])
    with pytest.raises(UnknownNameError, match="storage"):
        suites.resolve("fog", storage="png")
    with pytest.raises(InvalidArgumentError, match="not 3"):
        suites.resolve([3])  # type: ignore[list-item]


class TestKeeping:
    def test_what_is_written_is_read_back(self) -> None:
        rows = (
            Condition.corruption("fog"),
            Condition.corruption("snow", 3, storage="jpeg85"),
            Condition.corruption("laugros_rotation", strength="uniform"),
            Condition.corruption("laugros_rotation", strength=20.0),
            Condition("attack", "pgd", params=(("eps", 8 / 255), ("steps", 10))),
        )
        name = suites.keep(suites.Suite("of-all_kinds", 'Quotes " and\nlines, ü and \x7f', rows))
        assert name == "own/of-all_kinds"
        assert name in suites.names()
        again = suites.load(name)
        assert again.rows == rows
        assert again.description == 'Quotes " and\nlines, ü and \x7f'
        assert suites.resolve([name], [3]) == suites.resolve(list(rows), [3])

    @pytest.mark.parametrize("name", ["", "../above", "a/b", ".hidden", "a b", "x" * 81])
    def test_a_name_that_is_none_of_a_file_is_refused(self, name: str) -> None:
        with pytest.raises(InvalidArgumentError, match="letters, digits"):
            suites.keep(suites.Suite(name, "", (Condition.corruption("fog"),)))
        assert not suites.own()

    def test_only_kept_suites_have_names(self) -> None:
        with pytest.raises(UnknownNameError):
            suites.load("own/../secret")
