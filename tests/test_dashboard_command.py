"""`robustcore dashboard`: it refuses a place where it cannot listen with one sentence, and becomes the server otherwise."""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

import pytest

from robustcore import cli


@pytest.fixture
def replaced(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that the process would have been replaced by."""
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda _path, command: seen.append(command))
    return seen


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_says_the_address_and_becomes_the_server(replaced: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    assert cli.main(["dashboard", "--port", str(port)]) in (0, None)
    assert replaced == [[sys.executable, "-m", "dashboard.server", "--address", "127.0.0.1", "--port", str(port)]]
    out = capsys.readouterr().out
    assert f"http://127.0.0.1:{port}" in out
    assert "beyond this machine" not in out


def test_a_busy_port_is_one_sentence(replaced: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert cli.main(["dashboard", "--port", str(port)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"robustcore: Port {port} on 127.0.0.1 is in use already.")
    assert error.count("\n") == 1
    assert replaced == []


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--port", "0"], "A port is an integer from 1 to 65535, not 0."),
        (["--port", "70000"], "A port is an integer from 1 to 65535, not 70000."),
        (["--address", "no.such.host.invalid"], "The dashboard cannot listen on no.such.host.invalid"),
    ],
)
def test_an_impossible_place_is_one_sentence(
    flags: list[str], sentence: str, replaced: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["dashboard", *flags]) == 1
    assert capsys.readouterr().err.startswith(f"robustcore: {sentence}")
    assert replaced == []


def test_read_only_and_cache_travel_in_the_environment(
    replaced: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.delenv("ROBUSTCORE_READ_ONLY", raising=False)
    cli.main(["dashboard", "--port", str(free_port()), "--read-only", "--cache", str(tmp_path)])
    assert os.environ.pop("ROBUSTCORE_READ_ONLY") == "1"
    assert os.environ["ROBUSTCORE_CACHE"] == str(tmp_path)
    assert len(replaced) == 1


def test_data_roots_travel_in_the_environment_as_absolute_paths(
    replaced: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("ROBUSTCORE_DATA_ROOTS", "/elsewhere")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a").mkdir()
    cli.main(["dashboard", "--port", str(free_port()), "--data-root", "a", "--data-root", str(tmp_path)])
    assert os.environ["ROBUSTCORE_DATA_ROOTS"] == f"{tmp_path}/a{os.pathsep}{tmp_path}"
    assert len(replaced) == 1


def test_a_data_root_that_is_not_there_is_one_sentence(
    replaced: list[list[str]], capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    assert cli.main(["dashboard", "--port", str(free_port()), "--data-root", str(tmp_path / "none")]) == 1
    assert "none is no folder" in capsys.readouterr().err
    assert replaced == []


def test_names_of_a_proxy_reach_the_server(replaced: list[list[str]]) -> None:
    flags = ["--host-name", "Robust.example.org", "--host-name", "*.lab.example.org"]
    assert cli.main(["dashboard", "--port", str(free_port()), *flags]) in (0, None)
    assert replaced[0][-4:] == ["--host-name", "robust.example.org", "--host-name", "*.lab.example.org"]


@pytest.mark.parametrize("name", ["https://robust.example.org/", "robust.example.org:443", "", "a b", "*", "<b>"])
def test_what_is_no_host_name_is_one_sentence(
    name: str, replaced: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["dashboard", "--port", str(free_port()), "--host-name", name]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert ("--host-name robust.example.org" in error) == ("robust" in name)
    assert replaced == []
