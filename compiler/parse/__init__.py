"""Nodes to a `Policy`, every shorthand turned into the forms it stands for.

`document` reads the whole, `entries` one member of `tools`, `rules`, `conditions` and `limits`
what is in them; `fields` takes nodes apart; `agreement` checks what only the whole can show.
"""

from compiler.parse.document import Parsed, parse

__all__ = ["Parsed", "parse"]
