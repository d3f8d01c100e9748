"""The mail that asks one approver about one held call, as text and as HTML. Pure.

It says what the page behind its link says. Must not know how a mail is sent.
"""

from html import escape

from handler.approvals.listing import Line
from handler.approvals.ports import Mail
from handler.approvals.summary import Reason, Summary, moment, span

NAMES_ONLY = "This policy keeps values out of mails; the page shows them."


def compose(summary: Summary, approver: str, url: str) -> Mail:
    """The mail to one approver. `url` holds the link's secret."""
    return Mail(
        to=approver,
        subject=f"Approve {_short(summary.tool)} for {_short(summary.agent)}?",
        text=_text(summary, url),
        html=_html(summary, url),
        about=summary.id,
    )


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:60]}…"


def _intro(summary: Summary) -> str:
    return f"{summary.agent} wants to call {summary.tool} on {summary.server}."


def _expiry(summary: Summary) -> str:
    left = span(summary.deadline - summary.asked_at)
    return f"It waits for {left}, until {moment(summary.deadline)}."


FOOTER = (
    "Opening the page decides nothing. The link is for you alone and works once: "
    "whoever has it can answer in your name."
)


def _lines(summary: Summary) -> list[Line]:
    """The lines a mail may show: all, or the names of the top level."""
    lines = summary.arguments.lines
    return [line for line in lines if line.depth == 0] if summary.names_only else list(lines)


def _flags(summary: Summary) -> list[str]:
    """The warnings about mixed scripts. Where values stay out of the mail, so do their words."""
    if summary.names_only:
        return list(summary.flags)
    shown = summary.arguments
    more = (
        [f"words in {shown.unflagged:,} more lines may be read as others"]
        if shown.unflagged
        else []
    )
    return [*summary.flags, *(flag for line in shown.lines for flag in line.flags), *more]


def _left_out(summary: Summary) -> str:
    """What the mail does not show, in a sentence, or nothing."""
    if summary.names_only:
        return NAMES_ONLY
    count = summary.arguments.omitted
    return f"{count:,} more lines are not shown here; the page shows all." if count else ""


def _answers(summary: Summary) -> list[str]:
    return [f"{s.approver} {'approved' if s.approved else 'rejected'} it." for s in summary.said]


# --- text -------------------------------------------------------------------------------------


