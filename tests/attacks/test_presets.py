"""The presets have the names and constants of their documents."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

import robustcore as rc
from robustcore import attacks
from robustcore.attacks import presets

# Laugros' thesis: 3.2.2 (eps from 0.005 to 0.05 with pixels in [-1, 1], ten iterations) and 3.3.3.1.
RANGE = (0.005 / 2, 0.05 / 2)
PRINTED = {
    "fgsm": ("fgsm", "untargeted", RANGE, {}),
    "fgsm_ll": ("fgsm", "least_likely", RANGE, {}),
    "pgd_range": ("pgd", "untargeted", RANGE, {"steps": 10}),
    "pgd_ll_range": ("pgd", "least_likely", RANGE, {"steps": 10}),
    "pgd": ("pgd", "untargeted", 0.04, {"steps": 10}),
    "pgd_ll": ("pgd", "least_likely", 0.04, {"steps": 10}),
    "mi_fgsm": ("mi_fgsm", "untargeted", 0.04, {"steps": 10, "decay": 1}),
    "mi_fgsm_08": ("mi_fgsm", "untargeted", 0.08, {"steps": 10, "decay": 1}),
    # Its text calls the constant c the confidence; nothing is said of a margin kappa or of a search over c.
    "cw_l2": ("cw", "untargeted", None, {"steps": 40, "binary_search_steps": 1, "initial_const": 50}),
}


def test_all_of_them_are_there() -> None:
    assert attacks.preset_names() == sorted(f"laugros/{name}" for name in PRINTED)


@pytest.mark.parametrize("name", PRINTED)
def test_constants(name: str) -> None:
    attack, goal, eps, options = PRINTED[name]
    preset = presets.registry[f"laugros/{name}"]
    assert (preset.attack, preset.goal, preset.eps) == (attack, goal, eps)
    assert options.items() <= dict(preset.options).items()
    assert preset.norm == ("l2" if name == "cw_l2" else "linf")
    assert preset.plain_name == name
    assert preset.document == "Laugros' thesis"
    assert preset.section.startswith("3.")
    assert preset.summary.endswith(".")
    attacks.get(preset.attack).check_options(preset.options)


def test_the_thesis_form_of_pgd_takes_steps_of_eps_over_n(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "laugros/pgd", trace=True)
    assert result.trace is not None
    moves = result.trace.images.diff(dim=0).abs().amax(dim=(2, 3, 4))
    torch.testing.assert_close(moves, torch.full((10, 6), 0.004), atol=1e-6, rtol=0)
    assert torch.equal(result.trace.images[0], images)


def test_plain_names_do_where_no_attack_has_them(network: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        labels = network(images).argmax(dim=1)
    plain = rc.attack(network, images, labels, "pgd_ll")
    full = rc.attack(network, images, labels, "laugros/pgd_ll")
    assert torch.equal(plain.images, full.images)
    assert attacks.resolve("pgd") == (attacks.get("pgd"), None)
    assert attacks.resolve("cw_l2")[1] == presets.registry["laugros/cw_l2"]


def test_what_is_given_goes_before_the_preset(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    result = rc.attack(linear, images, labels, "laugros/pgd", eps=0.001, steps=3, early_stop=False)
    assert result.forwards.tolist() == [4] * 6
    torch.testing.assert_close(result.linf, torch.full((6,), 0.001), atol=1e-6, rtol=0)


def test_cw_l2_takes_one_constant_and_no_margin(linear, images: Tensor, labels: Tensor) -> None:  # type: ignore[no-untyped-def]
    preset = presets.registry["laugros/cw_l2"]
    assert attacks.get("cw").check_options(preset.options)["confidence"] == 0
    result = rc.attack(linear, images, labels, preset.name, early_stop=False)
    assert result.backwards.tolist() == [40] * len(images)
