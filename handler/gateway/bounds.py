"""How much and how long, as values: the two worlds differ in these, not in code. Pure."""

from compiler.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds and bytes. The defaults are those of the embedded world."""

    streaming: bool = True
    """Whether an answer may be sent in pieces; behind a buffering front door it may not."""
    store_seconds: float = 3.0
    """After this a store step is a denial."""
    connect_seconds: float = 5.0
    upstream_seconds: float = 300.0
    """How long an upstream may be silent, and how long a whole buffered answer may take."""
    leg_seconds: float = 25.0
    """How long one leg of a held call waits; 0 answers at once."""
    most_legs: int | None = None
    """How many waiting legs one grant may begin in `leg_seconds`; None: any number."""
    most_waiting: int = 64
    """How many requests of one grant wait here at a time: each looks at the store while it does."""
    stream_seconds: float = 55.0
    """How long a held call waits on a stream: clients give up at 60."""
    progress_seconds: float = 10.0
    standing_seconds: float = 3_600.0
    """How long a client may listen on one stream that nothing was asked on."""
    look_seconds: float = 5.0
    """How soon such a stream ends where nothing is said on it and it may not go on."""
    largest_request: int = 2_621_440
    largest_answer: int = 16_777_216
    """Of an upstream's, as it came."""
    largest_reply: int | None = None
    """Of a whole answer to a client: a front door may take no more."""
    origins: frozenset[str] = frozenset()
    """Web origins that may call; a request that names another is refused."""
