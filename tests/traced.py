"""An agent that is instrumented: the official client takes the trace around it into its calls."""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


@contextmanager
def in_trace(trace: str = TRACE) -> Iterator[None]:
    """Calls that begin in here, and tasks that do, belong to this trace."""
    span = SpanContext(int(trace, 16), int(SPAN, 16), is_remote=False, trace_flags=TraceFlags(1))
    token = context.attach(set_span_in_context(NonRecordingSpan(span)))
    try:
        yield
    finally:
        context.detach(token)
