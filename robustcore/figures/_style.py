"""What all figures share: colours, strokes, the layout, and the footer with the provenance of the numbers.

A figure is a pure function of a tidy table. Its colours are legible on white and on near-black, so one figure serves both
themes; text and grid lines take the page's colours, and an exported file gets its own. The footer travels in the
figure's `meta`, where a page finds it and sets it as a wrapping caption, and is drawn into every exported file.
"""

from __future__ import annotations

import dataclasses
import html
import itertools
import json
import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from robustcore.figures._plain_names import plain, show_names_as_they_read

# Eight hues, each with a contrast of 3 : 1 or more against #ffffff and #12171d, and at least 12 apart (CIEDE2000) from
# each other, seen normally and with protanopia, deuteranopia and tritanopia (Machado 2009). A test holds this.
PALETTE = ("#3d6dc2", "#db7900", "#0c9e86", "#b03080", "#c81e0a", "#8686ff", "#557949", "#aa86b6")
NEUTRAL = "#808495"  # reference lines, tracks, undefined values: contrast 3.7 on white, 4.8 on near-black
GRID = "rgba(128,132,149,0.25)"
DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
SYMBOLS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "triangle-down", "star")
PATTERNS = ("", "/", "x", ".", "\\", "-")
FONT = "Source Sans, Source Sans Pro, system-ui, -apple-system, Segoe UI, sans-serif"
_THEMES = {"light": ("#ffffff", "#1b2530"), "dark": ("#12171d", "#e4e9ee")}


@dataclasses.dataclass(frozen=True)
class Stroke:
    """How one model is drawn, the same in every figure of a page: a colour, and shapes for colour-blind readers.

    `group` is what it belongs to, where that tells colour and shapes: a click on the group in the legend isolates it.
    """

    colour: str
    dash: str
    symbol: str
    pattern: str
    group: str | None = None

    def fill(self, opacity: float) -> str:
        """The colour as rgba with an opacity in [0, 1], for bands."""
        r, g, b = (int(self.colour[i : i + 2], 16) for i in (1, 3, 5))
        return f"rgba({r},{g},{b},{opacity:g})"


