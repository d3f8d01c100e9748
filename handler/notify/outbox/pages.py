"""The outbox in a browser: the list of mails, and one mail as text and as its reader sees it.

Every address without the right key answers 404. The mail's own HTML is shown in a sandboxed frame.
"""

import hmac
from collections.abc import Callable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from handler.approvals.pages.layout import HEADERS, POLICY, ending, page
from handler.notify.outbox.folder import Kept, Outbox

FRAME_HEADERS = {
    **HEADERS,
    "Content-Security-Policy": (
        "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "
        "style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    ),
}


def routes(outbox: Outbox) -> list[Route]:
    """The routes of the outbox, all under its key."""

    def keyed(show: Callable[[Request], Response | None]) -> Callable[[Request], Response]:
        def endpoint(request: Request) -> Response:
            given = request.path_params["key"].encode()
            if not hmac.compare_digest(given, outbox.key.encode()):
                return missing()
            return show(request) or missing()

        return endpoint

    def show_list(request: Request) -> Response:
        return mail_list(outbox)

    def show_mail(request: Request) -> Response | None:
        mail = outbox.mail(request.path_params["name"])
        return None if mail is None else one_mail(outbox, mail)

    def show_frame(request: Request) -> Response | None:
        mail = outbox.mail(request.path_params["name"])
        return None if mail is None else HTMLResponse(mail.html, headers=FRAME_HEADERS)

    return [
        Route("/outbox/{key}", keyed(show_list), methods=["GET"]),
        Route("/outbox/{key}/{name}", keyed(show_mail), methods=["GET"]),
        Route("/outbox/{key}/{name}/html", keyed(show_frame), methods=["GET"]),
    ]


def missing() -> Response:
    return ending("Nothing here", "calm", "The address is not right.", status=404)


def mail_list(outbox: Outbox) -> Response:
    """Every mail, newest first."""
    items = "".join(
        f'<li><a href="/outbox/{outbox.key}/{mail.name}"><b>{escape(mail.subject)}</b>'
        f'<span class="soft">to {escape(mail.to)} · {escape(mail.date)}</span></a></li>'
        for mail in outbox.mails()
    )
    body = items or '<li class="part soft">No mail yet. A held call puts one here.</li>'
    about = '<p class="soft">Mails that stay on this machine, newest first</p>'
    head = f'<div class="part"><h1>Outbox</h1>{about}</div>'
    return page("Outbox", f'<div class="card">{head}<ul class="list">{body}</ul></div>')


def one_mail(outbox: Outbox, mail: Kept) -> Response:
    """One mail: its HTML in a frame that can do nothing but open links, then its text."""
    here = f"/outbox/{outbox.key}"
    body = (
        f'<div class="card"><div class="part"><p class="soft"><a href="{here}">Outbox</a></p>'
        f"<h1>{escape(mail.subject)}</h1>"
        f'<p class="soft">to {escape(mail.to)} · {escape(mail.date)}</p></div>'
        f'<iframe title="The mail as HTML" src="{here}/{mail.name}/html" '
        'sandbox="allow-popups allow-popups-to-escape-sandbox"></iframe>'
        f'<div class="part"><h2>As text</h2><pre class="mono">{escape(mail.text)}</pre></div></div>'
    )
    response = page(mail.subject, body, wide=True)
    response.headers["Content-Security-Policy"] = f"{POLICY}; frame-src 'self'"
    return response
