"""The deployment's keys, from one secret. Pure.

The secret is JSON, `{"current": TEXT, "previous": [TEXT, …]}`, newest first. Every purpose has a
key of its own, derived from a text, so that what is sealed for one cannot serve another.
"""

import hashlib
import json

from compiler.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """The secret's texts, the newest first."""

    texts: tuple[str, ...]

    @classmethod
    def read(cls, secret: str) -> "Keys":
        """Raises ValueError for a secret of any other form."""
        fields = json.loads(secret)
        return cls((fields["current"], *fields["previous"]))

    def seal(self) -> list[bytes]:
        """The newest seals, all of them open."""
        return [_derived(text, "seal") for text in self.texts]

    def forms(self) -> list[bytes]:
        """The newest signs the forms of approval pages, all of them prove them."""
        return [_derived(text, "form") for text in self.texts]

    @property
    def per(self) -> bytes:
        """Names the tallies of `per` limits. The oldest stays, so rotating starts none at zero."""
        return _derived(self.texts[-1], "per")

    def __repr__(self) -> str:
        return f"Keys({len(self.texts)})"


def _derived(text: str, purpose: str) -> bytes:
    key = hashlib.sha256(text.encode()).digest()
    return hashlib.blake2b(purpose.encode(), key=key, digest_size=32).digest()
