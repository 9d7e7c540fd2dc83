"""Public functions and readers of files, given random things, answer with a value or one sentence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import robustcore as rc
from benchmarks import any_input
from robustcore import metrics
from robustcore.atlas import populations
from robustcore.errors import InvalidArgumentError, RobustcoreError
from robustcore.evaluation import Store
from robustcore.models import Card, Classifier


@pytest.mark.parametrize("kind", any_input.KINDS)
def test_a_few_of_the_cases(kind: str) -> None:
    assert [wrong for number in range(25) if (wrong := any_input.run(kind, 99, number))] == []


class TestWhatWasFound:
    @pytest.mark.parametrize("shape", [(0, 40, 3), (40, 0, 3), (2, 0, 0, 3)])
    def test_images_without_pixels(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(InvalidArgumentError):
            rc.corrupt(np.zeros(shape, np.uint8), "fog", 1)
        assert len(rc.corrupt(torch.zeros(0, 3, 32, 32, dtype=torch.uint8), "fog", 1)) == 0

    def test_an_attack_is_named_by_no_series_and_takes_arrays_of_any_layout(self) -> None:
        model = Classifier(any_input._Net(), Card("net", ("a", "b", "c", "d"), 32, "mine")).eval()
        images = np.full((1, 32, 32, 3), 0.5, np.float32)
        with pytest.raises(RobustcoreError):
            rc.attack(model, images, [0], pd.Series([1, 2]))  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError):
            rc.attack(model, images[:, :, :0], [0], "fgsm")
        wanted = rc.attack(model, images, [0], "fgsm").images
        for same in (images[::-1], images.astype(">f4"), images.astype(np.longdouble).astype(np.float32)):
            np.testing.assert_array_equal(rc.attack(model, same, [0], "fgsm").images, wanted)

    def test_arrays_of_a_metric_that_do_not_go_together(self) -> None:
        for arrays in (
            {"confidence": np.ones(3), "right": np.ones(2)},
            {"confidence": 0.5, "right": np.ones(2)},
            {"confidence": ["a"], "right": [1]},
            {"confidence": [1j], "right": [1]},
            {"confidence": np.ones((2, 3)), "right": np.ones((4, 3))},
        ):
            with pytest.raises(InvalidArgumentError):
                metrics.get("rms_calibration")(**arrays)
        assert metrics.get("rms_calibration")(np.ones((2, 0)), np.ones((2, 0))).shape == (2,)

    def test_scores_of_known_and_unknown_images_differ_in_number(self) -> None:
        assert metrics.get("auroc")([0.1, 0.2], [0.3, 0.4, 0.5]) == 1

    @pytest.mark.parametrize("severity", ["1.5", "test"])
    def test_a_table_whose_severities_are_none(self, tmp_path: Path, severity: str) -> None:
        table = tmp_path / "population.csv"
        table.write_text(f"model,severity\na,{severity}\nb,2\n")
        with pytest.raises(InvalidArgumentError):
            populations.read(table)

    def test_a_checkpoint_whose_bytes_are_no_pickles(self, tmp_path: Path) -> None:
        file = tmp_path / "net.pt"
        for content in (b"\x80\x020.", b"PK\x05\x06" + bytes(range(200)), b"0"):
            file.write_bytes(content)
            with pytest.raises(RobustcoreError):
                rc.load_model(f"{file}?architecture=torchvision/resnet18")

    def test_a_results_file_whose_texts_are_none(self, tmp_path: Path) -> None:
        file = tmp_path / "results.sqlite"
        content = any_input._results()
        place = content.index(b"CREATE TABLE")
        file.write_bytes(content[:place] + b"\x94\xee" * 6 + content[place + 12 :])
        with Store(file, shipped=False) as store, pytest.raises(RobustcoreError):
            store.subjects("scenes")
