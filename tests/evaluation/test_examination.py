"""Results belong to a network that answers the probe images as the one that is loaded; what was odd of it stays with them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore import evaluation, notes
from robustcore.errors import StoreError
from robustcore.evaluation import Store, api, examination, tables
from robustcore.models import Classifier
from robustcore.notes import RobustcoreWarning
from robustcore.reports.provenance import Provenance

Make = Callable[..., Any]


class Softmax(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        means = x.mean((2, 3)) * self.weight
        return means.softmax(1)


def test_answers_are_kept_with_the_first_results(make_dataset: Make, make_model: Make, tmp_path: Path) -> None:
    model, path = make_model(), tmp_path / "r.sqlite"
    rc.evaluate(model, make_dataset(10), "clean", store=path)
    ((where, answers, message),) = Store(path, shipped=False).probes(model.fingerprint())
    assert (where, answers.shape, message) == (path, (8, len(model.card.classes)), ())


def test_results_of_a_network_that_answers_otherwise_are_not_taken(
    make_dataset: Make, make_model: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second lock: two networks that share a fingerprint share no results."""
    path, dataset = tmp_path / "r.sqlite", make_dataset(10)
    rc.evaluate(make_model(), dataset, "clean", store=path)
    other = make_model("other", shift=0.2)
    same = make_model().fingerprint()
    monkeypatch.setattr(Classifier, "fingerprint", lambda self: same)
    examination.forget()
    for ask in (rc.evaluate, evaluation.lookup):
        with pytest.raises(StoreError, match="answers otherwise"):
            ask(other, dataset, "clean", store=path)


def test_a_network_that_draws_at_random_is_evaluated_again_and_said_to(
    make_dataset: Make, make_model: Make, tmp_path: Path
) -> None:
    class Noisy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.mean((2, 3)) + 0.3 * torch.randn(len(x), 3)

    model, dataset, path = make_model(network=Noisy()), make_dataset(10), tmp_path / "r.sqlite"
    for conditions in ("clean", "contrast"):
        examination.forget()
        with pytest.warns(RobustcoreWarning, match="draws at random"):
            table = rc.evaluate(model, dataset, conditions, severities=1, store=path)
        assert (table["n"] == 10).all()


def test_a_network_that_asks_for_gradients_of_its_own_is_scored(
    make_dataset: Make, make_model: Make, tmp_path: Path
) -> None:
    class Optimises(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            with torch.enable_grad():
                leaf = x.detach().requires_grad_(True)
                (slope,) = torch.autograd.grad(leaf.square().sum(), leaf)
            return (x - 0.1 * slope).mean((2, 3))

    table = rc.evaluate(
        make_model(network=Optimises()), make_dataset(10), "contrast", severities=1, store=tmp_path / "r.sqlite"
    )
    assert (table["n"] == 10).all()


def test_a_caution_is_warned_of_stored_and_printed_below_figures(
    make_dataset: Make, make_model: Make, tmp_path: Path
) -> None:
    path, dataset, model = tmp_path / "r.sqlite", make_dataset(10), make_model("soft", network=Softmax())
    with pytest.warns(RobustcoreWarning, match="probabilities"):
        rc.evaluate(model, dataset, "clean", store=path)
    ((_, _, message),) = Store(path, shipped=False).probes(model.fingerprint())
    assert notes.kinds(message) == ["answers_are_probabilities"]
    table = evaluation.lookup(model, dataset, "clean", store=path)
    assert table["caution"].tolist() == [message[0].text]
    assert message[0].text in Provenance.of(table, suites=("x",), storage="memory", seed=0).sentence()


def test_a_network_that_answers_with_no_logits_fails_with_the_sentence_and_the_rest_goes_on(
    make_dataset: Make, make_model: Make
) -> None:
    class Tuple(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
            return x, x

    table = rc.evaluate([make_model("good"), make_model("bad", network=Tuple())], make_dataset(10), "clean")
    table = table.set_index("model")
    assert table.loc["good", "n"] == 10
    assert np.isnan(table.loc["bad", "accuracy"])
    assert "answers with a tuple" in table.loc["bad", "reason"]
    assert table.attrs["summary"]["failed"] == 1


def test_ordinary_models_are_evaluated_without_a_word(make_dataset: Make, make_model: Make) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rc.evaluate(make_model(), make_dataset(10), "clean")["caution"].tolist() == [""]


def test_results_of_a_model_that_is_not_here_say_that_they_were_not_checked(
    make_dataset: Make, make_model: Make, tmp_path: Path
) -> None:
    path, dataset, model = tmp_path / "r.sqlite", make_dataset(10), make_model("gone")
    rc.evaluate(model, dataset, "clean", store=path)
    stored = api.stored_subjects(dataset, Store(path, shipped=False))
    assert [(subject.name, subject.is_here) for subject in stored] == [("gone", False)]
    ((caution,), (here,)) = (evaluation.lookup(m, dataset, "clean", store=path)["caution"] for m in (stored, [model]))
    assert caution == tables.not_checked("gone").text
    assert here == ""
