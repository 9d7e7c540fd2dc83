"""The progress line: drawn over itself on a terminal, silent but for kept lines elsewhere."""

from __future__ import annotations

import io

import pytest

from robustcore.progress import Bar, clock, duration


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_sees_one_line_that_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    screen = Terminal()
    with Bar(screen) as bar:
        bar.update(1, 4, "a text that is much too long for the terminal that it is drawn on")
        bar.update(4, 4, "short")
    drawn = screen.getvalue()
    assert "\n" not in drawn
    parts = drawn.split("\r")
    assert max(len(part) for part in parts) == 59
    assert " 25%" in parts[1]
    assert "100%  short" in parts[2]
    assert parts[-2].strip() == ""  # wiped


def test_kept_lines_stand_clear_of_the_bar() -> None:
    screen = Terminal()
    with Bar(screen) as bar:
        bar.update(1, 2, "working")
        bar.line("epoch 1")
    assert screen.getvalue().split("\r")[-1] == "epoch 1\n"


def test_a_file_sees_only_kept_lines() -> None:
    file = io.StringIO()
    with Bar(file) as bar:
        bar.update(1, 2, "working")
        bar.line("epoch 1")
    assert file.getvalue() == "epoch 1\n"


def test_fast_updates_are_not_all_drawn() -> None:
    screen = Terminal()
    with Bar(screen) as bar:
        for done in range(1000):
            bar.update(done, 1001)
    assert screen.getvalue().count("%") < 50


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 seconds"),
        (0.2, "1 second"),
        (59.5, "1 minute"),
        (75, "1 minute and 15 seconds"),
        (3700, "1 hour and 1 minute"),
        (-3, "0 seconds"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_clocks_are_rounded_up() -> None:
    assert [clock(s) for s in (-1, 0.2, 75, 3700)] == ["00:00", "00:01", "01:15", "1:01:40"]
