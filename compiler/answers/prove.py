"""Whether a policy can ever admit what must never happen.

Must not know the text of claims, or commands. A condition of a claim holds where it is true: what
cannot be compared is not meant. A call is admitted if it is with every tally empty: of limits only
those count that it breaks by itself.
"""

from dataclasses import dataclass, replace

from compiler.answers.claim import Claim
from compiler.answers.demands import Demands
from compiler.answers.effort import Effort, Exhausted, TooMany
from compiler.answers.places import Example
from compiler.answers.questions import Asked, Kind, Question, condition_asked
from compiler.answers.search import Doubt, Search
from compiler.answers.tools import Serving, to_look_at
from compiler.answers.witness import NotReproduced, Witness, witness
from compiler.meaning import ONE, Facts, Meaning, answer_on
from compiler.names import amount_text
from compiler.policy import Operator, Policy
from compiler.truth import Truth
from compiler.verdict import Effect, Verdict


@dataclass(frozen=True, slots=True)
class Proof:
    """`counterexample` and its verdict, or reasons why nobody can say, or neither: it holds."""

    claim: Claim
    counterexample: Witness | None = None
    verdict: Verdict | None = None
    undecided: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.counterexample is None and not self.undecided


def prove(policy: Policy, claim: Claim) -> Proof:
    """Look for an admitted call that the claim rules out. Raises `NotReproduced`."""
    serving, meaning = Serving(policy), Meaning(policy)
    names, doubt = to_look_at((serving,), within=claim.tool)
    reasons = dict.fromkeys([doubt] if doubt else [])
    looked: set[Demands] = set()
    effort = Effort()
    for tool in names:
        demands = serving.demands(tool)
        asked = _fitting(demands) if demands else None
        if asked is None or asked in looked:
            continue
        looked.add(asked)
        try:
            found = _find(asked, claim, effort)
        except Exhausted as error:
            reasons[str(error)] = None
            break
        if isinstance(found, Example):
            return _shown(meaning, claim, witness(tool, found))
        if isinstance(found, Doubt):
            reasons.update(dict.fromkeys(f"`{tool}`: {reason}" for reason in found.reasons))
    return Proof(claim, undecided=tuple(reasons))


def _fitting(demands: Demands) -> Demands | None:
    """The demands with each cost one that an empty tally admits; None: no call has such costs."""
    needed = list(demands.needed)
    for tally in demands.tallies:
        if tally.source is not None:
            place, question = tally.source
            most = Question(Kind.PASSES, Operator.LTE, amount_text(tally.maximum), question.rest)
            needed.append(Asked(place, most))
        elif tally.maximum < ONE:
            return None
    return replace(demands, needed=tuple(dict.fromkeys(needed)), tallies=())


def _find(demands: Demands, claim: Claim, effort: Effort) -> Example | Doubt | None:
    meant = [condition_asked(one, Kind.PASSES) for one in claim.conditions]
    outside = list(demands.refused)
    if claim.without_approval:
        outside += [one.meets for one in demands.held]
    try:
        search = Search((*meant, *demands.asked()), effort)
        return search.find(((one, True) for one in (*meant, *demands.needed)), outside)
    except Exhausted:
        raise
    except TooMany as error:
        return Doubt((str(error),))


def _shown(meaning: Meaning, claim: Claim, shown: Witness) -> Proof:
    """The counterexample, after the specification has confirmed it."""
    verdict = shown.decided(meaning)
    ruled_out = [Effect.ALLOW, *([] if claim.without_approval else [Effect.REQUIRE_APPROVAL])]
    fits = all(charge.cost <= charge.maximum for charge in verdict.charges)
    if verdict.effect not in ruled_out or not fits or not _meant(claim, shown):
        raise NotReproduced(f"this call is no counterexample: {shown.line}")
    return Proof(claim, shown, verdict)


def _meant(claim: Claim, shown: Witness) -> bool:
    facts = Facts.of(*shown.facts())
    return all(
        answer_on(facts.read(one.path), one.operator, one.value, (Truth.TRUE,)) is Truth.TRUE
        for one in claim.conditions
    )
