"""The commands evaluate, list, jobs and results, as a person at a shell meets them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from robustcore import cli, metrics
from robustcore.commands.evaluate import readable
from robustcore.evaluation import Store
from robustcore.models import checkpoints, load_model
from robustcore.models.architectures import architecture
from robustcore.models.classifier import Card

Output = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint with random weights."""
    from robustcore.datasets.scenes import Scenes

    card = Card("scenes/untrained", Scenes.classes, 64, "scenes", architecture="scenes/resnet")
    path = tmp_path_factory.mktemp("models") / "untrained.safetensors"
    return str(checkpoints.save(architecture("scenes/resnet").build(card, seed=0), path))


def run(*argv: str) -> int:
    return cli.main(["evaluate", *argv])


def test_an_evaluation_from_start_to_csv_and_again_from_the_store(model: str, tmp_path: Path, capsys: Output) -> None:
    args = ("--model", model, "--suite", "fog", "--severity", "1", "--severity", "5", "--limit", "20")
    assert run(*args) == 0
    out, err = capsys.readouterr()
    assert "clean accuracy" in out
    assert "3 units computed, 0 stored before" in err
    assert run(*args, "--format", "csv", "--output", str(tmp_path / "out.csv")) == 0
    assert "0 units computed, 3 stored before" in capsys.readouterr().err
    table = pd.read_csv(tmp_path / "out.csv")
    assert table["name"].tolist() == ["clean", "fog", "fog"]
    assert table["n"].tolist() == [20, 20, 20]
    assert run(*args, "--format", "parquet", "--output", str(tmp_path / "out.parquet")) == 0
    assert len(pd.read_parquet(tmp_path / "out.parquet")) == 3

    capsys.readouterr()
    assert cli.main(["jobs"]) == 0
    assert capsys.readouterr().out.count("finished") == 3
    assert cli.main(["jobs", "show", "1"]) == 0
    assert "fog, severity 5" in capsys.readouterr().out
    assert cli.main(["results"]) == 0
    assert "untrained" in capsys.readouterr().out
    assert cli.main(["results", "show", "--condition", "fog"]) == 0
    shown = capsys.readouterr().out
    assert "torch" in shown
    assert "units in" in shown
    assert cli.main(["results", "verify"]) == 0
    assert "3 units checked, 0 damaged." in capsys.readouterr().out
    exporting = ["results", "export", str(tmp_path / "all.csv"), "--predictions", "--model", table["model"][0]]
    assert cli.main(exporting) == 0
    assert len(pd.read_csv(tmp_path / "all.csv")) == 60


def test_a_repeated_suite_is_added_to_the_first(model: str, capsys: Output) -> None:
    args = ("--model", model, "--severity", "1", "--limit", "4", "--format", "csv")
    assert run(*args, "--suite", "fog", "snow", "--suite", "frost") == 0
    assert {line.split(",")[4] for line in capsys.readouterr().out.splitlines()[1:]} == {
        "clean",
        "fog",
        "snow",
        "frost",
    }


def test_metrics_are_added_to_the_result(model: str, tmp_path: Path, capsys: Output) -> None:
    args = ["--model", model, "--suite", "fog", "--severity", "1", "5", "--limit", "12", "--reference", model]
    args += [word for name in ("app", "ce", "consistency") for word in ("--metric", name)]
    assert run(*args, "--format", "csv", "--output", str(tmp_path / "out.csv")) == 0
    table = pd.read_csv(tmp_path / "out.csv")
    clean, fog = table[table["kind"] == "clean"].iloc[0], table[table["kind"] == "corruption"]
    assert fog["app"].tolist() == pytest.approx((fog["accuracy"] / clean["accuracy"]).tolist(), nan_ok=True)
    assert fog["ce"].tolist() == pytest.approx([100, 100])
    assert pd.isna(clean["ce"])
    assert clean["consistency"] == 1
    assert fog["consistency"].between(0, 1).all()
    capsys.readouterr()
    assert run(*args) == 0
    *_, heading, row = capsys.readouterr().out.rstrip().splitlines()
    assert heading.split() == ["app", "ce", "consistency"]
    assert row.split()[:1] == ["fog"]


