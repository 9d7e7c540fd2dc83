"""The dashboard's pages without a browser, for visitors who mean harm."""

from tests.dashboard.conftest import on_this_machine_alone, open_page, own_model, small_model  # noqa: F401
