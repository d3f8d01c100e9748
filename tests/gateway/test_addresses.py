"""Which addresses an upstream may have."""

from ipaddress import ip_address

import pytest

from handler.gateway.addresses import Forbidden, Reach, check, reach

PUBLIC = ["8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808"]
PRIVATE = ["10.0.0.1", "192.168.1.1", "172.16.0.1", "127.0.0.1", "::1", "fd00::1", "64:ff9b::a00:1"]
NEVER = [
    "169.254.169.254",
    "fe80::1",
    "224.0.0.1",
    "ff02::1",
    "0.0.0.0",
    "::",
    "255.255.255.255",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "::169.254.169.254",
]


def allowed(address: str, far: Reach) -> bool:
    try:
        check(ip_address(address), far)
    except Forbidden:
        return False
    return True


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_within_reach(address: str) -> None:
    assert allowed(address, Reach.PUBLIC) and allowed(address, Reach.PRIVATE)
    assert not allowed(address, Reach.LOOPBACK)


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_need_the_operator_s_word(address: str) -> None:
    assert not allowed(address, Reach.PUBLIC)
    assert allowed(address, Reach.PRIVATE)


@pytest.mark.parametrize("address", NEVER)
def test_metadata_link_local_and_multicast_are_never_within_reach(address: str) -> None:
    assert not any(allowed(address, far) for far in Reach)


@pytest.mark.parametrize("address", ["2002:7f00:1::1", "::ffff:10.0.0.1", "2002:a00:1::1"])
def test_a_private_address_inside_another_form_is_not_public(address: str) -> None:
    assert not allowed(address, Reach.PUBLIC)


@pytest.mark.parametrize(
    "url",
    [
        "https:///mcp",
        "https://crm.example:0/mcp",
        "https://crm.example:99999/mcp",
        "https://me@crm.example/mcp",
        "https://:secret@crm.example/mcp",
        "ftp://crm.example/mcp",
        "https://[::1/mcp",
        "https://169.254.169.254/mcp",
    ],
)
def test_a_url_that_no_upstream_has_is_never_within_reach(url: str) -> None:
    for private_network in (False, True):
        with pytest.raises(Forbidden):
            reach(url, private_network)


def test_plain_http_is_for_this_machine_alone_and_only_where_private_addresses_may_be() -> None:
    assert reach("http://crm.example/mcp", True) is Reach.LOOPBACK
    for url, private_network in (("http://crm.example/", False), ("http://10.0.0.1/", True)):
        with pytest.raises(Forbidden):
            reach(url, private_network)
