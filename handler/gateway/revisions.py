"""The revisions of MCP and their two eras. Pure.

Legacy revisions open a session with `initialize`; the modern one is stateless, and every request
carries its version and capabilities in `_meta`.
"""

from enum import Enum


class Era(Enum):
    """How a request is framed. It is read from each request: one agent may use both."""

    LEGACY = "legacy"
    MODERN = "modern"


LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = ("2026-07-28",)

ASSUMED = "2025-03-26"
"""What a legacy request without a version header speaks (2025-06-18, basic/transports)."""

NEWEST_LEGACY = LEGACY[-1]

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
SUBSCRIPTION_KEY = "io.modelcontextprotocol/subscriptionId"
"""Keys of a modern request's `_meta` (2026-07-28, basic)."""