def test_metrics_of_single_images_from_outside_are_computed(model: str, tmp_path: Path) -> None:
    with metrics.registry.restored():

        @metrics.metric(
            "overconfidence",
            title="Overconfidence",
            formula="mean confidence - accuracy",
            better="lower",
            unit="points",
            input="confidences",
        )
        def overconfidence(confidence: Any, right: Any) -> Any:
            return confidence.mean() - right.mean()

        suite = tmp_path / "unknown.toml"
        suite.write_text('[[condition]]\nkind = "shift"\nname = "scenes/unknown"\nparams = { clean = "scenes" }\n')
        args = ["--model", model, "--suite", "fog", str(suite), "--severity", "5", "--limit", "12"]
        args += ["--format", "csv"]
        args += ["--metric", "overconfidence", "--metric", "auroc", "--output", str(tmp_path / "out.csv")]
        assert run(*args) == 0
    rows = pd.read_csv(tmp_path / "out.csv").set_index("name")
    expected = rows["confidence"] - rows["accuracy"]
    assert rows["overconfidence"].to_dict() == pytest.approx(expected.to_dict(), abs=1e-6, nan_ok=True)
    assert rows.index[rows["overconfidence"].isna()].tolist() == ["scenes/unknown"]
    assert rows.index[rows["auroc"].notna()].tolist() == ["scenes/unknown"]
    assert rows["auroc"].dropna().between(0, 1).all()
    assert rows["auroc_reason"].notna().tolist() == (rows.index != "scenes/unknown").tolist()


@pytest.mark.parametrize(
    ("argv", "status", "sentence"),
    [
        (["--metric", "ap"], 1, "Did you mean 'app'"),
        (["--metric", "ce"], 1, "ce needs a reference"),
        (["--metric", "ce", "--reference", "alexnet"], 1, "12 classes at 64 pixels"),
        (["--metric", "auroc"], 1, "none of these conditions has some"),
        (["--metric", "app", "--detach"], 2, "leave out --detach"),
        (["--limit", "0"], 2, "'0' is not a whole number, 1 or more"),
        (["--limit", "many"], 2, "'many' is not a whole number"),
        (["--severity", "0"], 2, "invalid choice: 0"),
        (["--severity", "6"], 2, "invalid choice: 6"),
        (["--format", "parquet"], 2, "needs --output FILE"),
        (["--suite", "imagnet-c"], 1, "Did you mean 'imagenet-c'"),
        (["--suite", "zzzqq"], 1, "Known: imagenet-c, "),
        (["--dataset", "scens"], 1, "Did you mean 'scenes'"),
        (["--device", "cuda:77"], 1, "cuda:77 does not exist"),
        (["--model", "torchvision/resnet500"], 1, "Did you mean 'torchvision/resnet50'"),
    ],
)
def test_bad_input_is_one_sentence(model: str, capsys: Output, argv: list[str], status: int, sentence: str) -> None:
    try:
        result = run("--model", model, "--limit", "5", *argv)
    except SystemExit as left:
        result = int(str(left.code))
    out, err = capsys.readouterr()
    assert result == status
    assert sentence in err
    assert "Traceback" not in err
    assert out == ""


