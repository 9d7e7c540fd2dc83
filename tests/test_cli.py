"""Exit statuses and messages: 0 success, 1 an error in one sentence, 2 a usage error, never a traceback unasked."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from robustcore import cli
from robustcore.commands import _arguments
from robustcore.errors import DatasetError, InvalidArgumentError


def run_with(monkeypatch: pytest.MonkeyPatch, action: object, *argv: str) -> int:
    """Run the command line with one command, `do`, that calls `action(args)`."""
    module = SimpleNamespace(NAME="do", HELP="does it", configure=lambda parser: None, run=action)
    monkeypatch.setattr(cli, "commands", lambda: [module])
    return cli.main(["do", *argv])


def test_success_is_0(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_with(monkeypatch, lambda args: None) == 0
    assert run_with(monkeypatch, lambda args: 1) == 1


def test_our_errors_are_one_sentence_and_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(args: argparse.Namespace) -> int:
        raise DatasetError("The folder x has no images.")

    assert run_with(monkeypatch, fail) == 1
    assert capsys.readouterr() == ("", "robustcore: The folder x has no images.\n")


def test_a_mistake_of_ours_is_no_traceback_either_unless_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(args: argparse.Namespace) -> int:
        return 1 // 0

    assert run_with(monkeypatch, fail) == 1
    assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(ZeroDivisionError):
        run_with(monkeypatch, fail, "--debug")


def test_an_interruption_says_that_nothing_is_lost(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    assert run_with(monkeypatch, interrupt) == 130
    assert "kept" in capsys.readouterr().err


def test_the_cache_is_chosen_before_or_after_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen = []
    run_with(monkeypatch, lambda args: seen.append(os.environ["ROBUSTCORE_CACHE"]), "--cache", str(tmp_path / "a"))
    assert seen == [str(tmp_path / "a")]


@pytest.mark.parametrize("argv", [[], ["no-such-command"], ["do", "--no-such-flag"]])
def test_usage_errors_are_2(monkeypatch: pytest.MonkeyPatch, argv: list[str]) -> None:
    module = SimpleNamespace(NAME="do", HELP="does it", configure=lambda parser: None, run=lambda args: 0)
    monkeypatch.setattr(cli, "commands", lambda: [module])
    with pytest.raises(SystemExit) as end:
        cli.main(argv)
    assert end.value.code == 2


def test_every_command_is_complete() -> None:
    for module in cli.commands():
        assert module.__name__.rsplit(".", 1)[-1] == module.NAME
        assert module.HELP
        assert callable(module.configure)
        assert callable(module.run)


@pytest.mark.parametrize(
    "argv", [["models", "list"], ["datasets", "list"], ["results", "ls"], ["severity", "audit"], ["list", "metrics"]]
)
def test_the_flags_of_every_command_may_stand_at_the_very_end(argv: list[str], tmp_path: Path) -> None:
    args = cli.build_parser().parse_args([*argv, "--debug", "--cache", str(tmp_path), "--plugin", "mine"])
    assert (args.debug, args.cache, args.plugin) == (True, str(tmp_path), ["mine"])


def test_a_result_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="No such file or directory"):
        _arguments.write(tmp_path / "nowhere" / "x.html", "text")
    _arguments.write(tmp_path / "x.html", "text")
    assert (tmp_path / "x.html").read_text() == "text"
