"""Links, form tokens and origins."""

import pytest

from handler.approvals.links import form_token, is_form_token, is_own_origin, link_hash, mint

HTTPS = "https://gate.example.com"


def test_a_link_has_256_bits_and_is_never_minted_twice() -> None:
    minted = {mint() for _ in range(100)}
    assert len(minted) == 100
    assert all(len(secret) == 43 and len(link_hash(secret)) == 64 for secret in minted)


@pytest.mark.parametrize("wrong", ["", "a", "a" * 42, "a" * 44, "a" * 42 + "\n", "é" * 43])
def test_a_text_that_is_no_link_has_no_hash(wrong: str) -> None:
    assert link_hash(wrong) == ""


def test_a_form_token_is_good_for_its_link_and_its_deployment_only() -> None:
    one, other = mint(), mint()
    token = form_token(b"key", one)
    assert is_form_token(b"key", one, token)
    assert not is_form_token(b"key", other, token)
    assert not is_form_token(b"yek", one, token)
    assert not is_form_token(b"key", one, "")
    assert not is_form_token(b"key", one, "é")


@pytest.mark.parametrize(
    ("origin", "site", "base_url", "ours"),
    [
        (HTTPS, "same-origin", HTTPS, True),
        ("null", "same-origin", HTTPS, True),
        (None, None, HTTPS, True),
        ("null", None, "http://192.0.2.7:8080", True),
        ("null", None, HTTPS, False),
        ("null", "cross-site", HTTPS, False),
        (None, "cross-site", HTTPS, False),
        (HTTPS, "same-site", HTTPS, False),
        ("https://evil.example.com", None, HTTPS, False),
        ("https://gate.example.com.evil.example", None, HTTPS, False),
        ("http://gate.example.com", None, HTTPS, False),
        ("", None, HTTPS, False),
    ],
)
def test_only_our_own_page_may_post(
    origin: str | None, site: str | None, base_url: str, ours: bool
) -> None:
    assert is_own_origin(origin, site, base_url) is ours
