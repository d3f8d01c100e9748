"""Nodes to a `Policy`, every shorthand turned into the forms it stands for.

`document` reads the whole, `entries` one member of `tools`, `rules`, `conditions` and `limits`
what is in them; `fields` takes nodes apart, by `shapes`; `agreement` checks what only the whole can
show. Must not know what a policy does: what cannot be meant is for `check`.
"""

from compiler.parse.document import Parsed, parse

__all__ = ["Parsed", "parse"]
