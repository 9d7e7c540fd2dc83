"""Weight histograms and kernels of one or two models."""

from __future__ import annotations

import streamlit as st

from dashboard import cache, data_urls
from dashboard.widgets import figure, markup, states
from dashboard.widgets.markup import Markup
from robustcore.errors import ModelError
from robustcore.images import to_tensor
from robustcore.inside import pictures
from robustcore.reports.inside import networks_footer


def view(models: tuple[str, ...]) -> None:
    """Histograms of all that can be read, then the kernels of each."""
    readable = tuple(name for name in models if _is_readable(name))
    if not readable:
        return
    bins, summary = cache.inside.networks.weights(readable)
    from robustcore.figures import inside as figures

    footer = networks_footer(readable)
    drawn = figures.weight_histograms(
        bins, footer=footer.text, alt=f"Histograms of the weights of {' and '.join(readable)}"
    )
    figure.card(
        drawn,
        key="inside-weights",
        title="Weights",
        says="Share of the values in each bin, for the first layers, the last stage and the head.",
        table=summary,
        footer=footer,
        wide=True,
    )
    for column, name in zip(st.columns(len(models), gap="large"), models, strict=True):
        with column:
            _kernels(name)


def _is_readable(name: str) -> bool:
    try:
        cache.inside.networks.weights((name,))
    except ModelError as error:
        states.notice(str(error))
        return False
    return True


def _kernels(name: str) -> None:
    st.subheader(states.plain(f"Kernels of {name}"), anchor=False)
    shown = cache.inside.networks.kernels(name)
    if not shown:
        st.caption("This network has no convolution with kernels of more than one pixel that can be read.")
        return
    parts = []
    for each in shown:
        colours = each.values.ndim == 4
        text = f"{each.layer}, {len(each.outputs)} kernels" + (
            "" if colours else ", the strongest input channel of each"
        )
        source = data_urls.exact(to_tensor(pictures.kernel_tiles(each.values)))
        parts.append(
            Markup('<figure><img src="{}" alt="{}" class=crisp><figcaption>{}</figcaption></figure>').format(
                source, f"Kernels of {each.layer}", text
            )
        )
    markup.html(Markup('<div class="rc-maps rc-sheets">{}</div>').format(Markup().join(parts)))
    st.caption("Each kernel has its own scale. Colour kernels: grey is 0. Others: red positive, blue negative.")
