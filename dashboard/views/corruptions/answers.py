"""An image under corruptions and the models' answers: the text and marks below each thumbnail."""

from __future__ import annotations

import dataclasses

from dashboard import data_urls
from dashboard.cache.gallery import Grid, Scoring
from dashboard.widgets import labels, pair, thumbnails
from dashboard.widgets.choice import Choice
from dashboard.widgets.markup import Markup
from robustcore.display import display_name
from robustcore.images import to_array
from robustcore.reports.preview import contact_sheet, gallery


@dataclasses.dataclass(frozen=True)
class Answered:
    """The chosen image under every cell, and the models' answers so far.

    Attributes:
        choice: the image.
        grid: its corrupted forms.
        scorings: by model; empty where no prediction is shown.
        storage: "memory" or "jpeg85".
    """

    choice: Choice
    grid: Grid
    scorings: dict[str, Scoring]
    storage: str

    def right_classes(self, model: str) -> frozenset[int]:
        """The right classes as the model numbers them; none where nobody says what is right, or the model has no such class."""
        return self.choice.right_among(self.scorings[model].card.classes)

    def accepted(self, model: str) -> frozenset[int]:
        """The classes that answers are compared with: the right ones, else the model's own answer to the clean image."""
        scoring = self.scorings[model]
        if not (right := self.right_classes(model)) and scoring.done:
            return frozenset({int(scoring.answers().classes[0, 0])})
        return right

    def lines(self, place: int) -> tuple[tuple[str, str], ...]:
        """For each model the line below an image, and its mark; place 0 is the clean image, then the cells."""
        out = []
        for model, scoring in self.scorings.items():
            if place >= scoring.done:
                out.append(("…", thumbnails.UNKNOWN))
                continue
            answers = scoring.answers()
            best, probability = int(answers.classes[place, 0]), float(answers.probabilities[place, 0])
            mark = thumbnails.RIGHT
            if best not in self.accepted(model):
                mark = thumbnails.WRONG if self.right_classes(model) else thumbnails.CHANGED
            name = display_name(scoring.card.classes[best])
            sign = thumbnails.SIGNS.get(mark, "") if len(self.scorings) > 1 else ""
            out.append((f"{sign}{name} {labels.confidence(probability)}", mark))
        return tuple(out)

    def bars(self, place: int) -> list[pair.Bars]:
        """For each model that has answered the five most probable classes of an image."""
        out = []
        for model, scoring in self.scorings.items():
            if place < scoring.done:
                answers = scoring.answers()
                classes = scoring.card.classes
                right = self.right_classes(model)
                best = zip(answers.classes[place], answers.probabilities[place], strict=True)
                out.append(pair.Bars(model, [(classes[int(k)], float(p), int(k) in right) for k, p in best]))
        return out

    def thumb(self, place: int, text: str) -> thumbnails.Thumb:
        """The thumbnail of an image; `text` says what it shows."""
        cell = self.grid.cells[place - 1] if place else None
        crisp = max(self.grid.clean.shape[-2:]) <= data_urls.EXACT_SIDE
        lines = self.lines(place)
        answered = "; ".join(line for line, _ in lines)
        alt = f"{text}: {answered}" if answered else text
        return thumbnails.Thumb(cell.key if cell else "", self.grid.thumbnails[place], alt, lines, crisp)

    def sentence(self, names: tuple[str, ...]) -> Markup:
        """What the grid says: for each model how many of the images under the named corruptions it misclassifies."""
        return Markup().join(Markup("<p>{}</p>").format(self._sentence(model, names)) for model in self.scorings)

    def _sentence(self, model: str, names: tuple[str, ...]) -> Markup:
        scoring = self.scorings[model]
        who = Markup("<b>{}</b>").format(model)
        if not scoring.finished:
            total = scoring.count
            bar = Markup('<progress max="{}" value="{}"></progress>').format(total, scoring.done)
            return Markup("{} has answered {} of {} images … {}").format(who, scoring.done, total, bar)
        answers = scoring.answers()
        places = [i for i, cell in enumerate(self.grid.cells) if cell.name in names]
        clean, rest = answers[[0]], answers[[i + 1 for i in places]]
        right = self.right_classes(model)
        verdict = gallery.verdict([self.grid.cells[i] for i in places], rest, clean, right)
        name, probability = scoring.card.classes[clean.classes[0, 0]], float(clean.probabilities[0, 0])
        answer = f"{display_name(name)} {labels.confidence(probability)}"
        head = Markup("{} classifies the clean image as <b>{}</b>").format(who, answer)
        if right:
            head += " (wrong)" if verdict.clean_wrong else " (right)"
        wrong = "are misclassified (✕)" if right else "get another answer (≠)"
        if not verdict.total:
            return head + "."
        if not verdict.wrong:
            return head + ". No corruption shown here changes that."
        names_of_worst = [display_name(name, "corruption", inside=True, suite=True) for name in verdict.worst]
        worst = (
            ", ".join(names_of_worst[:2]) + " and others" if len(verdict.worst) > 2 else " and ".join(names_of_worst)
        )
        each = f"{verdict.worst_wrong} each" if len(verdict.worst) > 1 else f"{verdict.worst_wrong} of them"
        summary = Markup("{}. Of the {} corrupted images <b>{}</b> {}, most under {} ({}).").format(
            head, verdict.total, verdict.wrong, wrong, worst, each
        )
        if right:
            return summary
        measured = gallery.consistency(rest, clean)
        return summary + Markup(
            " The right class is unknown, so this is consistency, not accuracy: {} of the answers are the clean one; "
            "confidence changes by {:+.0f} points on the mean."
        ).format(labels.percent(measured.share), 100 * measured.confidence_change)

    def export(self, names: tuple[str, ...], columns: list[str], subtitle: str) -> bytes:
        """The grid of the named corruptions as a PNG."""
        rows = []
        for name in names:
            places = [i + 1 for i, cell in enumerate(self.grid.cells) if cell.name == name]
            rows.append(
                contact_sheet.SheetRow(display_name(name, "corruption", suite=True), [self._tile(p) for p in places])
            )
        title = self.choice.title[:1].upper() + self.choice.title[1:]
        return contact_sheet.compose(title, subtitle, self._tile(0), columns, rows)

    def _tile(self, place: int) -> contact_sheet.SheetImage:
        image = self.grid.clean[0] if place == 0 else self.grid.images[place - 1]
        lines = self.lines(place)
        marked = [mark in thumbnails.SIGNS for _, mark in lines]
        # The sheet's font has no cross and no unequal sign.
        captions = (text.replace("✕", "x").replace("≠", "x") for text, _ in lines)
        signed = (
            f"x {text}" if m and not text.startswith("x") else text for text, m in zip(captions, marked, strict=True)
        )
        return contact_sheet.SheetImage(to_array(image), tuple(signed), any(marked))
