"""Images worth looking at, as sections and figures of a document."""

from __future__ import annotations

import robustcore as rc
from robustcore.evaluation import Store, Subject
from robustcore.figures.inside import galleries

NAMES = ("scenes/resnet-standard", "scenes/vgg-standard")


def test_two_models_have_galleries_and_disagree(own_cache: object) -> None:
    subjects = [Subject(m.card.name, m.fingerprint(), m.card.classes) for m in map(rc.load_model, NAMES)]
    found = galleries.galleries(subjects, rc.load_dataset("scenes"), "imagenet-c")
    assert found.missing == ()
    assert len(found.sections) == 2 * 3 + 3
    assert {len(section.pictures) for section in found.sections} == {galleries.IMAGES}
    assert [figure.layout.meta["footer"].split(" on ")[0] for _, _, figure in found.figures] == list(NAMES)


def test_without_answers_a_sentence_says_so(tmp_path: object, own_cache: object) -> None:
    model = rc.load_model(NAMES[0])
    subject = Subject(NAMES[0], model.fingerprint(), model.card.classes)
    found = galleries.galleries(
        [subject], rc.load_dataset("scenes"), "fog", store=Store(f"{tmp_path}/a", shipped=False)
    )
    assert (found.sections, found.figures, len(found.missing)) == ((), (), 1)
