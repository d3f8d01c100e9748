"""Makes docs/images/approval.png again: `python -m tests.browser.shots docs/images`.

Phone and desktop side by side, put together by the browser itself.
"""

import base64
import sys
import tempfile
from pathlib import Path

from tests.browser.chromium import chromium
from tests.browser.site import Site, example, site

PHONE, DESKTOP = (390, 1330), (820, 1330)


def shoot(url: str, size: tuple[int, int], *, dark: bool = False) -> bytes:
    """The page as a browser of that size shows it."""
    with chromium(*size, dark=dark) as browser:
        browser.get(url)
        return browser.get_screenshot_as_png()


def beside(left: bytes, right: bytes) -> bytes:
    """Two pictures side by side on one ground."""
    width, height = PHONE[0] + DESKTOP[0] + 72, PHONE[1] + 48
    images = "".join(
        f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}">'
        for png in (left, right)
    )
    sheet = (
        "<style>body{margin:0;padding:24px;display:flex;gap:24px;background:#dde1e6}"
        f"img{{border-radius:16px;display:block}}</style>{images}"
    )
    with chromium(width, height) as browser:
        browser.get("data:text/html;base64," + base64.b64encode(sheet.encode()).decode())
        return browser.get_screenshot_as_png()


def question(served: Site) -> str:
    """A held call that one of two approvers has already answered."""
    rule, arguments = example()
    served.held(rule, **arguments)
    served.answered("finance@example.com", "Matches the signed order.")
    return f"{served.base_url}/approve/{served.world.links('ops@example.com')[-1]}"


def main(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as data, site(Path(data)) as served:
        url = question(served)
        picture = beside(shoot(url, PHONE), shoot(url, DESKTOP, dark=True))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "approval.png").write_bytes(picture)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
