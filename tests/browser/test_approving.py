"""A person with a real browser: the mail in the outbox, its link, the page, the answer."""

from pathlib import Path

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import number_of_windows_to_be
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.chromium import chromium, emulate
from tests.browser.site import example, site
from tests.patience import PATIENCE


def arrived(browser: Chrome, title: str) -> None:
    """Return once the page of that title is whole: a click returns before its page is there."""

    def whole(browser: Chrome) -> bool:
        ready = browser.execute_script("return document.readyState") == "complete"
        return ready and title in browser.title

    WebDriverWait(browser, PATIENCE).until(whole)


def to_the_new_window(browser: Chrome) -> None:
    """Go on in the window that a click opens, which takes a moment."""
    before = browser.current_window_handle
    WebDriverWait(browser, PATIENCE).until(number_of_windows_to_be(2))
    (opened,) = set(browser.window_handles) - {before}
    browser.switch_to.window(opened)


def text(browser: Chrome) -> str:
    return str(browser.find_element(By.TAG_NAME, "main").text)


def test_a_call_is_approved_from_its_mail_and_the_link_is_spent(tmp_path: Path) -> None:
    rule, arguments = example()
    with site(tmp_path) as served, chromium(390, 844) as browser:
        served.held(rule, **arguments)
        served.answered("finance@example.com", "Matches the signed order.")
        browser.get(served.world.outbox.url(served.base_url))
        browser.find_element(By.PARTIAL_LINK_TEXT, "ops@example.com").click()
        arrived(browser, "Approve create_charge")
        browser.switch_to.frame(browser.find_element(By.TAG_NAME, "iframe"))
        browser.find_element(By.LINK_TEXT, "Review and answer").click()
        to_the_new_window(browser)
        arrived(browser, "Run create_charge?")
        emulate(browser, 390, 844)
        url = browser.current_url

        for fact in ("create_charge", "Billing agent", "750", "Blue Lantern Books", "1 of 2"):
            assert fact in text(browser)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
        for button in browser.find_elements(By.TAG_NAME, "button"):
            assert button.size["height"] >= 44
            assert button.value_of_css_property("font-weight") == "650", "the style was refused"

        browser.find_element(By.ID, "note").send_keys("go ahead")
        browser.find_element(By.CSS_SELECTOR, "button.approve").click()
        arrived(browser, "Approved")
        assert "It runs once" in text(browser)
        browser.get(url)
        assert "This link is not open" in text(browser)
        served.settled()
        assert served.world.executor.sent == [arguments]


def test_a_call_is_rejected(tmp_path: Path) -> None:
    with site(tmp_path) as served, chromium() as browser:
        browser.get(served.held())
        browser.find_element(By.CSS_SELECTOR, "button.reject").click()
        arrived(browser, "Rejected")
        assert "will not run" in text(browser)
        served.settled()
        assert served.world.executor.sent == []


def test_another_site_cannot_answer_in_a_persons_browser(tmp_path: Path) -> None:
    """The form posted from a page of another origin, even with everything but our page's origin."""
    with site(tmp_path) as served, chromium() as browser:
        url = served.held()
        browser.get(url)
        token = browser.find_element(By.NAME, "token").get_attribute("value")
        evil = (
            f"<form method=post action={url}><input name=token value={token}>"
            "<input name=answer value=approve><button>win</button></form>"
        )
        browser.get("data:text/html," + evil)
        browser.find_element(By.TAG_NAME, "button").click()
        arrived(browser, "Nothing was decided")
        served.settled()
        assert served.world.executor.sent == []
