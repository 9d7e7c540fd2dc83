"""Arguments as people write them: NumPy's numbers, 3.0 for 3, Series, one name for a list, and nothing but sentences for the
rest, in every public function."""

from __future__ import annotations

import contextlib
import fractions
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import torchvision
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import robustcore as rc
from robustcore import arguments, sequences
from robustcore.errors import DatasetError, InvalidArgumentError, RobustcoreError, UnknownNameError
from robustcore.evaluation import Condition, Store, Subject, lookup, suites
from robustcore.evaluation.operations import fingerprint
from robustcore.evaluation.request import EvaluationRequest
from robustcore.models import Card, Classifier
from robustcore.overlap import benchmarks, categories
from robustcore.reports.severity import audit, distances

WHOLE = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64]
REAL = [np.float16, np.float32, np.float64, np.longdouble]
CLASSES = ("ant", "bee", "cow")
IMAGES = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)

few = settings(max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


def as_written(number: int) -> list[Any]:
    """A whole number as people have it in their hands."""
    return [
        *(kind(number) for kind in (*WHOLE, *REAL)),
        float(number),
        np.array(number),
        np.array(float(number)),
        torch.tensor(number),
        torch.tensor(float(number), dtype=torch.bfloat16),
        pd.Series([number, None]).dropna().iloc[0],
        fractions.Fraction(number),
    ]


ANY_NUMBER = st.one_of(
    st.sampled_from([-1, 0, 1, 2, 3, 5]).flatmap(
        lambda n: st.sampled_from(as_written(n)) if n >= 0 else st.sampled_from([-1, -1.0, np.int8(-1), np.float32(-1)])
    ),
    st.sampled_from([0.5, np.float32(2.5), float("nan"), np.nan, float("inf"), -np.inf, 1e300, 2**63, 2**64, -(2**70)]),
)
NOTHING = st.sampled_from(
    [
        None,
        True,
        np.bool_(False),
        "",
        "three",
        "ant",
        b"fog",
        1j,
        np.complex64(1),
        Decimal(3),
        pd.NA,
        pd.NaT,
        np.datetime64("2024-01-01"),
        np.timedelta64(3, "s"),
        object(),
        Path("nowhere"),
        nn.Linear(2, 2),
        nn.Sequential(nn.Flatten(), nn.Linear(2, 2)),
        torch.empty(1, device="meta"),
        torch.empty((), device="meta"),
        torch.tensor([1j]),
        {"a": 1},
        {1, 2},
        range(2),
        lambda x: x,
    ]
)


def containers(items: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(items, max_size=4)
    return st.one_of(
        lists,
        lists.map(tuple),
        lists.map(lambda xs: np.array(xs, dtype=object)),
        lists.map(lambda xs: pd.Series(xs, index=range(5, 5 + len(xs)), dtype=object)),
        lists.map(lambda xs: pd.DataFrame({"x": xs}, dtype=object)),
        lists.map(iter),
    )


PLAIN = st.sampled_from([0, 1, 2, 3, 4.0, 0.5, "ant", "fog", None, True])
ANYTHING = st.one_of(
    ANY_NUMBER,
    NOTHING,
    containers(PLAIN),
    st.sampled_from([*WHOLE, *REAL, bool]).flatmap(
        lambda kind: st.integers(0, 4).map(lambda n: np.zeros(n, dtype=kind)),
    ),
    st.sampled_from([np.zeros((2, 2)), np.zeros((3, 1)), torch.zeros(3), torch.zeros(3, 3), pd.DataFrame({"a": [1]})]),
    st.sampled_from([torch.bfloat16, torch.bool, torch.uint8, torch.int32]).map(lambda d: torch.zeros(3, dtype=d)),
    st.sampled_from([pd.Series(["ant", "bee", "ant"], dtype="category"), pd.Series([1, None, 2], dtype="Int64")]),
)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 3)).eval()


@pytest.fixture(scope="module")
def classifier(network: nn.Module) -> Classifier:
    return Classifier(network, Card("small", CLASSES, 32, "none")).eval()


@pytest.fixture(scope="module")
def pixels() -> Tensor:
    return torch.from_numpy(IMAGES.transpose(0, 3, 1, 2).copy())


