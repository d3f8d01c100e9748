"""HTTP/1.1 as a client speaks it over blocking sockets: no retry, no redirect, no proxy.

Must not know AWS, MCP or who asks. What serves in Lambda uses it: docs/decisions/http.md says why.
"""
