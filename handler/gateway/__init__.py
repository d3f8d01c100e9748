"""The policy enforcement point: between an agent's MCP client and the upstream server.

In the order a request takes: `endpoint` (HTTP) -> `protocol` (the request ladder, pure) ->
`admission` (who asks, and of which server) -> `enforce` (a tool call) or `surface` (every other
method) -> `upstream` (HTTP again) -> `relay` (what came back).
"""
