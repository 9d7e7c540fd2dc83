"""Which models an attack transfers to: rows judge, columns craft."""

from __future__ import annotations

from dashboard.session import selection
from dashboard.views.compare.attacks.stored import Stored
from dashboard.views.compare.controls import KEY
from dashboard.views.compare.view import View
from robustcore.calls import Call
from robustcore.reports.attacks import robust_accuracy


def view(stored: Stored) -> View:
    """The table at one budget, to start with that at which most pairs were evaluated; of many models those judge that are shown first."""
    from robustcore.figures import under_attack

    pairs = robust_accuracy.transferred(stored.curves.value)["eps"]
    eps = selection.selectbox(
        "Budget (L-inf)",
        sorted({float(each) for each in pairs}),
        key=f"{KEY}_transfer",
        kind="budget",
        default=float(pairs.mode().iloc[0]),
        text=lambda e: f"{255 * e:g}/255",
        width=240,
    )
    rows = Call(robust_accuracy.transfers, stored.curves, eps, name="rows")
    shown = stored.few(rows)
    footer = Call(robust_accuracy.transfer_footer, shown, eps)
    return View(
        "transfer",
        "Which models does an attack transfer to?",
        "Rows are the models that judge, columns those that the images were crafted on; what is crafted on itself is hardest."
        f"{stored.sentence}",
        shown.value,
        footer.value,
        Call(under_attack.transfer, shown, footer=footer, name="figure"),
        origin=stored.curves.value.attrs["provenance"],
        wide=True,
    )
