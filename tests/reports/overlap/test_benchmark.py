"""The assessment of a selection, and the benchmarks that it is compared with."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from robustcore import corruptions, overlap
from robustcore.atlas import populations
from robustcore.errors import InvalidArgumentError
from robustcore.evaluation import suites
from robustcore.reports.overlap import benchmark
from tests.overlap import synthetic

BLOCKS = {
    "noise": ["gaussian_noise", "shot_noise", "impulse_noise"],
    "blur": ["defocus_blur", "zoom_blur", "motion_blur"],
    "alone": ["fog"],
}
LABELS = pd.Series({name: i for i, names in enumerate(BLOCKS.values(), start=1) for name in names})


@pytest.fixture(scope="module")
def measured() -> overlap.Overlap:
    return overlap.measure(synthetic.atlas(BLOCKS, within=0.6), metric="residual")


@pytest.fixture(scope="module")
def models() -> populations.Population:
    return populations.gather({"models": synthetic.evaluated(BLOCKS, models=30)})


def test_two_noises_and_a_blur(measured: overlap.Overlap) -> None:
    names = ["gaussian_noise", "shot_noise", "zoom_blur"]
    result = benchmark.assess(measured, LABELS, names)
    assert (result.represented, result.categories, result.uncategorised) == (2, 3, 0)
    assert result.deviation == pytest.approx(0.5)  # 2 and 1 representatives
    assert result.balance is not None
    # A noise overlaps by 0.6 with the other one and not with the blur.
    assert result.balance.means["mean"].tolist() == pytest.approx([0.3, 0.3, 0], abs=0.06)
    verdicts = result.coverage["verdict"]
    assert verdicts["impulse_noise"] == verdicts["motion_blur"] == "covered"
    assert verdicts["fog"] == "not covered"
    assert (result.count("covered"), result.count("not covered")) == (3, 1)


def test_what_is_in_no_category_is_counted_apart(measured: overlap.Overlap) -> None:
    result = benchmark.assess(measured, LABELS.where(LABELS < 3, 0), ["fog", "zoom_blur"])
    assert (result.represented, result.categories, result.uncategorised) == (1, 2, 1)


def test_the_rule_picks_the_most_categories_with_two_corruptions(measured: overlap.Overlap) -> None:
    names, n, k = benchmark.rule_pick(measured, LABELS)
    assert (n, k, len(names)) == (2, 3, 6)
    assert "fog" not in names
    with pytest.raises(InvalidArgumentError, match="two corruptions or more"):
        benchmark.rule_pick(measured, pd.Series({"fog": 1, "zoom_blur": 2}))


def test_others_are_there_as_far_as_models_were_tested_on_them(measured: overlap.Overlap) -> None:
    whole = corruptions.names("imagenet-c")
    result = benchmark.others([*whole, "laugros_rotation"], measured, LABELS)
    assert result[benchmark.IMAGENET_C].names == tuple(whole)
    assert not result[benchmark.IMAGENET_C].partial
    paired = result[benchmark.IMAGENET_P]
    assert "laugros_rotation" in paired.names
    assert (len(paired.names), paired.size) == (7, 10)
    assert benchmark.SYN2NAT not in result
    assert set(benchmark.others([], measured, LABELS)) == set()


def test_candidates_of_scenes_stand_for_the_published_pick(measured: overlap.Overlap) -> None:
    calibrated = [f"scenes_{corruptions.get(n).plain_name}" for n in corruptions.names("syn2nat")[:12]]
    result = benchmark.others(calibrated, measured, LABELS)[benchmark.SYN2NAT]
    assert (result.names, result.size, result.partial) == (tuple(calibrated), 18, True)


def test_a_benchmark_of_all_blocks_predicts_and_one_of_noise_less(models: populations.Population) -> None:
    result = benchmark.predicted({"all": ["shot_noise", "zoom_blur", "fog"], "noise": BLOCKS["noise"]}, models)
    r = result.set_index(["benchmark", "natural"])["r"]
    assert r["all", "scenes/sketch"] > 0.9
    assert r["noise", "scenes/sketch"] < r["all", "scenes/sketch"] - 0.1
    gain = benchmark.against(["shot_noise", "zoom_blur", "fog"], BLOCKS["noise"], models)
    assert gain is not None
    assert gain.low > 0
    assert gain.value == pytest.approx(np.mean(r["all"] - r["noise"]))
    assert benchmark.against(["fog"], ["zoom_blur"], models.only(list(models.synthetic.index[:3]))) is None


def test_a_selection_is_a_suite() -> None:
    assert suites.to_toml(benchmark.suite("mine", ["fog"], 'of "two"')) == (
        'name = "mine"\ndescription = "of \\"two\\""\n\n[[condition]]\nname = "fog"\n'
    )


def test_the_thesis_means_as_printed() -> None:
    assert benchmark.printed_couples()[6, 3] == 0.748
    assert benchmark.printed_deviations()[2.2] == 0.680


def test_a_corruption_that_no_model_was_tested_on_is_no_error_and_no_correlation(
    models: populations.Population,
) -> None:
    predictive = benchmark.predicted({"yours": ["gaussian_noise", "album_border"], "noise": BLOCKS["noise"]}, models)
    rows = predictive.set_index("benchmark")
    assert rows.loc["yours", "r"].isna().all()
    assert set(rows.loc["yours", "models"]) == {0}
    assert rows.loc["noise", "r"].notna().all()
    assert benchmark.predicted({"yours": ["album_border"]}, models.complete(["album_border"]))["r"].tolist() == []
