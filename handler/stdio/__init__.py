"""MCP over standard streams: programs as upstreams, and the gateway in front of one client.

Upstream side: `commands` (which program serves a request) -> `peer` (which answer belongs to which
request) -> `child` (one process) -> `lines`. Client's side: `door`.
"""
