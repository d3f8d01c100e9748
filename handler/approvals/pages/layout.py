"""One document around every page, and the headers it goes out with.

Must not know what a page says. No script, no cookie, nothing loaded from anywhere.
"""

import base64
import hashlib
import re
from html import escape

from starlette.responses import HTMLResponse

from handler.approvals.pages.style import STYLE

STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; frame-ancestors 'none'; "
    "form-action 'self'; base-uri 'none'"
)

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}

BRAND = (
    '<p class="brand"><svg viewBox="0 0 24 24" fill="none" stroke="currentColor" '
    'stroke-width="2.5" stroke-linecap="round" aria-hidden="true"><circle cx="12" cy="12" r="10"/>'
    '<path d="M9.5 8.5v7M14.5 8.5v7"/></svg>Holdpoint</p>'
)

ICONS = {
    "yes": '<path d="M7.5 12.5l3 3 6-6.5"/>',
    "no": '<path d="M8.5 8.5l7 7M15.5 8.5l-7 7"/>',
    "calm": '<path d="M12 7v5.5l3.5 2"/>',
}


def page(title: str, body: str, status: int = 200, *, wide: bool = False) -> HTMLResponse:
    """A whole page. `title` is text, `body` is HTML."""
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} · Holdpoint</title><style>{STYLE}</style></head>"
        f"<body><main{' class=wide' if wide else ''}>{BRAND}{body}</main></body></html>"
    )
    return HTMLResponse(text, status, headers=HEADERS)


def icon(name: str) -> str:
    """`yes`, `no` or `calm`, in its colour; says nothing that the words beside it do not."""
    return (
        f'<svg class="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        'stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">'
        f'<circle cx="12" cy="12" r="10"/>{ICONS[name]}</svg>'
    )


def shown(text: str) -> str:
    """Text that is safe to show as HTML, its `\\u{..}` set apart from what the agent wrote."""
    return re.sub(r"\\u\{[0-9a-f]+\}", r'<span class="esc">\g<0></span>', escape(text))


def ending(
    title: str, name: str, *paragraphs: str, status: int = 200, form: str = ""
) -> HTMLResponse:
    """A page that is one short message, perhaps with a form. Paragraphs and form are HTML."""
    words = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    message = f'<div class="end">{icon(name)}<h1>{escape(title)}</h1>{words}</div>'
    return page(title, f'<div class="card">{message}{form}</div>', status)
