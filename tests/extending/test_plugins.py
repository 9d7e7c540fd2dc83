"""Loading plug-ins: their digests, what fails, and the processes that load them too."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

import robustcore as rc
from robustcore import cli, extending, plugins
from robustcore.errors import JobError, UnknownNameError
from robustcore.evaluation import Condition, operations
from robustcore.evaluation.run.work import Work
from tests.extending.conftest import blocks

Write = Callable[..., Path]


def fingerprint() -> str:
    return operations.fingerprint(Condition.corruption("salt", 3))


def summary(limit: int = 8) -> object:
    table = rc.evaluate("stripes/gradients", "stripes", ["salt"], limit=limit, severities=[3])
    return table.attrs["summary"]


def test_an_edited_plugin_is_computed_again(write: Write, files: dict[str, Path]) -> None:
    plugins.load(files["dataset"], files["model"], files["corruption"])
    before = fingerprint()
    assert summary()["computed"] == 2
    assert summary() == {**summary(), "computed": 0}  # all of it is stored now
    files["corruption"].write_text(blocks()["corruption"].replace("0.04, 0.08", "0.05, 0.08"))
    plugins.refresh()
    assert fingerprint() != before
    assert rc.corruptions.get("salt").tables["imagenet"][2] == (0.05,)
    assert summary()["computed"] == 1
    files["corruption"].write_text(blocks()["corruption"].replace("hit, 1.0, x", "hit, 0.9, x"))
    plugins.refresh()
    assert summary()["computed"] == 1
    files["corruption"].write_text(blocks()["corruption"])
    plugins.refresh()
    assert fingerprint() == before
    assert summary()["computed"] == 0


@pytest.mark.parametrize("kind", ["dataset", "model", "attack", "sequence", "intervention"])
def test_an_edit_changes_the_fingerprint_of_every_kind(kind: str, files: dict[str, Path]) -> None:
    of = {
        "dataset": lambda: rc.load_dataset("stripes").fingerprint,
        "model": lambda: rc.load_model("stripes/gradients").fingerprint(),
        "attack": lambda: operations.fingerprint(Condition("attack", "random_search")),
        "sequence": lambda: operations.fingerprint(Condition("sequence", "dusk")),
        "intervention": lambda: str(rc.training.interventions.get("grey")().version),
    }[kind]
    plugins.load(files[kind])
    before = of()
    assert of() == before
    files[kind].write_text(blocks()[kind] + "\n# another line\n")
    plugins.refresh()
    assert of() != before


def test_the_neighbouring_files_that_it_imports_count(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    helper = write("salt_shares.py", "SHARES = [0.01, 0.02, 0.04, 0.08, 0.16]\n")
    other = write("unrelated.py", "X = 1\n")
    monkeypatch.syspath_prepend(str(helper.parent))
    code = "from salt_shares import SHARES\n" + blocks()["corruption"].replace(
        "[0.01, 0.02, 0.04, 0.08, 0.16]", "SHARES"
    )
    path = write("salty.py", code)
    assert extending.load(path) == []
    assert plugins.loaded()[-1].files == (helper, path)
    before = fingerprint()
    other.write_text("X = 2\n")
    plugins.refresh()
    assert fingerprint() == before
    helper.write_text("SHARES = [0.01, 0.02, 0.04, 0.08, 0.17]\n")
    plugins.refresh()
    assert fingerprint() != before


def test_a_package_is_all_of_its_files(write: Write) -> None:
    write("lab/parts/shares.py", "SHARES = [0.01, 0.02, 0.04, 0.08, 0.16]\n")
    write("lab/parts/__init__.py", "")
    code = "from .parts.shares import SHARES\n" + blocks()["corruption"].replace(
        "[0.01, 0.02, 0.04, 0.08, 0.16]", "SHARES"
    )
    package = write("lab/__init__.py", code).parent
    assert extending.load(package) == []
    assert len(plugins.loaded()[-1].files) == 3
    assert "salt" in rc.corruptions.names()


def test_a_module_and_an_entry_point(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    write("salt_module_one.py", blocks()["corruption"])
    folder = write("salt_module_two.py", blocks()["suite"]).parent
    monkeypatch.syspath_prepend(str(folder))
    point = metadata.EntryPoint("lab", "salt_module_two", plugins.GROUP)
    monkeypatch.setattr(plugins.metadata, "entry_points", lambda group: [point])
    plugins.load_all(["salt_module_one"])
    assert plugins.failures() == {}
    assert {"salt_module_one", "salt_module_two"} <= set(plugins.names())
    assert rc.corruptions.get("salt").plugin == plugins.versions()["salt_module_one"]


def test_one_that_fails_is_named_and_the_rest_goes_on(
    write: Write, files: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    half = write("half.py", blocks()["suite"] + "\nraise ZeroDivisionError('on purpose')\n")
    typo = write("typo.py", "def (:\n")
    leaves = write("leaves.py", "import sys\nsys.exit(3)\n")
    named = [word for path in (half, typo, leaves, "no.such.module", "/nowhere.py") for word in ("--plugin", str(path))]
    assert cli.main([*named, "--plugin", str(files["corruption"]), "list", "corruptions"]) == 0
    out, err = capsys.readouterr()
    assert "salt" in out
    problems = err.splitlines()
    assert len(problems) == 5
    assert (
        f"{half} could not be loaded, line {len(half.read_text().splitlines())}: ZeroDivisionError: on purpose." in err
    )
    assert "typo.py" in problems[1]
    assert "SyntaxError" in problems[1]
    assert "SystemExit" in problems[2]
    assert "ModuleNotFoundError" in problems[3]
    assert "no such file" in problems[4]
    assert "bad-weather" not in rc.corruptions.suites.names()  # nothing is left of one that fails half-way


def test_what_is_missing_names_the_plugin_that_failed(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    broken = write("broken.py", blocks()["corruption"].replace("import torch", "import torch_that_is_not_there"))
    code = cli.main(
        [
            "evaluate",
            "--model",
            "scenes/resnet-standard",
            "--dataset",
            "scenes",
            "--suite",
            "salt",
            "--plugin",
            str(broken),
        ]
    )
    assert code == 1
    last = capsys.readouterr().err.splitlines()[-1]
    assert "no suite or corruption named 'salt'" in last
    assert str(broken) in last
    assert "torch_that_is_not_there" in last


def test_a_name_that_is_taken_names_both_places(write: Write, files: dict[str, Path]) -> None:
    own = write("fog.py", blocks()["corruption"].replace("def salt", "def fog"))
    (problem,) = extending.load(own)
    assert "AssertionError" not in problem
    assert "robustcore.corruptions.weather" in problem
    assert f"{own}, line" in problem
    plugins.load(files["corruption"])
    (problem,) = extending.load(write("again.py", blocks()["corruption"]))
    assert str(files["corruption"]) in problem
    assert "again.py" in problem


@pytest.mark.parametrize(
    ("kind", "old", "new", "message"),
    [
        ("corruption", 'family="noise"', 'family="noize"', "Did you mean 'noise'"),
        ("corruption", "0.08, 0.16]", "0.08]", "five rows"),
        ("corruption", 'names=["share"]', 'names=["share"], suites=["imagenet_c"]', "suite of corruptions"),
        ("sequence", 'family="weather"', 'family="wether"', "Did you mean 'weather'"),
        ("page", '"lab_notes"', '"Lab notes"', "small letters"),
    ],
)
def test_a_mistake_is_answered_with_what_is_allowed(write: Write, kind: str, old: str, new: str, message: str) -> None:
    assert old in blocks()[kind]
    (problem,) = extending.load(write("mistaken.py", blocks()[kind].replace(old, new)))
    assert message in problem


def test_a_family_of_ones_own(write: Write) -> None:
    code = blocks()["corruption"].replace('family="noise"', 'family="salts"')
    code = code.replace(
        "@extending", 'extending.family("salts", title="Salts", description="White.")\n\n\n@extending', 1
    )
    assert extending.load(write("salts.py", code)) == []
    assert rc.corruptions.families.names()[-1] == "salts"
    assert rc.corruptions.families.title("salts") == "Salts"


def test_other_processes_get_the_same_ones(files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    plugins.load(files["dataset"], files["model"])
    model, dataset = rc.load_model("stripes/gradients"), rc.load_dataset("stripes")
    payload = Work({model.fingerprint(): model}, {}, dataset).to_bytes()
    plugins.unload(*files.values())
    work = Work.from_bytes(payload)  # as another process does, which has not loaded them yet
    assert work.dataset.fingerprint == dataset.fingerprint
    assert [m.fingerprint() for m in work.models.values()] == [model.fingerprint()]
    files["model"].write_text(files["model"].read_text() + "\n# edited\n")
    plugins.unload(*files.values())
    with pytest.raises(JobError, match="another version"):
        Work.from_bytes(payload)
    files["model"].unlink()
    plugins.unload(*files.values())
    with pytest.raises(JobError, match="lacks a plug-in"):
        Work.from_bytes(payload)


def test_they_are_remembered_for_processes_that_this_one_starts(files: dict[str, Path]) -> None:
    import os

    plugins.load(files["suite"])
    assert os.environ[plugins.VARIABLE] == str(files["suite"])
    plugins.unload(files["suite"])
    assert os.environ[plugins.VARIABLE] == ""
    with pytest.raises(UnknownNameError):
        rc.corruptions.suites.registry["bad-weather"]


def test_no_page_loads_one() -> None:
    """Only the server's start does, and that of its worker processes, with what the person who started it named."""
    folder = Path(__file__).parents[2] / "dashboard"
    loading = re.compile(r"plugins\.(load|load_all|require|refresh)\b|extending\.load")
    loaders = {p.relative_to(folder).as_posix() for p in folder.rglob("*.py") if loading.search(p.read_text())}
    assert loaders == {"server.py", "workers/worker.py"}


