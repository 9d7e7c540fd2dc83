"""What was understood, as markup: facts, an image's way to the model, and some answers."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard import data_urls
from dashboard.widgets import labels, thumbnails
from dashboard.widgets.markup import Markup
from dashboard.widgets.thumbnails import RIGHT, UNKNOWN, WRONG, Thumb
from robustcore.datasets import Dataset
from robustcore.display import display_name
from robustcore.reports.doctor import Answer, Overview, Step

CSS = """
.rc-facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 5px 16px; margin: 0; font-size: .88rem; line-height: 1.4; }
.rc-facts dt { opacity: .82; }
.rc-facts dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
.rc-facts .hash { font-family: var(--st-code-font); font-size: .78rem; }
.rc-steps { display: grid; grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); gap: 14px 18px; margin: 0; padding: 0; counter-reset: step; }
.rc-step { min-width: 0; font-size: .84rem; line-height: 1.4; counter-increment: step; }
.rc-root .rc-step img { height: 132px; width: auto; max-width: 100%; aspect-ratio: auto; object-fit: contain; margin-bottom: 7px; background: none; }
.rc-step b { display: block; font-weight: 620; }
.rc-step b::before { content: counter(step) ". "; opacity: .82; }
.rc-step span { opacity: .78; overflow-wrap: anywhere; }
.rc-tens .rc-frames { grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); }
.rc-tens .rc-answer { white-space: normal; overflow-wrap: anywhere; line-height: 1.25; }
@container (max-width: 420px) { .rc-facts { grid-template-columns: minmax(0, 1fr); gap: 0; } .rc-facts dd { margin-bottom: 6px; } .rc-tens .rc-frames { grid-template-columns: repeat(3, minmax(0, 1fr)); } }
"""
_HASH = 40  # a text of so many characters without a space is a fingerprint


def facts(rows: Sequence[tuple[str, str]]) -> Markup:
    """Facts as a list of two columns."""
    parts = [
        Markup("<dt>{}</dt><dd{}>{}</dd>").format(
            _capital(name), Markup(' class="hash"') if len(value) > _HASH and " " not in value else "", value
        )
        for name, value in rows
    ]
    return _styled(Markup('<dl class="rc-facts">{}</dl>').format(Markup().join(parts)))


def steps(listed: Sequence[Step]) -> Markup:
    """An image's way to the model, a picture after each step."""
    parts = [
        Markup('<div class="rc-step"><img src="{}" alt="{}"><b>{}</b><span>{}</span></div>').format(
            data_urls.exact(step.picture), f"The image: {step.name}", _capital(step.name), step.detail
        )
        for step in listed
    ]
    return _styled(Markup('<div class="rc-steps">{}</div>').format(Markup().join(parts)))


def answers(found: Overview, dataset: Dataset) -> Markup:
    """Some images, each with its class and the model's answer."""
    import torch

    sources = data_urls.thumbnails(torch.stack([dataset[answer.place][0] for answer in found.answers]))
    thumbs = [
        Thumb("", source, f"{answer.label or 'no label'}, answered {answer.answer}", _lines(answer))
        for answer, source in zip(found.answers, sources, strict=True)
    ]
    return _styled(Markup('<div class="rc-tens">{}</div>').format(thumbnails.row(thumbs)))


def _lines(answer: Answer) -> tuple[tuple[str, str], ...]:
    mark = UNKNOWN if answer.right is None else RIGHT if answer.right else WRONG
    label = display_name(answer.label) if answer.label else "no label"
    answer_text = f"{display_name(answer.answer)} {labels.confidence(answer.probability)}"
    return ((label, UNKNOWN), (f"{'✕ ' if mark == WRONG else '✓ ' if mark == RIGHT else ''}{answer_text}", mark))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _styled(markup: Markup) -> Markup:
    return Markup("<style>{}</style>{}").format(Markup(CSS), markup)
