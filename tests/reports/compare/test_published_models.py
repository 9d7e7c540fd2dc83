"""Published models: what they give alone, and when they may stand beside one's own."""

from __future__ import annotations

import dataclasses

import pytest

from robustcore.errors import InvalidArgumentError
from robustcore.reports.compare import measures, published_models, references

ALEXNET = "published/imagenet/AlexNet"
# From the ImageNet rows of RobustBench's table with AlexNet of the same table.
MCE = {"Standard_R50": 76.4, "Hendrycks2020AugMix": 64.2, "Hendrycks2020Many": 60.0}


def test_the_published_mce_of_known_models() -> None:
    names = [f"published/imagenet/{name}" for name in MCE]
    found = published_models.gather([*names, ALEXNET], "imagenet")
    result = measures.bars(found, "ce", reference=ALEXNET, models=names)
    assert [round(v, 1) for v in result.means["value"]] == list(MCE.values())
    words = references.mean_in_words(found, False, ALEXNET)
    for part in ("the 15 corruptions of ImageNet-C", ALEXNET, "AlexNet of the same table", "5,000 images of imagenet"):
        assert part in words
    worked = references.worked(found, False, ALEXNET, names[0], "fog")
    errors = 100 * (1 - found.rows[(found.rows["model"] == names[0]) & (found.rows["label"] == "fog")]["accuracy"])
    value = result.table[(result.table["model"] == names[0]) & (result.table["name"] == "fog")]["value"].item()
    assert f"= ({' + '.join(f'{e:.1f}' for e in errors)}) / (" in worked
    assert worked.endswith(f" = {value:.1f}")
    assert references.worked(found, True, references.ALEXNET, names[0], "fog").startswith("relative CE of")
    assert "published figures" in result.footer
    assert result.table["low"].isna().all()  # no answers to draw from
    assert measures.bars(found, "accuracy").table["low"].notna().all()


def test_every_table_can_be_compared() -> None:
    for dataset, setup in published_models.SETUPS.items():
        models = published_models.names(dataset)
        found = published_models.gather(models, dataset, severities=(1, 5))
        assert found.models == models
        assert found.corrupted["name"].nunique() == 15
        assert set(found.rows["n"]) == {setup.images}
        assert not measures.bars(found, "residual").table["value"].isna().any()


def own() -> published_models.Comparison:
    """A comparison as an evaluation on ImageNet's images would give it."""
    found = published_models.gather(["published/imagenet/Standard_R50"], "imagenet")
    rows = found.rows.assign(model="mine", dataset="my folder", n=100, shared=100)
    origin = dataclasses.replace(found.provenance, dataset="my folder", models=("mine",), images=(100, 100))
    return dataclasses.replace(found, rows=rows, provenance=origin)


def test_published_models_stand_beside_ones_own_where_both_were_measured_alike() -> None:
    joined, refused = published_models.beside(own(), [ALEXNET])
    assert refused == []
    assert joined.models == ["mine", ALEXNET]
    assert any("not those of the models here" in note for note in joined.notes)
    table = measures.bars(joined, "ce", reference=ALEXNET).means.set_index("model")["value"]
    assert table[ALEXNET] == pytest.approx(100)
    assert table["mine"] == pytest.approx(76.4, abs=0.05)


def test_and_are_left_out_with_the_reason_where_not() -> None:
    here = own()
    _, refused = published_models.beside(here, ["published/cifar10/Standard"])
    assert "10 classes, 32 pixels" in refused[0]
    memory = dataclasses.replace(here, provenance=dataclasses.replace(here.provenance, storage="memory"))
    assert "went through a second JPEG, those here did not" in published_models.beside(memory, [ALEXNET])[1][0]
    extra = dataclasses.replace(here, rows=here.rows.assign(name="spatter", kind="corruption"))
    joined, refused = published_models.beside(extra, [ALEXNET])
    assert "no figures for spatter" in refused[0]
    assert joined.models == ["mine"]


def test_unknown_names_are_a_sentence() -> None:
    with pytest.raises(InvalidArgumentError, match="none of the published models on cifar10"):
        published_models.gather([ALEXNET], "cifar10")
