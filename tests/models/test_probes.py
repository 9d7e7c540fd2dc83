"""The probe images are the same everywhere, and answers to them tell models apart."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import torch

from robustcore.models import Classifier, checks, load_model, probes


def asked(model: Classifier) -> npt.NDArray[np.float32]:
    seen = checks.examine(model)
    assert seen is not None
    return seen.answers


def test_the_images_are_fixed_and_unlike_each_other() -> None:
    images = probes.images(64)
    assert (images.shape, images.dtype) == ((8, 3, 64, 64), torch.uint8)
    assert hashlib.sha256(images.numpy().tobytes()).hexdigest()[:16] == "9f0b38cfd67fbbe8"
    assert len({image.numpy().tobytes() for image in images}) == 8
    assert images.float().std((1, 2, 3)).min() > 20


def test_answers_are_those_of_the_model_and_leave_it_as_it_is() -> None:
    model = load_model("scenes/vgg-standard").train()
    answers = asked(model)
    assert model.training
    with torch.inference_mode():
        assert np.allclose(answers, model.eval()(probes.images(64)).numpy(), atol=1e-5)


def test_small_differences_agree_and_other_models_do_not() -> None:
    answers = asked(load_model("scenes/vgg-standard"))
    assert probes.agree(answers, answers * (1 + 1e-5))
    assert not probes.agree(answers, answers[:, ::-1])
    assert not probes.agree(answers, answers[:4])
    assert not probes.agree(answers, asked(load_model("scenes/vgg-continued")))
    assert not probes.agree(answers, np.full_like(answers, np.nan))
