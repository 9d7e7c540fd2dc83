"""A note is its fields; the sentence is made when it is read."""

from __future__ import annotations

import doctest
import pickle

from robustcore import notes


@notes.note
def too_few_images(model: str, images: int = 12) -> str:
    return f"{model} was scored on {images} images."


def test_a_note_has_its_fields_and_its_subject_and_is_read_as_a_sentence() -> None:
    made = too_few_images("vgg")
    assert (made.kind, made.subject, made["images"]) == ("too_few_images", "vgg", 12)
    assert made.text == str(made) == "vgg was scored on 12 images."


def test_equal_fields_make_equal_notes_also_after_a_journey_to_another_process() -> None:
    assert (
        pickle.loads(pickle.dumps(too_few_images("vgg", 3))) == too_few_images("vgg", images=3) != too_few_images("vgg")
    )


def test_the_example_in_the_documentation_runs() -> None:
    assert doctest.testmod(notes).failed == 0
