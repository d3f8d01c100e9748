"""The gateway as an OAuth 2.1 resource server (MCP 2026-07-28, basic/authorization).

In the order a token takes: `keys` (whose signature) -> `bearer` (what the token says, checked) ->
`entrance` (which grant that is). `metadata` tells clients where tokens come from.
"""
