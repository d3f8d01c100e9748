"""The gateway: judges every `tools/call` by a compiled policy before the upstream sees it."""
