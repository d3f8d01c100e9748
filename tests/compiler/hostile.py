"""Policies built to hurt the compiler, each compiled in a process of its own with little memory.

Run as `python -m tests.compiler.hostile NAME`: compiles one under a limit of address space, and
prints what it took as JSON. With the name of an answer after it, that is asked of the policy.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from compiler.answers.claim import parse_claim
from compiler.answers.diff import diff
from compiler.answers.prove import prove
from compiler.answers.wording import difference_text
from compiler.build import build
from compiler.explain.sentences import sentences
from compiler.exposure.listing import listing
from compiler.exposure.whole import exposure
from compiler.fix import fix
from compiler.parse import parse
from compiler.policy import Policy

MEMORY = 2 * 1024**3
"""Bytes of address space: what a compiler of a file of 8 MB may take at the very most."""

SIZE = 8_000_000
"""Near the largest file that is read."""

ROOT = Path(__file__).parents[2]


def document(tools: str, more: str = "") -> str:
    return f'{{"version": "1", "default": "deny", {more}"tools": {{{tools}}}}}'


def filled(make: Callable[[int], str], size: int = SIZE) -> Iterable[str]:
    """`make(0)`, `make(1)`, ... until they fill a file of this size."""
    left, number = size - 200, 0
    while True:
        part = make(number)
        left -= len(part) + 1
        if left < 0:
            return
        yield part
        number += 1


def tools(make: Callable[[int], str], size: int = SIZE) -> str:
    return ",".join(filled(lambda number: f'"t{number}":{make(number)}', size))


def rule(condition: str) -> str:
    return f'{{"deny_if":[{{"conditions":[{condition}]}}]}}'


def condition(op: str, value: str, path: str = "args.a") -> str:
    return f'{{"path":"{path}","op":"{op}","value":{value}}}'


def conditions(make: Callable[[int], str], size: int = SIZE) -> str:
    return document(f'"t":{{"deny_if":[{{"conditions":[{",".join(filled(make, size))}]}}]}}')


def patterns(make: Callable[[int], str], size: int = SIZE) -> str:
    return conditions(lambda number: condition("regex", json.dumps(make(number))), size)


SHARED = '{"counter":"c","window":"day","max":1,"shared":true}'
ALWAYS = '{"conditions":[]}'

POLICIES: dict[str, Callable[[], str]] = {
    "nothing": lambda: "",
    "brackets": lambda: "[" * SIZE,
    "objects": lambda: '{"a":' * (SIZE // 5),
    "nested-as-deep-as-allowed": lambda: conditions(
        lambda _: condition("eq", "[" * 58 + "]" * 58)
    ),
    "a-long-string": lambda: f'"{"a" * SIZE}"',
    "ten-megabytes": lambda: f'"{"a" * 10_000_000}"',
    "escapes": lambda: '"' + "\\u0061" * (SIZE // 6) + '"',
    "half-pairs": lambda: '"' + "\\ud800" * (SIZE // 6) + '"',
    "open-string": lambda: '"' + "\\" * SIZE,
    "comments": lambda: "#\n" * (SIZE // 2),
    "an-open-comment": lambda: '{"a":/*' + " /*" * (SIZE // 3),
    "other-quotes": lambda: "[" + "''," * (SIZE // 3),
    "keys-without-quotes": lambda: document(",".join(filled(lambda n: f"t{n}:{{}}"))),
    "words": lambda: '{"a":1' + " a" * (SIZE // 2),
    "a-million-tools": lambda: document(tools(lambda _: "{}")),
    "one-key-many-times": lambda: document(",".join(filled(lambda _: '"a":{}'))),
    "unknown-long-keys": lambda: document(
        ",".join(filled(lambda n: f'"t{n}":{{"{"denyif" * 1300}{n}":1}}'))
    ),
    "unknown-long-words": lambda: document(
        tools(lambda n: rule(condition("equalss" * 1200, "1")))
    ),
    "many-globs": lambda: document(",".join(filled(lambda n: f'"{n}*":{{}}'))),
    "globs-of-one-length": lambda: document(
        ",".join(f'"{n:04}{"*x" * 3900}":{{}}' for n in range(1000))
    ),
    "globs-over-many-names": lambda: document(
        ",".join(f'"*{"a" * n}*":{{"action":"deny"}}' for n in range(1000))
        + "," + tools(lambda n: "{}", 1_000_000)
    ),
    "rules-for-every-tool": lambda: document(
        tools(lambda n: "{}", 1_000_000),
        f'"all_tools":{{"deny_if":[{",".join(filled(lambda n: rule_of(n), 6_000_000))}]}},',
    ),
    "rules-for-many-tools": lambda: document(
        tools(lambda n: "{}", 1_000_000),
        f'"all_tools":{{"deny_if":[{",".join(rule_of(n) for n in range(5))}]}},',
    ),
    "limits-for-every-tool": lambda: document(
        tools(lambda n: "{}", 1_000_000),
        '"all_tools":{"limits":['
        + ",".join(f'{{"counter":"c{n}","window":"day","max":1}}' for n in range(32))
        + "]},",
    ),
    "many-limits": lambda: document(
        '"t":{"limits":['
        + ",".join(filled(lambda n: f'{{"counter":"c{n}","window":"day","max":1}}'))
        + "]}"
    ),
    "one-counter-many-times": lambda: document(
        tools(lambda _: f'{{"limits":[{SHARED}]}}', 7_000_000)
    ),
    "many-conditions": lambda: conditions(lambda n: condition("eq", str(n))),
    "many-empty-rules": lambda: document(
        f'"t":{{"deny_if":[{",".join(filled(lambda _: ALWAYS))}]}}'
    ),
    "a-long-path": lambda: conditions(
        lambda n: condition("eq", "1", "args" + ".a" * 64)
    ),
    "a-path-too-long": lambda: conditions(
        lambda n: condition("eq", "1", "args" + ".a" * 1_900_000)
    ),
    "a-long-list": lambda: conditions(
        lambda _: condition("in", "[" + ",".join(map(str, range(300_000))) + "]"), 7_000_000
    ),
    "many-approvers": lambda: document(
        "", '"approvals":{"approvers":[' + ",".join(filled(lambda n: f'"a{n}@b"')) + "]},"
    ).replace(',"tools": {}', ""),
    "many-hidden": lambda: document(
        "", '"hide":[' + ",".join(filled(lambda n: f'"t{n}"')) + "],"
    ),
    "long-numbers": lambda: conditions(lambda _: condition("eq", "1" * 1_000_000)),
    "long-exponents": lambda: conditions(lambda _: condition("eq", "1e" + "9" * 1_000_000)),
    "one-long-line-of-warnings": lambda: document(tools(lambda n: rule(condition("gt", "1")))),
    "pattern-counted": lambda: patterns(lambda n: f"(a{{1,{n % 1000 + 1}}}){{1,1000}}", 200_000),
    "pattern-states": lambda: patterns(lambda n: f"{n}(a|b)*a(a|b){{12}}"),
    "pattern-many": lambda: patterns(lambda n: f"^x{n}(a|b)*a(a|b){{6}}$"),
    "pattern-classes": lambda: patterns(lambda n: f"\\p{{L}}{n}\\pN\\PL\\p{{Greek}}."),
    "pattern-long": lambda: patterns(lambda n: "a" * 7_000_000),
    "pattern-wide": lambda: patterns(lambda n: "|".join(f"a{m}" for m in range(900_000)), SIZE),
    "pattern-open": lambda: patterns(lambda n: "(" * 7_000_000),
    "pattern-stars": lambda: patterns(lambda n: "(" * 500 + "a" + "*)" * 500),
    "pattern-class-ranges": lambda: patterns(
        lambda n: "[" + "".join(chr(c) for c in range(300, 200_300, 2) if not 0xD800 <= c < 0xE000)
        + "]", SIZE,
    ),
}  # fmt: skip


def rule_of(number: int) -> str:
    return f'{{"conditions":[{condition("eq", str(number))}]}}'


def changed(text: str) -> str:
    """The same with one rule otherwise, so that a comparison cannot stop early."""
    return text.replace('"op":"eq"', '"op":"neq"', 1).replace('"deny"', '"allow"', 1)


def answered(answer: str, text: str, policy: Policy) -> None:
    """Asks one thing of a policy."""
    match answer:
        case "diff":
            other = parse(changed(text)).policy
            assert other is not None
            difference_text(diff(policy, other), "old", "new")
        case "prove":
            prove(policy, parse_claim("* where args.a > 5 without approval"))
        case "exposure":
            listing(exposure(policy))
        case "explain":
            sentences(policy)
        case "fix":
            fix(text)


def measured(name: str, answer: str = "") -> dict[str, Any]:
    """What compiling one took, in a process of its own: seconds, bytes, diagnostics."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.compiler.hostile", name, answer],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main(name: str, answer: str) -> None:
    text = POLICIES[name]()
    data = text.encode("utf-8", "surrogatepass")
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    if answer:
        policy = parse(data).policy
        assert policy is not None
        start = time.process_time()
        answered(answer, text, policy)
        print(json.dumps(taken(start)))
        return
    start = time.process_time()
    built = build(data, "policy.json")
    drawn = built.rendered()
    record = {
        **taken(start),
        "size": len(data),
        "compiles": built.policy is not None,
        "codes": sorted({one.code for one in built.diagnostics}),
        "diagnostics": len(built.diagnostics),
        "drawn": len(drawn),
        "longest": max((len(line) for line in drawn.split("\n")), default=0),
    }
    print(json.dumps(record))


def taken(start: float) -> dict[str, Any]:
    return {"seconds": round(time.process_time() - start, 2), "bytes": largest()}


def largest() -> int:
    """The most bytes that this program had in memory.

    Linux tells it of the program alone; `ru_maxrss` begins with what the process that started it
    had, and the tests' own may be larger than what is measured.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
