"""What a person does in a browser with an approval link: open the page, press a button.

Reads the page's form as a browser would and posts it as the page says; must not know how the
gateway makes links, pages or tokens. Blocking; meant for a thread.
"""

import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

PATIENCE = 30
"""Seconds for one page."""


@dataclass
class Form(HTMLParser):
    """The first form of a page: where it goes, its hidden fields, its buttons."""

    action: str = ""
    method: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "form" and not self.method:
            self.action = attributes.get("action", "")
            self.method = attributes.get("method", "get").lower()
        elif tag == "input" and attributes.get("type") == "hidden":
            self.hidden[attributes["name"]] = attributes.get("value", "")
        elif tag == "button" and "name" in attributes:
            self.buttons.append((attributes["name"], attributes.get("value", "")))


def open_link(link: str) -> str:
    """The page behind a link. GET: it decides nothing."""
    with urllib.request.urlopen(link, timeout=PATIENCE) as answer:
        return str(answer.read().decode())


def press(link: str, page: str, button: str, note: str = "") -> str:
    """Send the page's form with the button whose value is `button`; the page that answers."""
    form = Form()
    form.feed(page)
    name, value = next(pressed for pressed in form.buttons if pressed[1] == button)
    fields = {**form.hidden, "note": note, name: value}
    target = urllib.parse.urljoin(link, form.action)
    parts = urllib.parse.urlsplit(target)
    request = urllib.request.Request(
        target,
        data=urllib.parse.urlencode(fields).encode(),
        headers={"Origin": f"{parts.scheme}://{parts.netloc}"},
        method=form.method.upper(),
    )
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        return str(answer.read().decode())