def _text(summary: Summary, url: str) -> str:
    parts = [
        _intro(summary),
        "Approve or reject it here:\n" + url,
        _expiry(summary),
        "Why it was held\n" + "\n".join(map(_text_reason, summary.reasons)),
        "Arguments\n" + _text_arguments(summary),
        "\n".join(f"Look closely: {flag}" for flag in _flags(summary)),
        "\n".join(_answers(summary)),
        FOOTER,
        f"Approval {summary.id}, policy revision {summary.revision[:12]}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _text_reason(reason: Reason) -> str:
    asks = f", asks for {reason.quorum} approvers" if reason.quorum > 1 else ""
    return f"  {reason.text}\n  (rule {_place(reason)}{asks})"


def _place(reason: Reason) -> str:
    return reason.rule if reason.line is None else f"{reason.rule}, line {reason.line}"


def _text_arguments(summary: Summary) -> str:
    lines = [_text_line(line, summary.names_only) for line in _lines(summary)] or ["  none"]
    left_out = _left_out(summary)
    return "\n".join([*lines, f"  ({left_out})"] if left_out else lines)


def _text_line(line: Line, name_only: bool) -> str:
    """One argument; further lines of a value are marked so that none passes for an argument."""
    indent = "  " * (line.depth + 1)
    if name_only:
        return f"{indent}{line.name}"
    first, *rest = line.text.split("\n")
    head = f"{indent}{line.name}: {first}".rstrip()
    return "\n".join([head, *(f"{indent}  | {further}" for further in rest)])


# --- HTML -------------------------------------------------------------------------------------

FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
MONO = "font-family:ui-monospace,Menlo,Consolas,monospace"
MUTED = "color:#56606b;font-size:13px;line-height:1.5"
HEADING = f"{MUTED};font-weight:600;margin:24px 0 8px"


def _html(summary: Summary, url: str) -> str:
    """The same facts. Inline styles, since mail programs drop style sheets."""
    parts = [
        f'<p style="{MUTED};margin:0 0 4px">Waiting for your answer</p>',
        f'<h1 style="font-size:22px;line-height:1.3;margin:0 0 8px">Run '
        f'<span style="{MONO}">{escape(summary.tool)}</span>?</h1>',
        f'<p style="margin:0 0 20px">{escape(_intro(summary))}</p>',
        _html_button(url),
        f'<p style="{MUTED};margin:12px 0 0">{escape(_expiry(summary))}</p>',
        f'<p style="{HEADING}">Why it was held</p>',
        *map(_html_reason, summary.reasons),
        f'<p style="{HEADING}">Arguments</p>',
        _html_arguments(summary),
        *(_html_flag(flag) for flag in _flags(summary)),
        *(f'<p style="margin:8px 0">{escape(text)}</p>' for text in _answers(summary)),
        f'<p style="{MUTED};margin:24px 0 0;border-top:1px solid #dfe3e8;padding-top:16px">'
        f"{escape(FOOTER)}<br>Approval {escape(summary.id)}, policy revision "
        f"{escape(summary.revision[:12])}</p>",
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        "<title>Approval</title></head>"
        f'<body style="margin:0;padding:24px 12px;background:#f5f6f8;color:#171b20;{FONT};'
        'font-size:16px;line-height:1.5">'
        '<div style="max-width:560px;margin:0 auto;background:#ffffff;border:1px solid #dfe3e8;'
        f'border-radius:12px;padding:28px 24px">{"".join(parts)}</div></body></html>'
    )


def _html_button(url: str) -> str:
    return (
        f'<a href="{escape(url)}" target="_blank" rel="noreferrer" style="display:inline-block;'
        "background:#0d6b48;color:#ffffff;text-decoration:none;font-weight:600;padding:12px 20px;"
        'border-radius:8px">Review and answer</a>'
    )


def _html_reason(reason: Reason) -> str:
    asks = f" · asks for {reason.quorum} approvers" if reason.quorum > 1 else ""
    return (
        f'<p style="margin:0 0 8px">{escape(reason.text)}<br>'
        f'<span style="{MUTED};{MONO};word-break:break-all">{escape(_place(reason))}</span>'
        f'<span style="{MUTED}">{asks}</span></p>'
    )


def _html_arguments(summary: Summary) -> str:
    rows = "".join(_html_line(line, summary.names_only) for line in _lines(summary))
    left_out = _left_out(summary)
    note = f'<p style="{MUTED};margin:8px 0">{escape(left_out)}</p>' if left_out else ""
    if not rows:
        return f'<p style="margin:0">none</p>{note}'
    style = "width:100%;border-collapse:collapse;table-layout:fixed"
    return f'<table style="{style}">{rows}</table>{note}'


def _html_line(line: Line, name_only: bool) -> str:
    cell = "padding:8px 0;border-top:1px solid #eceff2;vertical-align:top;font-size:14px"
    text = "" if name_only else escape(line.text).replace("\n", "<br>")
    indent = 12 + 16 * line.depth
    return (
        f'<tr><td style="{cell};{MONO};color:#56606b;padding-right:12px;'
        f'padding-left:{indent - 12}px;width:32%;word-break:break-word">{escape(line.name)}</td>'
        f'<td style="{cell};{MONO};white-space:pre-wrap;word-break:break-word">{text}</td></tr>'
    )


def _html_flag(flag: str) -> str:
    return (
        '<p style="margin:12px 0 0;padding:8px 12px;background:#fff4d6;color:#5c4300;'
        f'border-radius:8px;font-size:14px">Look closely: {escape(flag)}</p>'
    )
