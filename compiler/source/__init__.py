"""JSON text to nodes that know where they stand. Must not know the language of policies.

`text` decodes the bytes, `tokens` are the patterns, `reader` follows them, `nodes` are the answer.
"""

from compiler.source.nodes import ListNode, Member, Node, ObjectNode, Scalar, plain
from compiler.source.reader import MOST_VALUES, read
from compiler.source.text import LARGEST, Source, decode
from compiler.source.uncollected import uncollected

__all__ = [
    "LARGEST",
    "MOST_VALUES",
    "ListNode",
    "Member",
    "Node",
    "ObjectNode",
    "Scalar",
    "Source",
    "decode",
    "plain",
    "read",
    "uncollected",
]