class TestNumbers:
    @pytest.mark.parametrize("value", as_written(3), ids=repr)
    def test_three_is_three(self, value: Any) -> None:
        assert arguments.integer(value) == 3
        assert type(arguments.integer(value)) is int

    @pytest.mark.parametrize("value", [True, np.bool_(True), "3", None, 3.5, np.float32(0.2), np.nan, np.inf, 3j])
    def test_what_is_no_whole_number(self, value: Any) -> None:
        assert arguments.integer(value) is None

    @pytest.mark.parametrize("value", as_written(3), ids=repr)
    def test_everywhere_as_with_an_int(self, value: Any, classifier: Classifier, pixels: Tensor) -> None:
        corrupted = rc.corrupt(IMAGES, "gaussian_noise", 3, seed=3)
        assert np.array_equal(rc.corrupt(IMAGES, "gaussian_noise", value, seed=value), corrupted)
        assert Condition("corruption", "fog", severity=value) == Condition("corruption", "fog", severity=3)
        made = sequences.frames(IMAGES[0], "gaussian_noise", side=32, difficulty=3, seed=3, id=3)
        assert np.array_equal(
            sequences.frames(IMAGES[0], "gaussian_noise", side=32, difficulty=value, seed=value, id=value), made
        )
        attacked = rc.attack(classifier, pixels, [0, 1, 2], "pgd", steps=3, seed=3, batch_size=3)
        again = rc.attack(classifier, pixels, [0, 1, 2], "pgd", steps=value, seed=value, batch_size=value)
        assert torch.equal(attacked.images, again.images)
        assert len(rc.load_dataset("scenes", limit=value)) == 3
        request = EvaluationRequest("m", "scenes", "fog", limit=value, seed=value, severities=value)  # type: ignore[arg-type]
        assert (request.limit, request.seed, request.severities) == (3, 3, (3,))
        assert request.to_json()

    @pytest.mark.parametrize("kind", [np.int64, np.uint8, np.float64])
    def test_a_card_s_side(self, kind: Any, network: nn.Module) -> None:
        plain = Classifier(network, Card("n", CLASSES, 64, "s"))
        assert Classifier(network, Card("n", CLASSES, kind(64), "s")).fingerprint() == plain.fingerprint()
        assert Card("n", np.array(CLASSES), kind(64), "s").to_json() == Card("n", CLASSES, 64, "s").to_json()  # type: ignore[arg-type]


class TestConditions:
    def test_one_condition(self) -> None:
        plain = Condition("sequence", "tilt")
        assert plain == Condition("sequence", "tilt", params=(("difficulty", 1),))
        assert plain == Condition("sequence", "tilt", params=(("difficulty", np.float32(1)),))
        two = Condition("sequence", "tilt", params=(("difficulty", 2),))
        assert two == Condition("sequence", "tilt", params=(("difficulty", 2.0),)) != plain
        assert two.canonical() == '{"kind":"sequence","name":"tilt","params":{"difficulty":2}}'
        steps = [Condition("attack", "pgd", params=(("steps", n),)) for n in (10, 10.0, np.uint16(10), np.array(10))]
        assert len({s.canonical() for s in steps}) == len({fingerprint(s) for s in steps}) == 1

    def test_what_is_stored_keeps_its_form(self) -> None:
        for text in (
            '{"kind":"attack","name":"fgsm","params":{"eps":1.0}}',
            '{"kind":"corruption","name":"fog","severity":3,"storage":"jpeg85"}',
            '{"kind":"corruption","name":"laugros_rotation","strength":0.1}',
            '{"kind":"shift","name":"scenes/sketch","params":{"clean":"scenes"}}',
        ):
            assert Condition.from_dict(json.loads(text)).canonical() == text

    def test_parameters_as_a_dictionary_of_numpy_numbers(self) -> None:
        condition = Condition("attack", "pgd", params={"eps": np.float64(0.5), "norm": np.str_("l2")})  # type: ignore[arg-type]
        assert condition == Condition("attack", "pgd", params=(("eps", 0.5), ("norm", "l2")))
        assert condition.to_dict()["params"] == {"eps": 0.5, "norm": "l2"}

    @pytest.mark.parametrize(
        "severities", [np.arange(1, 4), [1.0, 2.0, 3.0], pd.Series([3, 2, 1]), {1, 2, 3}, range(1, 4)]
    )
    def test_severities(self, severities: Any) -> None:
        assert suites.resolve("fog", severities) == suites.resolve("fog", [1, 2, 3])

    def test_one_severity_and_paths(self, tmp_path: Path) -> None:
        assert suites.resolve("fog", 3) == suites.resolve(["fog"], [3])
        file = tmp_path / "own.toml"
        file.write_text('[[condition]]\nname = "fog"\nseverity = 3\n')
        assert suites.resolve([file]) == suites.resolve(str(file)) == suites.resolve("fog", [3])


