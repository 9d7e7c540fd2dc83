"""The names by which the server may be called: a request under another one gets a sentence instead of an empty page.

Streamlit refuses the socket of a page that was asked for under a foreign name, but it serves the page, which then stays
empty. Here the page is refused too, and the answer says what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

OWN = ("127.0.0.1", "localhost")
_HEALTH = "/_stcore/health"  # asked by proxies and supervisors, under whatever name
_LONGEST = 200


def options(address: str, names: Sequence[str]) -> list[str]:
    """Streamlit's options for a server at an address that is called by some names.

    Args:
        address: where it listens.
        names: host names of a proxy in front of it, "*.example.org" for all below one. Without any, a server on this
            machine alone has its own names, and another one has every name.
    """
    if not names and address not in OWN:
        return []
    # Requests under another host name are refused: a foreign page could make its name resolve to this machine.
    hosts = dict.fromkeys([*OWN, *([address] if address not in ("0.0.0.0", "::") else []), *names])
    flags = [word for host in hosts for word in ("--server.allowedHosts", host)]
    origins = [f"{scheme}://{name}" for name in names if not name.startswith("*") for scheme in ("https", "http")]
    return flags + [word for origin in origins for word in ("--server.corsAllowedOrigins", origin)]


def sentence(host: str) -> str:
    """What a request under a foreign name is answered with."""
    excerpt = ascii(host)[1:-1][:_LONGEST] or "none"
    return (
        f"This dashboard is not called by the name of this address ({excerpt}). Whoever starts it allows a name with "
        "robustcore dashboard --host-name NAME.\n"
    )


class HostNames:
    """ASGI middleware that answers requests under foreign names with `sentence`, status 403."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        from starlette.responses import PlainTextResponse
        from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

        if scope["type"] == "http" and scope["path"] != _HEALTH:
            host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
            if not is_host_allowed(host or None):
                await PlainTextResponse(sentence(host), status_code=403)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def install() -> None:
    """Put the middleware in front of Streamlit's own, before the server starts."""
    from starlette.middleware import Middleware
    from streamlit.web.server.starlette import starlette_app

    own = starlette_app.create_streamlit_middleware
    starlette_app.create_streamlit_middleware = lambda: [Middleware(HostNames), *own()]
