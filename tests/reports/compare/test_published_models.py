"""Published models: what they give alone, and when they can be compared with one's own."""

from __future__ import annotations

import dataclasses

import pytest

from robustcore import metrics
from robustcore.errors import InvalidArgumentError
from robustcore.notes import kinds
from robustcore.reports.compare import measures, published_models, references

ALEXNET = "published/imagenet/AlexNet"
# From the ImageNet rows of RobustBench's table with AlexNet of the same table.
MCE = {"Standard_R50": 76.4, "Hendrycks2020AugMix": 64.2, "Hendrycks2020Many": 60.0}


def test_the_published_mce_of_known_models() -> None:
    names = [f"published/imagenet/{name}" for name in MCE]
    gathered = published_models.gather([*names, ALEXNET], "imagenet")
    result = measures.bars(gathered, "ce", reference=ALEXNET, models=names)
    assert [round(v, 1) for v in result.means["value"]] == list(MCE.values())
    note = references.mean_note(gathered, metrics.get("ce"), ALEXNET)
    assert (note["corruptions"], note["of_imagenet_c"], note["extra"]) == (15, 15, 0)
    assert (note["reference"], note["images"], note["dataset"]) == (ALEXNET, "5,000 images", "imagenet")
    assert "AlexNet of the same table" in note.text  # and not the one that the paper prints
    worked = references.worked(gathered, metrics.get("ce"), ALEXNET, names[0], "fog")
    errors = 100 * (
        1 - gathered.rows[(gathered.rows["model"] == names[0]) & (gathered.rows["label"] == "fog")]["accuracy"]
    )
    value = result.table[(result.table["model"] == names[0]) & (result.table["name"] == "fog")]["value"].item()
    assert f"= ({' + '.join(f'{e:.1f}' for e in errors)}) / (" in worked
    assert worked.endswith(f" = {value:.1f}")
    assert references.worked(gathered, metrics.get("relative_ce"), references.ALEXNET, names[0], "fog")
    assert result.footer.provenance is not None
    assert result.footer.provenance.shipped == "published"
    assert result.table["low"].isna().all()  # no answers to draw from
    assert measures.bars(gathered, "accuracy").table["low"].notna().all()


def test_every_table_can_be_compared() -> None:
    for dataset, setup in published_models.SETUPS.items():
        models = published_models.names(dataset)
        gathered = published_models.gather(models, dataset, severities=(1, 5))
        assert gathered.models == models
        # On the fly the testbed has not measured glass blur.
        assert gathered.corrupted["name"].nunique() == (14 if dataset == "testbed" else 15)
        assert set(gathered.rows["n"]) == {setup.images}
        assert not measures.bars(gathered, "residual").table["value"].isna().any()


def own() -> published_models.Comparison:
    """A comparison as an evaluation on ImageNet's images would give it."""
    gathered = published_models.gather(["published/imagenet/Standard_R50"], "imagenet")
    rows = gathered.rows.assign(model="mine", dataset="my folder", n=100, shared=100)
    origin = dataclasses.replace(gathered.provenance, dataset="my folder", models=("mine",), images=(100, 100))
    return dataclasses.replace(gathered, rows=rows, provenance=origin)


def test_published_models_join_ones_own_where_both_were_measured_alike() -> None:
    joined, refused = published_models.joined(own(), [ALEXNET])
    assert refused == []
    assert joined.models == ["mine", ALEXNET]
    assert "published_on_other_images" in kinds(joined.notes)
    table = measures.bars(joined, "ce", reference=ALEXNET).means.set_index("model")["value"]
    assert table[ALEXNET] == pytest.approx(100)
    assert table["mine"] == pytest.approx(76.4, abs=0.05)


def test_and_are_left_out_with_the_reason_where_not() -> None:
    here = own()
    _, refused = published_models.joined(here, ["published/cifar10/Standard"])
    assert (refused[0].kind, refused[0]["classes"], refused[0]["side"]) == ("other_dataset", 10, 32)
    memory = dataclasses.replace(here, provenance=dataclasses.replace(here.provenance, storage="memory"))
    (note,) = published_models.joined(memory, [ALEXNET])[1]
    assert (note.kind, note.subject, note["storage"]) == ("other_storage", ALEXNET, "jpeg85")
    extra = dataclasses.replace(here, rows=here.rows.assign(name="spatter", kind="corruption"))
    joined, refused = published_models.joined(extra, [ALEXNET])
    assert (refused[0].kind, refused[0]["condition"]) == ("no_figures_for", "spatter")
    assert joined.models == ["mine"]


def test_unknown_names_are_a_sentence() -> None:
    with pytest.raises(InvalidArgumentError, match="none of the published models on cifar10"):
        published_models.gather([ALEXNET], "cifar10")
