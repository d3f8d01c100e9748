"""Sealing: bytes that only this deployment can read, and that nobody can change.

Must not know what is sealed or where it is kept. AES-256-GCM (NIST SP 800-38D) with a random 96-bit
nonce; the context is associated data, so what was sealed for one purpose opens for no other. A
sealed form is a version byte, the nonce, then the ciphertext with its tag.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # loaded by what is sealed first: an allowed call seals nothing
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16
OVERHEAD = len(VERSION) + NONCE_BYTES + TAG_BYTES
"""Bytes that sealing adds."""


class SealBroken(Exception):
    """Not sealed by one of these keys for this context, or changed since. Says no more."""

    def __init__(self) -> None:
        super().__init__("this was not sealed here, or it was changed")


class Sealer:
    """Seals with the first key and opens with any, so that keys can be rotated."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        """Raises ValueError without a key, or where one is not 32 bytes."""
        if not keys or any(len(key) != KEY_BYTES for key in keys):
            raise ValueError(f"sealing needs at least one key, each of {KEY_BYTES} bytes")
        self._keys = tuple(keys)

    @cached_property
    def _ciphers(self) -> "list[AESGCM]":
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return [AESGCM(key) for key in self._keys]

    def seal(self, data: bytes, context: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return VERSION + nonce + self._ciphers[0].encrypt(nonce, data, _bound(context))

    def open(self, sealed: bytes, context: str) -> bytes:
        """What was sealed. Raises `SealBroken`."""
        from cryptography.exceptions import InvalidTag

        if len(sealed) < OVERHEAD or not sealed.startswith(VERSION):
            raise SealBroken
        nonce, ciphertext = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        for cipher in self._ciphers:
            try:
                return cipher.decrypt(nonce, ciphertext, _bound(context))
            except InvalidTag:
                continue
        raise SealBroken

    def seal_text(self, data: bytes, context: str) -> str:
        """Sealed as text of letters, digits, `-` and `_`."""
        return urlsafe_b64encode(self.seal(data, context)).decode().rstrip("=")

    def open_text(self, text: str, context: str) -> bytes:
        """What was sealed as text. Raises `SealBroken`."""
        return self.open(_decoded(text), context)


def _bound(context: str) -> bytes:
    return VERSION + context.encode()


def _decoded(text: str) -> bytes:
    """Only the one spelling that `seal_text` wrote: base64 leaves room for several."""
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        raise SealBroken from None
    if urlsafe_b64encode(sealed).decode().rstrip("=") != text:
        raise SealBroken
    return sealed
