"""A note is its fields; the sentence is made when it is read."""

from __future__ import annotations

import ast
import doctest
import pickle
from pathlib import Path

import pytest

from robustcore import notes
from robustcore.errors import InvalidArgumentError


@notes.note
def few_pictures(model: str, images: int = 12) -> str:
    return f"{model} was scored on {images} images."


def test_a_note_has_its_fields_and_its_subject_and_is_read_as_a_sentence() -> None:
    few = few_pictures("vgg")
    assert (few.kind, few.subject, few["images"]) == ("few_pictures", "vgg", 12)
    assert few.text == str(few) == "vgg was scored on 12 images."


def test_equal_fields_make_equal_notes_also_after_a_journey_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(few_pictures("vgg", 3))) == few_pictures("vgg", images=3) != few_pictures("vgg")


def test_names_can_be_written_as_people_read_them() -> None:
    assert few_pictures("vgg", 3).text_with({"vgg": "VGG"}) == "VGG was scored on 3 images."


def test_a_second_kind_of_one_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def few_pictures(model: str) -> str:
        return f"{model} has few pictures."

    with pytest.raises(
        InvalidArgumentError, match="'few_pictures'"
    ):  # as from a plug-in: this module is outside the package
        notes.note(few_pictures)
    monkeypatch.setattr(few_pictures, "__module__", "robustcore.models")
    with pytest.raises(AssertionError, match="'few_pictures'"):
        notes.note(few_pictures)
    assert notes.Note("few_pictures", (("model", "vgg"),), "tests.test_notes").text == "vgg was scored on 12 images."


def test_the_example_in_the_documentation_runs() -> None:
    assert doctest.testmod(notes).failed == 0


def test_every_kind_in_the_package_has_a_name_of_its_own() -> None:
    """By the files: no process need have imported all of them."""
    root = Path(notes.__file__).parent
    kinds: dict[str, Path] = {}
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and any(
                ast.unparse(each) in ("note", "notes.note") for each in node.decorator_list
            ):
                assert node.name not in kinds, f"{node.name} in {path} and in {kinds[node.name]}"
                kinds[node.name] = path
    assert len(kinds) > 100
