"""Which addresses an upstream may have: pure rules, and a look-up that applies them.

Must not know servers or requests. What is checked is what is connected to.
"""

import socket
from enum import Enum
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address

NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""RFC 6052 and RFC 8215: an IPv4 address stands in the last 32 bits."""


class Reach(Enum):
    """How far a registration lets the gateway go."""

    PUBLIC = "public addresses only"
    PRIVATE = "public and private addresses"
    LOOPBACK = "this machine only"


class Forbidden(OSError):
    """The upstream's address is one that the registration does not allow."""


@lru_cache(1_024)  # asked of each call: of the few URLs that are registered
def reach(url: str, private_network: bool) -> Reach:
    """How far the gateway may go for this URL. Raises `Forbidden` for a URL that is never allowed.

    Plain http is for loopback only, and only where private addresses are allowed.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Forbidden("the upstream's URL cannot be read") from None
    if not host or port == 0 or parts.username is not None or parts.password is not None:
        raise Forbidden("the upstream's URL must have a host and no user name")
    if parts.scheme == "https":
        found = Reach.PRIVATE if private_network else Reach.PUBLIC
    elif parts.scheme == "http" and private_network:
        found = Reach.LOOPBACK
    else:
        raise Forbidden("the upstream's URL must be https, or http on this machine")
    if (literal := _literal(host)) is not None:
        check(literal, found)
    return found


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def check(address: Address, allowed: Reach) -> None:
    """Raise `Forbidden` unless the address, and any address it stands for, is within reach."""
    for each in (address, *embedded(address)):
        if allowed is Reach.LOOPBACK:
            permitted = each.is_loopback
        elif allowed is Reach.PRIVATE:
            permitted = not _never(each)
        else:
            permitted = each.is_global and not _never(each)
        if not permitted:
            raise Forbidden("the upstream's address is not allowed; see private_network")


def _never(address: Address) -> bool:
    """Addresses no upstream has: metadata services answer on link-local ones."""
    return (
        address.is_link_local
        or address.is_multicast
        or address.is_unspecified
        or (address.is_reserved and not (address.is_loopback or _is_translated(address)))
        or address in (IPv4Address("255.255.255.255"), IPv6Address("fd00:ec2::254"))
    )


def _is_translated(address: Address) -> bool:
    return isinstance(address, IPv6Address) and (
        any(address in network for network in NAT64) or address.ipv4_mapped is not None
    )


def embedded(address: Address) -> list[Address]:
    """The IPv4 addresses that an IPv6 address stands for: mapped, 6to4, Teredo and NAT64 forms."""
    if isinstance(address, IPv4Address):
        return []
    found: list[Address | None] = [address.ipv4_mapped, address.sixtofour]
    found += list(address.teredo or ())
    if any(address in network for network in NAT64) or int(address) >> 32 == 0:
        found.append(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.is_loopback or address.is_unspecified:
        return []
    return [each for each in found if each is not None]


def addresses(host: str, port: int, allowed: Reach) -> list[str]:
    """The addresses of a name, in ASCII, as the system looks it up. Blocking.

    Raises `Forbidden` for a name with any address out of reach, and OSError for one not known.
    """
    name = host.encode("ascii")
    found = [str(peer[0]) for *_, peer in socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)]
    for address in found:
        check(ip_address(address.partition("%")[0]), allowed)
    return found