def test_a_cache_that_cannot_be_written_and_a_file_that_is_no_database(
    model: str, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROBUSTCORE_CACHE", str(tmp_path))  # restored, since --cache sets it for good
    (tmp_path / "file").write_text("")
    assert run("--model", model, "--cache", str(tmp_path / "file" / "cache")) == 1
    assert "ROBUSTCORE_CACHE" in capsys.readouterr().err
    results = tmp_path / "cache" / "results"
    results.mkdir(parents=True)
    (results / "results.sqlite").write_text("no database " * 100)
    assert run("--model", model, "--limit", "5", "--suite", "clean", "--cache", str(tmp_path / "cache")) == 1
    err = capsys.readouterr().err
    assert "not SQLite" in err
    assert err.count("\n") == 1


def test_interrupting_keeps_what_is_finished(model: str, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    save = Store.save
    saved = []

    def interrupted(self: Store, *arguments: Any) -> int:
        saved.append(save(self, *arguments))
        if len(saved) == 2:
            raise KeyboardInterrupt
        return saved[-1]

    with monkeypatch.context() as patch:
        patch.setattr(Store, "save", interrupted)
        assert run("--model", model, "--suite", "fog", "--limit", "20") == 130
    assert "What was finished is kept" in capsys.readouterr().err
    assert cli.main(["jobs"]) == 0
    assert "cancelled" in capsys.readouterr().out
    assert run("--model", model, "--suite", "fog", "--limit", "20") == 0
    assert "4 units computed, 2 stored before" in capsys.readouterr().err


@pytest.mark.parametrize(
    "kind", ["corruptions", "attacks", "models", "datasets", "defences", "interventions", "sequences", "suites"]
)
def test_every_kind_is_listed(kind: str, capsys: Output) -> None:
    assert cli.main(["list", kind]) == 0
    assert capsys.readouterr().out.strip()


def test_an_unknown_kind_is_a_usage_error(capsys: Output) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(["list", "corruption"])
    assert "corruptions" in capsys.readouterr().err


def test_unknown_jobs_and_results_are_one_sentence(capsys: Output) -> None:
    for argv, sentence in (
        (["jobs", "show", "7"], "There is no job 7"),
        (["jobs", "cancel", "7"], "There is no job 7"),
        (["results", "show", "--model", "x"], "no stored model named 'x'"),
        (["results", "merge", os.devnull], "no results file"),
    ):
        assert cli.main(argv) == 1
        assert sentence in capsys.readouterr().err


def test_the_readable_table_by_hand() -> None:
    rows = [("clean", "clean", None, 0.9), ("corruption", "fog", 1, 0.8), ("corruption", "fog", 3, 0.5)]
    table = pd.DataFrame(rows, columns=["kind", "name", "severity", "accuracy"]).assign(
        model="m",
        dataset="d",
        split="test",
        n=10,
        strength=pd.array([pd.NA] * 3, dtype="string"),
        storage="memory",
        params="",
    )
    text = readable(table.astype({"severity": "Int64"}))
    assert text.splitlines()[0] == "m on d (test, 10 images): clean accuracy 90.0%"
    assert text.split()[-4:] == ["fog", "80.0", "50.0", "65.0"]


def test_the_readable_table_names_settings_and_not_what_a_shift_is_of() -> None:
    common = {
        "model": "m",
        "dataset": "d",
        "split": "test",
        "n": 10,
        "severity": None,
        "strength": None,
        "storage": "memory",
    }
    rows = [("clean", "clean", "", 0.9), ("attack", "pgd", '{"eps": 0.04, "steps": 10}', 0.1)]
    rows.append(("shift", "imagenet-r", '{"clean": "imagenet"}', 0.4))
    table = pd.DataFrame([{**common, "kind": k, "name": n, "params": p, "accuracy": a} for k, n, p, a in rows])
    text = readable(table.astype({"severity": "Int64", "strength": "string"}))
    assert [line.split("  ")[0] for line in text.splitlines()[2:]] == [
        "pgd (eps: 10.2/255, steps: 10) 10.0",
        "imagenet-r",
    ]


def test_a_detached_evaluation_is_queued(model: str, capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    from robustcore.evaluation.jobs import jobs, queue

    monkeypatch.setattr(jobs, "ensure_worker", lambda: None)
    assert run("--model", model, "--suite", "fog", "--detach", "--priority", "3") == 0
    assert "Job 1 is queued" in capsys.readouterr().out
    with queue.reading() as connection:
        assert connection is not None
        row = connection.execute("SELECT state, priority, request FROM jobs").fetchone()
    assert tuple(row[:2]) == ("queued", 3)
    assert json.loads(row[2])["models"] == [model]


def test_attacks_on_surrogates_alone(capsys: Output, tmp_path: Path) -> None:
    flags = ("--model", "scenes/resnet-standard", "--suite", "fgsm", "--limit", "4", "--only-surrogate")
    assert run(*flags) == 1  # of which?
    assert "surrogate" in capsys.readouterr().err
    surrogate = ("--surrogate", "scenes/resnet-augmix")
    assert run(*flags, *surrogate, "--format", "csv", "--output", str(tmp_path / "t.csv")) == 0
    table = pd.read_csv(tmp_path / "t.csv")
    attacks = table[table["kind"] == "attack"]
    assert load_model("scenes/resnet-augmix").fingerprint() in attacks["params"].item()


def test_unknown_images_have_detection_metrics_and_nothing_is_said_of_answers(model: str, capsys: Output) -> None:
    assert run("--model", model, "--suite", "unknown", "fog", "--severity", "1", "--limit", "4") == 0
    out = capsys.readouterr().out
    assert "auroc" in out
    assert "fpr95" in out
    assert "consistency" not in out
    assert "confidence_change" not in out
    assert "fog" in out.split("auroc")[0]
    assert "gaussian" not in out.split("auroc")[0]


def test_attacks_for_the_nearest_image_have_the_median_change_and_radii_are_fractions(
    model: str, tmp_path: Path, capsys: Output
) -> None:
    suite = tmp_path / "attacks.toml"
    rows = ('name = "fmn"\nparams = { steps = 2 }', 'name = "fgsm"\nparams = { eps = 0.00784313725490196 }')
    suite.write_text("\n".join(f'[[condition]]\nkind = "attack"\n{row}' for row in rows))
    assert run("--model", model, "--suite", str(suite), "--limit", "2") == 0
    out = capsys.readouterr().out
    assert "fgsm (eps: 2/255)" in out
    assert "median_change" in out
    assert "fgsm" not in out.split("median_change")[1]


def test_unknown_images_have_no_consistency_and_no_change_of_confidence(model: str, tmp_path: Path) -> None:
    names = ("consistency", "confidence_change")
    words = [word for name in names for word in ("--metric", name)]
    out = tmp_path / "out.csv"
    flags = ("--severity", "1", "--limit", "4", "--format", "csv", "--output", str(out))
    assert run("--model", model, "--suite", "unknown", "fog", *words, *flags) == 0
    table = pd.read_csv(out)
    for name in names:
        assert table.loc[table["kind"] == "unknown", name].isna().all()
        assert table.loc[table["kind"] == "unknown", f"{name}_reason"].str.contains("not the clean").all()
        assert table.loc[table["kind"] == "corruption", name].notna().all()