class TestArraysForEachImage:
    @pytest.mark.parametrize(
        "strengths",
        [np.full(3, 0.1), [0.1] * 3, pd.Series([0.1] * 3, index=[7, 8, 9]), torch.full((3,), 0.1, dtype=torch.float64)],
        ids=lambda value: type(value).__name__,
    )
    def test_strengths(self, strengths: Any) -> None:
        one = rc.corrupt(IMAGES, "laugros_rotation", strength=0.1)
        assert np.array_equal(rc.corrupt(IMAGES, "laugros_rotation", strength=strengths), one)

    @pytest.mark.parametrize(
        "ids",
        [
            np.array([4, 5, 6], np.uint16),
            pd.Series([4, 5, 6], index=[9, 8, 7]),
            pd.Series([1, 4, 5, 6])[1:],
            [4.0, 5.0, 6.0],
            torch.tensor([4, 5, 6], dtype=torch.int32),
            pd.Index([4, 5, 6]),
            (np.int8(4), 5, 6.0),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_ids(self, ids: Any, classifier: Classifier, pixels: Tensor) -> None:
        noisy = rc.corrupt(IMAGES, "gaussian_noise", 3, ids=[4, 5, 6])
        assert np.array_equal(rc.corrupt(IMAGES, "gaussian_noise", 3, ids=ids), noisy)
        one, other = (rc.attack(classifier, pixels, [0, 1, 2], "pgd", steps=1, ids=i) for i in ([4, 5, 6], ids))
        assert torch.equal(one.images, other.images)

    @pytest.mark.parametrize("ids", [[0.2, 0.7, 1], [True, False, True], [-1, 0, 1], [0, 1], [2**63, 0, 1], "abc"])
    def test_ids_that_are_none(self, ids: Any) -> None:
        with pytest.raises(InvalidArgumentError):
            rc.corrupt(IMAGES, "gaussian_noise", 3, ids=ids)

    @pytest.mark.parametrize(
        "labels",
        [
            pd.Series([0, 1, 2, 2], index=[5, 6, 7, 8])[:3],
            pd.DataFrame({"y": [0, 1, 2]}),
            [0.0, 1.0, 2.0],
            list(CLASSES),
            np.array(CLASSES),
            pd.Series(CLASSES, dtype="category"),
            ["ant", 1, np.str_("cow")],
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_labels(self, labels: Any, classifier: Classifier, pixels: Tensor) -> None:
        one, other = (rc.attack(classifier, pixels, y, "fgsm") for y in ([0, 1, 2], labels))
        assert torch.equal(one.images, other.images)

    def test_names_need_a_card(self, network: nn.Module, classifier: Classifier, pixels: Tensor) -> None:
        with pytest.raises(InvalidArgumentError, match="Card"):
            rc.attack(network, pixels, list(CLASSES), "fgsm")
        with pytest.raises(UnknownNameError, match="'ant'"):
            rc.attack(classifier, pixels, ["ants", "bee", "cow"], "fgsm")

    @pytest.mark.parametrize("target", [np.int64(2), 2.0, "cow", [2, 2], pd.Series(["cow", "cow"], index=[3, 4])])
    def test_targets(self, target: Any, classifier: Classifier, pixels: Tensor) -> None:
        one, other = (rc.attack(classifier, pixels[:2], [0, 1], "pgd", steps=1, target=value) for value in (2, target))
        assert torch.equal(one.images, other.images)

    @pytest.mark.parametrize("eps", [np.float32(0.125), np.full(3, 0.125), pd.Series([0.125] * 3, index=[4, 5, 6])])
    def test_eps(self, eps: Any, classifier: Classifier, pixels: Tensor) -> None:
        one, other = (rc.attack(classifier, pixels, [0, 1, 2], "fgsm", eps=value) for value in (0.125, eps))
        assert torch.equal(one.images, other.images)


class TestModelsAndDatasets:
    @pytest.mark.parametrize(
        "model",
        [
            nn.Linear(2, 2),
            nn.Sequential(nn.Flatten(), nn.Linear(2, 2)),
            nn.DataParallel(nn.Linear(2, 2)),
            [nn.Linear(2, 2)],
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_a_network_alone_is_an_error_that_says_how_to_wrap_it(self, model: Any) -> None:
        with pytest.raises(InvalidArgumentError, match=r"Classifier\(network, .*Card\(name, classes, side, dataset\)"):
            rc.evaluate(model, "scenes", "clean")
        if not isinstance(model, list):
            with pytest.raises(InvalidArgumentError, match="Card"):
                rc.load_model(model)
            with pytest.raises(InvalidArgumentError, match="Card"):
                rc.evaluate("scenes/resnet-standard", "scenes", "clean", surrogates=model)

    @pytest.mark.parametrize("model", [None, lambda x: x, 3, [None], {"a": "scenes/resnet-standard"}, b"scenes"])
    def test_what_is_no_model(self, model: Any) -> None:
        with pytest.raises(InvalidArgumentError, match="A model is a catalogue's name, a path, a Classifier"):
            rc.evaluate(model, "scenes", "clean")

    def test_paths(self, tmp_path: Path) -> None:
        checkpoint = Path(rc.__file__).parent.parent / "assets/models/scenes/resnet-standard.safetensors"
        rows = [
            lookup(model, "scenes", "clean", limit=8, store=tmp_path / "none.sqlite")
            for model in (checkpoint, [checkpoint], str(checkpoint))
        ]
        assert [row["model"].tolist() for row in rows] == [[str(checkpoint)]] * 3
        assert rows[0]["accuracy"].iloc[0] == rows[2]["accuracy"].iloc[0] > 0.5

    def test_one_surrogate(self) -> None:
        names = ["scenes/vgg-standard"]
        one, several = (
            lookup("scenes/resnet-standard", "scenes", Condition("attack", "laugros/pgd"), limit=8, surrogates=s)
            for s in (names[0], names)
        )
        assert one["params"].tolist() == several["params"].tolist()
        assert len(one) == 3

    def test_a_dataset_of_torchvision(self, tmp_path: Path) -> None:
        for name in CLASSES:
            (tmp_path / name).mkdir()
            torchvision.utils.save_image(torch.zeros(3, 16, 16), tmp_path / name / "0.png")
        foreign = torchvision.datasets.ImageFolder(tmp_path)
        assert EvaluationRequest.of("m", foreign, "clean").dataset.classes == CLASSES  # type: ignore[union-attr]
        for value in (None, 3, ["scenes"]):
            with pytest.raises(InvalidArgumentError, match="A dataset is a name"):
                rc.evaluate("scenes/resnet-standard", value, "clean")  # type: ignore[arg-type]
        own = Subject("m", "0" * 64, CLASSES)
        for data in (tmp_path, foreign):
            assert lookup(own, data, "clean")["dataset"].tolist() == [tmp_path.name]
        with pytest.raises(DatasetError):
            lookup(own, tmp_path / "missing", "clean")

    def test_a_request_of_paths(self, tmp_path: Path) -> None:
        request = EvaluationRequest(tmp_path / "m.pth", tmp_path, ["fog", Path("own.toml")], surrogates="a")  # type: ignore[arg-type]
        assert request.models == (str(tmp_path / "m.pth"),)
        assert (request.dataset, request.conditions, request.surrogates) == (str(tmp_path), ("fog", "own.toml"), ("a",))
        assert EvaluationRequest.from_json(request.to_json()) == request


SUBJECT = Subject("m", "0" * 64, tuple(rc.load_dataset("scenes", limit=1).classes))
LABELS = {f"c{i}": 1 + i % 3 for i in range(9)}
TABLE = pd.DataFrame(
    [
        ("m", "d", "test", kind, name, s, 10, 0.5)
        for kind, name, s in (("clean", "clean", None), ("corruption", "fog", 1))
    ],
    columns=["model", "dataset", "split", "kind", "name", "severity", "n", "accuracy"],
)
MATRIX = pd.DataFrame(np.eye(6) + 0.1, index=list("abcdef"), columns=list("abcdef"))
TRAININGS = pd.DataFrame(
    np.linspace(0.2, 0.9, 9).reshape(3, 3), index=["standard", "fog", "snow"], columns=["clean", "fog", "snow"]
)

# function, its arguments, and those of them that are drawn.
CASES: dict[str, tuple[Callable[..., Any], dict[str, Any], str]] = {
    "corrupt": (
        rc.corrupt,
        {"images": IMAGES, "name": "fog", "severity": 1},
        "images name severity seed ids variant storage",
    ),
    "corrupt at a strength": (rc.corrupt, {"images": IMAGES, "name": "laugros_rotation"}, "strength ids"),
    "frames": (
        sequences.frames,
        {"image": IMAGES[0], "name": "gaussian_noise", "side": 32},
        "image name side variant difficulty seed id",
    ),
    "load_dataset": (rc.load_dataset, {"name": "scenes", "limit": 1}, "name split limit side"),
    "load_model": (rc.load_model, {"name": "scenes/resnet-standard"}, "name architecture"),
    "Condition": (Condition, {"kind": "attack", "name": "pgd"}, "kind name severity strength variant storage params"),
    "resolve": (suites.resolve, {"conditions": "fog"}, "conditions severities storage"),
    "EvaluationRequest": (
        EvaluationRequest,
        {"models": "m", "dataset": "scenes", "conditions": "fog"},
        "models dataset conditions limit seed severities surrogates devices",
    ),
    "lookup": (
        lookup,
        {"models": SUBJECT, "dataset": "scenes", "conditions": "clean", "limit": 1},
        "models dataset conditions limit seed severities storage split precision surrogates store",
    ),
    "Card": (Card, {"name": "n", "classes": CLASSES, "side": 32, "dataset": "s"}, "classes side"),
    "app": (rc.metrics.app, {"table": TABLE}, "table"),
    "residual": (rc.metrics.residual, {"table": TABLE}, "table"),
    "accuracy": (rc.metrics.accuracy, {"table": TABLE}, "table confidence"),
    "mean_over_severities": (rc.metrics.mean_over_severities, {"table": TABLE}, "table"),
    "corruption_error": (rc.metrics.corruption_error, {"table": TABLE}, "table reference severities"),
    "mean_corruption_error": (
        rc.metrics.mean_corruption_error,
        {"errors": rc.metrics.corruption_error(TABLE)},
        "errors names",
    ),
    "scores": (rc.overlap.scores, {"accuracy": TRAININGS}, "accuracy metric min_gain n"),
    "measure": (rc.overlap.measure, {"accuracy": TRAININGS, "n": 100, "draws": 3}, "accuracy draws seed confidence"),
    "mean_overlaps": (
        rc.overlap.mean_overlaps,
        {"overlap": rc.overlap.measure(TRAININGS, n=100, draws=3)},
        "overlap benchmark",
    ),
    "coverage": (
        rc.overlap.coverage,
        {"overlap": rc.overlap.measure(TRAININGS, n=100, draws=3), "benchmark": ["fog"]},
        "overlap benchmark corruptions margin",
    ),
    "draw": (benchmarks.draw, {"labels": LABELS, "n": 2, "k": 1, "count": 2}, "labels n k count seed"),
    "of_names": (benchmarks.of_names, {"benchmarks": [["c1", "c2"]], "labels": LABELS}, "benchmarks labels"),
    "substitute": (benchmarks.substitute, {"benchmarks": benchmarks.draw(LABELS, 2, 2, count=2)}, "times seed"),
    "kmeans": (categories.kmeans, {"overlap": MATRIX, "k": 2, "initialisations": 1}, "overlap k seed initialisations"),
    "hdbscan": (categories.hdbscan, {"overlap": MATRIX}, "overlap smallest"),
    "distances": (
        distances,
        {"dataset": rc.load_dataset("scenes", limit=1, side=32), "conditions": [Condition.corruption("fog", 1)]},
        "images seed",
    ),
    "audit": (
        audit,
        {
            "models": [SUBJECT],
            "dataset": "scenes",
            "suite": "fog",
            "far": pd.DataFrame(columns=["farther"]),
            "limit": 1,
        },
        "models dataset suite limit seed",
    ),
}
# Large numbers are allowed here, and take their time.
WITHOUT_END = ("steps", "draws", "count", "times", "initialisations")
PLACES = [(name, argument) for name, (_, _, drawn) in CASES.items() for argument in drawn.split()]


@pytest.mark.parametrize(("name", "argument"), PLACES, ids=map(" ".join, PLACES))
@settings(few, max_examples=8)
@given(value=ANYTHING)
def test_a_value_or_a_sentence(name: str, argument: str, value: Any) -> None:
    function, fixed, _ = CASES[name]
    if argument in WITHOUT_END and (arguments.integer(value) or 0) > 5:
        return
    with contextlib.suppress(RobustcoreError):
        function(**{**fixed, argument: value})


ATTACKED = "images labels eps norm goal target seed ids early_stop batch_size trace steps step_size random_start"


@pytest.mark.parametrize("argument", ATTACKED.split())
@settings(few, max_examples=8)
@given(value=ANYTHING)
def test_an_attack_or_a_sentence(argument: str, value: Any, classifier: Classifier, pixels: Tensor) -> None:
    if argument in WITHOUT_END and (arguments.integer(value) or 0) > 5:
        return
    fixed = {"images": pixels, "labels": [0, 1, 2], "name": "pgd", "steps": 1}
    with contextlib.suppress(RobustcoreError):
        rc.attack(classifier, **{**fixed, argument: value})


def test_a_store_is_a_path(tmp_path: Path) -> None:
    assert Store(str(tmp_path / "a.sqlite")).path == Store(tmp_path / "a.sqlite").path
    for value in (3, b"a", ["a"], tmp_path.open):
        with pytest.raises(InvalidArgumentError, match="A results file is given by its path"):
            Store(value)  # type: ignore[arg-type]
