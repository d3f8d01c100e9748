"""The page that asks: who wants what with which arguments, why it was held, and the two buttons.

Must not know stores or links beyond the form's token. Pure.
"""

from html import escape

from starlette.responses import HTMLResponse

from handler.approvals.listing import Line, Listing
from handler.approvals.pages.layout import icon, page, shown
from handler.approvals.summary import Reason, Said, Summary, moment, span

LONGEST_NOTE = 500
"""Characters of a note."""

DEEPEST = 4
"""Levels that are indented further; deeper ones stand as deep as these, with their level named."""

FOOT = (
    "Opening this page decided nothing. The link is yours alone and works once: "
    "whoever has it can answer in your name."
)


def question(summary: Summary, token: str, now: float) -> HTMLResponse:
    """The page of a pending approval; `token` goes back with the form."""
    body = (
        f'<div class="card">{_head(summary, now)}{_why(summary)}{_arguments(summary)}'
        f"{_said(summary)}{_form(summary, token)}{_facts(summary)}</div>"
        f'<p class="foot">{FOOT}</p>'
    )
    return page(f"Run {summary.tool}?", body)


def _part(title: str, body: str) -> str:
    return f'<section class="part"><h2>{escape(title)}</h2>{body}</section>'


def _head(summary: Summary, now: float) -> str:
    left = span(summary.deadline - now)
    return (
        f'<div class="part"><p class="soft">Waiting for your answer · expires in {left}</p>'
        f'<h1>Run <span class="mono">{shown(summary.tool)}</span>?</h1>'
        f"<p><b>{shown(summary.agent)}</b> wants to make this call on "
        f"<b>{shown(summary.server)}</b>.</p>{_flags(summary.flags)}</div>"
    )


def _why(summary: Summary) -> str:
    return _part("Why it was held", "".join(map(_reason, summary.reasons)))


def _reason(reason: Reason) -> str:
    line = "" if reason.line is None else f", line {reason.line}"
    quorum = ""
    if reason.quorum > 1:
        quorum = f'<p class="soft">{len(reason.given)} of {reason.quorum} approvals given</p>'
    return (
        f'<div class="reason"><p>{shown(reason.text)}</p>'
        f'<p class="rule mono">{_breakable(reason.rule)}{line}</p>{quorum}</div>'
    )


def _breakable(rule: str) -> str:
    """A rule's name, whose lines break after its slashes."""
    return shown(rule).replace("/", "/<wbr>")


def _arguments(summary: Summary) -> str:
    return _part("Arguments", _listing(summary.arguments))


def _listing(listing: Listing) -> str:
    if not listing.lines:
        return '<p class="soft">The call has no arguments.</p>'
    rows = "".join(map(_row, listing.lines))
    unflagged = ""
    if listing.unflagged:
        unflagged = _flags((f"words in {listing.unflagged:,} more lines may be read as others.",))
    way = _way(listing)
    return f'{way}<dl class="values mono">{rows}</dl>{unflagged}{way}'


def _way(listing: Listing) -> str:
    """Through the parts of arguments that are more than one page."""
    if listing.parts == 1:
        return ""
    here, all = listing.part, listing.parts
    before = f' <a href="?part={here - 1}">Part before</a>' if here > 1 else ""
    after = f' <a href="?part={here + 1}">Next part</a>' if here < all else ""
    return (
        f'<p class="flag"><b>Part {here:,} of {all:,}.</b> The arguments are longer than one page.'
        f"{before}{after}</p>"
    )


def _row(line: Line) -> str:
    depth = min(line.depth, DEEPEST)
    level = f'<span class="soft">level {line.depth}</span> ' if line.depth > DEEPEST else ""
    span = f'<span class="soft">{line.span}</span> ' if line.span else ""
    text = shown(line.text) if line.text else f'<span class="soft">{line.kind}</span>'
    value = f"<dd>{span}{text}{_flags(line.flags)}</dd>"
    return f'<div class="d{depth}"><dt>{level}{shown(line.name)}</dt>{value}</div>'


def _flags(flags: tuple[str, ...]) -> str:
    return "".join(f'<p class="flag"><b>Look closely:</b> {shown(flag)}</p>' for flag in flags)


def _said(summary: Summary) -> str:
    if not summary.said:
        return ""
    items = "".join(map(_answer, summary.said))
    return _part("Answered already", f'<ul class="said">{items}</ul>')


def _answer(said: Said) -> str:
    word = "approved" if said.approved else "rejected"
    note = f" · “{shown(said.note)}”" if said.note else ""
    mark = icon("yes" if said.approved else "no")
    return (
        f"<li>{mark}<span><b>{shown(said.approver)}</b> {word}<br>"
        f'<span class="soft">{moment(said.at)}{note}</span></span></li>'
    )


def _form(summary: Summary, token: str) -> str:
    """The two buttons; who has more of the arguments to see can only say no."""
    yes = "Approve and run" if summary.one_yes_runs else "Approve"
    approve = f'<button class="approve" name="answer" value="approve">{yes}</button>'
    if summary.arguments.part < summary.arguments.parts:
        approve = f'<a href="?part={summary.arguments.part + 1}">Read on to approve</a>'
    return (
        '<form class="part" method="post" autocomplete="off">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        '<label for="note">Note <span>· optional, the agent can read it</span></label>'
        f'<textarea id="note" name="note" rows="2" maxlength="{LONGEST_NOTE}"></textarea>'
        '<div class="choice">'
        '<button class="reject" name="answer" value="reject">Reject</button>'
        f"{approve}</div></form>"
    )


def again(token: str) -> str:
    """The form that sends a yes once more."""
    return (
        '<form class="part" method="post" autocomplete="off">'
        f'<input type="hidden" name="token" value="{escape(token)}">'
        '<input type="hidden" name="note" value="">'
        '<button class="approve" name="answer" value="approve">Press again</button></form>'
    )


def _facts(summary: Summary) -> str:
    facts = {
        "Asked": moment(summary.asked_at),
        "Expires": moment(summary.deadline),
        "Policy": f'<span class="mono">{escape(summary.revision[:16])}</span>',
        "Approval": f'<span class="mono">{escape(summary.id)}</span>',
    }
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items())
    return f'<div class="part"><dl class="facts">{rows}</dl></div>'
