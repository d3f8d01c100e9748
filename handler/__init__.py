"""The gateway: judges every `tools/call` by a compiled policy before the upstream sees it."""

__version__ = "0.1.0"