def test_in_package_fingerprints_have_no_digest() -> None:
    assert {rc.corruptions.get(name).plugin for name in rc.corruptions.names()} == {""}
    assert {rc.attacks.get(name).plugin for name in rc.attacks.names()} == {""}
    with pytest.raises(AssertionError, match="registered twice"):
        rc.datasets.registry.add("scenes", rc.datasets.get("scenes"))


_FRESH = """
import sys
from robustcore import plugins
broken, salt = sys.argv[1:]
assert len(plugins.load(broken, salt)) == 1
from robustcore import attacks, corruptions, datasets
from robustcore.training import interventions
own = [corruptions.get("fog"), datasets.get("scenes"), attacks.get("pgd"), interventions.get("augmix")]
print([each.plugin for each in own], plugins.needed_by(["fog", "scenes", "pgd"]), bool(corruptions.get("salt").plugin))
"""


def test_what_the_package_registers_is_its_own_where_a_plugin_is_the_first_to_import_it(
    write: Write, files: dict[str, Path]
) -> None:
    # In a process that has imported nothing yet, as at the start of every command: the first plug-in fails after its imports.
    broken = write("broken.py", "from robustcore import extending\nimport robustcore.training.interventions\n1 / 0\n")
    command = [sys.executable, "-c", _FRESH, str(broken), str(files["corruption"])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "['', '', '', ''] [] True\n"


def test_a_path_with_the_separator_is_refused(write: Write) -> None:
    path = write("a:b.py", blocks()["suite"])
    assert "':'" in extending.load(path)[0]
