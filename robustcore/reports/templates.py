"""HTML from templates next to the code that fills them; every value is escaped unless it is marked as markup."""

from __future__ import annotations

import functools
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup


def render(template: Path, **values: object) -> Markup:
    """The text of a template file; it may import others of its folder."""
    return Markup(_environment(template.parent).get_template(template.name).render(values))


@functools.cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
