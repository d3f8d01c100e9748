"""What a person does in a browser: open a page, follow a link, press a button of a form.

Reads pages as a browser would and posts forms as the page says; must not know how the gateway makes
links, pages or tokens. Blocking; meant for a thread.
"""

import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

PATIENCE = 30
"""Seconds for one page."""


class Reader(HTMLParser):
    """Collects what can be acted on in a page: links, the first form, text set apart."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.title = self.quoted = ""
        self.action = self.method = ""
        self.hidden: dict[str, str] = {}
        self.buttons: list[tuple[str, str]] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag in ("h1", "pre"):
            self._inside = tag
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        elif tag == "form" and not self.method:
            self.action = attributes.get("action", "")
            self.method = attributes.get("method", "get").upper()
        elif tag == "input" and attributes.get("type") == "hidden":
            self.hidden[attributes["name"]] = attributes.get("value", "")
        elif tag == "button" and "name" in attributes:
            self.buttons.append((attributes["name"], attributes.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._inside:
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "h1":
            self.title += data
        elif self._inside == "pre":
            self.quoted += data


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was answered, and what a person can do on it."""

    url: str
    status: int
    html: str
    reader: Reader = field(repr=False)

    @property
    def title(self) -> str:
        return self.reader.title

    def link(self, prefix: str) -> str | None:
        """The first link whose path starts so, as a whole URL."""
        links = (urllib.parse.urljoin(self.url, link) for link in self.reader.links)
        found = (link for link in links if urllib.parse.urlsplit(link).path.startswith(prefix))
        return next(found, None)

    def press(self, button: str, **fields: str) -> "Page":
        """Send the form with the button of this value; the page that answers."""
        name, value = next(pressed for pressed in self.reader.buttons if pressed[1] == button)
        form = urllib.parse.urlencode({**self.reader.hidden, **fields, name: value}).encode()
        target = urllib.parse.urljoin(self.url, self.reader.action or self.url)
        return _load(urllib.request.Request(target, data=form, method=self.reader.method))


def open_page(url: str) -> Page:
    """The page at an address. A refusal is a page too."""
    return _load(urllib.request.Request(url))


def _load(request: urllib.request.Request) -> Page:
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            status, html = answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            status, html = refusal.code, refusal.read().decode()
    reader = Reader()
    reader.feed(html)
    return Page(request.full_url, status, html, reader)
