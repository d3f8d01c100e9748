"""What is deployed of one policy: its decision table, its WASM module where it has one, its source.

Must not know what the parts mean. The digest of the bytes names the policy revision; equal sources
compiled by the same compiler give equal bytes. Little-endian: magic, format version, 0, the three
lengths; then table, module and source.
"""

import hashlib
import struct

from compiler.frozen import dataclass

MAGIC = b"HPAR"
VERSION = 1

_HEADER = struct.Struct("<4sHHIII")


class ArtifactError(ValueError):
    """The bytes are no artifact that this version opens. The text says why."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What an artifact holds."""

    table: bytes
    """`compiler.table`'s bytes."""
    source: bytes
    """The policy.json it was compiled from, for history and diff."""
    module: bytes = b""
    """A WASM module, or empty."""


def pack(parts: Parts) -> bytes:
    """The artifact's bytes."""
    bodies = (parts.table, parts.module, parts.source)
    return _HEADER.pack(MAGIC, VERSION, 0, *map(len, bodies)) + b"".join(bodies)


def unpack(data: bytes, digest: str) -> Parts:
    """The parts of the artifact with this digest. Raises `ArtifactError` for any other bytes."""
    if len(data) < _HEADER.size or not data.startswith(MAGIC):
        raise ArtifactError("these bytes are not a policy artifact")
    _, version, _, *lengths = _HEADER.unpack_from(data)
    if version != VERSION:
        raise ArtifactError(
            f"the artifact has format version {version} and this program opens {VERSION}; "
            "compile the policy again"
        )
    if len(data) != _HEADER.size + sum(lengths):
        raise ArtifactError("the artifact is cut short")
    if digest_of(data) != digest:
        raise ArtifactError("the artifact is damaged: its digest does not match its name")
    table, module, source = _split(data[_HEADER.size :], lengths)
    return Parts(table, source, module)


def digest_of(data: bytes) -> str:
    """Hex SHA-256 of an artifact's bytes: the policy revision."""
    return hashlib.sha256(data).hexdigest()


def _split(data: bytes, lengths: list[int]) -> list[bytes]:
    parts, place = [], 0
    for length in lengths:
        parts.append(data[place : place + length])
        place += length
    return parts