def strokes(names: Sequence[str], groups: Mapping[str, str] | None = None) -> dict[str, Stroke]:
    """A stroke for each name by position; beyond eight, colours repeat with another dash and pattern.

    Args:
        names: all that are drawn.
        groups: name -> group. Then a group has a colour and shapes, in the order in which groups come first, and all its
            names have these; what is in none is grey.
    """
    if groups:
        return _grouped(names, groups)
    k = len(PALETTE)
    return {
        name: Stroke(
            PALETTE[i % k],
            DASHES[(i // k) % len(DASHES)],
            SYMBOLS[(i + i // k) % len(SYMBOLS)],
            PATTERNS[(i // k) % len(PATTERNS)],
        )
        for i, name in enumerate(names)
    }


def _grouped(names: Sequence[str], groups: Mapping[str, str]) -> dict[str, Stroke]:
    known = of_groups(groups)
    alone = Stroke(NEUTRAL, DASHES[0], SYMBOLS[0], PATTERNS[0])
    return {name: known.get(groups.get(name, ""), alone) for name in names}


def of_groups(groups: Mapping[str, str]) -> dict[str, Stroke]:
    """A colour and shapes for each group, in the order in which they come first."""
    return {
        group: dataclasses.replace(
            stroke, dash=DASHES[i % len(DASHES)], pattern=PATTERNS[i % len(PATTERNS)], group=group
        )
        for i, (group, stroke) in enumerate(strokes(list(dict.fromkeys(groups.values()))).items())
    }


def hatch(shapes: str | Sequence[str]) -> dict[str, Any]:
    """The pattern of filled bars: thin lines over the colour, which stays what one sees first."""
    return {
        "shape": shapes,
        "fillmode": "overlay",
        "fgcolor": "#ffffff",
        "fgopacity": 0.55,
        "size": 9,
        "solidity": 0.18,
    }


def name_groups(
    figure: go.Figure, groups: Mapping[str, str] | None, names: Sequence[str], *, bars: bool = False
) -> None:
    """A legend of the groups of those that are drawn, in their colours and shapes, or as bars; none without groups."""
    groups = groups or {}
    drawn_groups = {groups[name] for name in names if name in groups}
    for group, stroke in of_groups(groups).items():
        if group not in drawn_groups:
            continue
        if bars:
            figure.add_bar(
                x=[None],
                y=[None],
                name=group,
                hoverinfo="skip",
                marker={"color": stroke.colour, "pattern": hatch(stroke.pattern)},
            )
            continue
        figure.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=group,
            legendgroup=group,
            hoverinfo="skip",
            marker={"color": stroke.colour, "symbol": stroke.symbol, "size": 11},
        )


def name_line(figure: go.Figure, name: str, colour: str, dash: str) -> None:
    """A legend entry for a reference line: written next to the line, its name would lie over what is drawn there."""
    line = {"color": colour, "width": 1.5, "dash": dash}
    figure.add_scatter(x=[None], y=[None], mode="lines", name=name, hoverinfo="skip", line=line)


def short(name: str, width: int = 30) -> str:
    """The name, its middle left out when it is longer than `width`; both ends tell models apart."""
    if len(name) <= width:
        return name
    head = (width - 1) // 2
    return f"{name[:head]}…{name[-(width - 1 - head) :]}"


def distinct(names: Sequence[str], width: int = 30) -> dict[str, str]:
    """Each name, shortened to about `width`, so that no two look alike: where one is too long, the folder that all are in is
    left out, and of names whose ends are the same the parts that differ are kept."""
    names = list(dict.fromkeys(map(str, names)))
    common = _folder_of_all(names) if any(len(name) > width for name in names) else ""
    labels = {name: short(name[len(common) :], width) for name in names}
    for cut in (_own_parts, _own_letters):
        for alike in _alike(labels):
            labels |= cut(alike, width)
    for alike in _alike(labels):
        labels |= {name: f"{labels[name]} ({place})" for place, name in enumerate(alike, 1)}
    return labels


def _alike(labels: Mapping[str, str]) -> list[list[str]]:
    """The groups of names that have one label."""
    groups: dict[str, list[str]] = {}
    for name, label in labels.items():
        groups.setdefault(label, []).append(name)
    return [names for names in groups.values() if len(names) > 1]


def _own_parts(names: Sequence[str], width: int) -> dict[str, str]:
    """The parts of paths between those that all have in common at the beginning and at the end."""
    parts = {name: name.split("/") for name in names}
    head = _shared(list(parts.values()))
    tail = _shared([own[head:][::-1] for own in parts.values()])
    before, after = ("…/" if head else ""), ("/…" if tail else "")
    room = width - len(before) - len(after)
    return {name: before + short("/".join(own[head : len(own) - tail]), room) + after for name, own in parts.items()}


def _own_letters(names: Sequence[str], width: int) -> dict[str, str]:
    """The letters from shortly before the first one that is not the same in all."""
    head = max(0, _shared(names) - 4)
    return {name: short(f"…{name[head:]}", width) for name in names}


def _shared(sequences: Sequence[Sequence[str]]) -> int:
    """The number of leading elements that all have in common."""
    return sum(1 for _ in itertools.takewhile(lambda each: len(set(each)) == 1, zip(*sequences, strict=False)))


def _folder_of_all(names: Sequence[str]) -> str:
    """The folder that all of several names are directly in, with its "/"; "" where there is none."""
    folders = {name.rpartition("/")[0] for name in names}
    return folders.pop() + "/" if len(folders) == 1 and len(names) > 1 and "" not in folders else ""


def shortest(names: Sequence[str], width: int = 24) -> dict[str, str]:
    """Each name as a label of an axis: without the folder that all have in common, shortened as in `distinct`."""
    start = len(_folder_of_all(names))
    labels = distinct([name[start:] for name in names], width)
    return {name: labels[name[start:]] for name in names}


def finish(
    figure: go.Figure, *, height: int, footer: str, alt: str, legend: bool = True, top: int = 0, bottom: int = 44
) -> go.Figure:
    """Give a figure the shared layout; names in it are shown as they read.

    Args:
        figure: with its traces and axes.
        height: of the plotting area in pixels; legend, title and axes come on top of it.
        footer: where the numbers come from, one paragraph; kept under `meta["footer"]`.
        alt: what the figure shows, for people who cannot see it; kept under `meta["alt"]`.
        legend: whether there is a legend above the plot.
        top, bottom: space above (beyond the legend's) and below the plotting area, in pixels.
    """
    show_names_as_they_read(figure)
    space_above = top + (34 if legend else 6)
    figure.update_layout(
        height=height + space_above + bottom,
        margin={"l": 4, "r": 8, "t": space_above, "b": bottom, "pad": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": FONT, "size": 13},
        showlegend=legend,
        legend={
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1,
            "yanchor": "bottom",
            "font": {"size": 13},
            "itemsizing": "constant",
            "itemclick": "toggleothers",
            "itemdoubleclick": "toggle",
            "bgcolor": "rgba(0,0,0,0)",
        },
        hoverlabel={"align": "left", "font": {"family": FONT, "size": 13}},
        dragmode=False,
        meta={"footer": footer, "alt": alt},
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False, automargin=True)
    figure.update_yaxes(gridcolor=GRID, zeroline=False, automargin=True)
    return figure


def footer(figure: go.Figure) -> str:
    """The footer that `finish` was given."""
    return str((figure.layout.meta or {}).get("footer", ""))


def alt(figure: go.Figure) -> str:
    """What the figure shows, for people who cannot see it."""
    return str((figure.layout.meta or {}).get("alt", ""))


def standalone(figure: go.Figure, *, theme: str = "light", width: int = 900, title: str = "") -> go.Figure:
    """A copy that stands without a page: opaque, with the theme's colours, its title and its footer drawn in."""
    background, ink = _THEMES[theme]
    copy = go.Figure(figure)
    lines = [plain(line) for line in textwrap.wrap(footer(figure), max(40, width // 7))]
    below = 16 * len(lines) + 18
    above = 44 if title else 10
    margin = copy.layout.margin.to_plotly_json()
    t, b = margin.get("t", 40) + above, margin.get("b", 40) + below
    copy.update_layout(
        template="plotly_white" if theme == "light" else "plotly_dark",
        paper_bgcolor=background,
        plot_bgcolor=background,
        font_color=ink,
        width=width,
        height=(copy.layout.height or 450) + above + below,
        margin={"l": 16, "r": max(24, margin.get("r", 0)), "t": t, "b": b},
    )
    if title:
        copy.update_layout(title={"text": plain(title), "x": 0.02, "y": 1, "yanchor": "top", "pad": {"t": 14}})
    copy.add_annotation(
        text="<br>".join(lines),
        xref="paper",
        yref="paper",
        x=0,
        y=0,
        xanchor="left",
        yanchor="top",
        align="left",
        yshift=below - b - 6,
        showarrow=False,
        font={"size": 11, "color": ink},
        opacity=0.75,
    )
    return copy


def to_html(figure: go.Figure, *, theme: str = "light", title: str = "") -> bytes:
    """One HTML file that opens without a server or a network; its two buttons save the figure as PNG and as SVG.

    The browser draws the images: no program and no network is needed for them, and they hold title and footer.
    """
    drawn = standalone(figure, theme=theme, title=title)
    config: dict[str, Any] = {"displaylogo": False, "displayModeBar": False}
    body = drawn.to_html(include_plotlyjs=True, full_html=False, config=config, div_id="figure")
    background, ink = _THEMES[theme]
    name = json.dumps(re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:80] or "figure")
    size = f"width: {drawn.layout.width}, height: {drawn.layout.height}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body{{margin:0;padding:12px;background:{background};color:{ink};font-family:{FONT};overflow-x:auto}}
button{{font:inherit;margin:0 8px 8px 0;padding:6px 14px;border:1px solid {NEUTRAL};border-radius:8px;background:none;color:inherit;cursor:pointer}}
</style></head><body>
<div><button onclick="save('png')">Save PNG</button><button onclick="save('svg')">Save SVG</button></div>
{body}
<script>
function save(format) {{
  Plotly.downloadImage("figure", {{format: format, filename: {name}, {size}, scale: format === "png" ? 2 : 1}});
}}
</script></body></html>
""".encode()
