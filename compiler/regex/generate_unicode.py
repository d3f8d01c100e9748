"""Writes unicode_data.py from the Unicode Character Database: run by hand when the pin moves.

    python compiler/regex/generate_unicode.py UCD_FOLDER > compiler/regex/unicode_data.py
    ruff format compiler/regex/unicode_data.py

The folder holds UnicodeData.txt, Scripts.txt and CaseFolding.txt of one version, as Unicode
publishes them. The pinned version is the one of the RE2 that the tests compare with. Must not know
patterns.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

WIDTH = 88
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def fields(file: Path) -> Iterator[list[str]]:
    """The semicolon-separated fields of each line, comments left out."""
    for line in file.read_text(encoding="utf-8").splitlines():
        if text := line.partition("#")[0].strip():
            yield [field.strip() for field in text.split(";")]


def categories(folder: Path) -> dict[str, set[int]]:
    """Code points by general category, and by its first letter (`Lu` and `L`)."""
    found: dict[str, set[int]] = defaultdict(set)
    first = 0
    for code, name, category, *_ in fields(folder / "UnicodeData.txt"):
        last = int(code, 16)
        if not name.endswith(", Last>"):
            first = last
        for key in (category, category[0]):
            found[key].update(range(first, last + 1))
    return found


def scripts(folder: Path) -> dict[str, set[int]]:
    found: dict[str, set[int]] = defaultdict(set)
    for code, script in fields(folder / "Scripts.txt"):
        first, _, last = code.partition("..")
        found[script].update(range(int(first, 16), int(last or first, 16) + 1))
    return found


def foldings(folder: Path) -> dict[int, int]:
    """Simple case folding: statuses C and S of CaseFolding.txt."""
    lines = fields(folder / "CaseFolding.txt")
    return {int(code, 16): int(to, 16) for code, status, to, *_ in lines if status in "CS"}


def base36(number: int) -> str:
    quotient, digit = divmod(number, 36)
    return (base36(quotient) if quotient else "") + DIGITS[digit]


def ranges(codes: set[int]) -> Iterator[tuple[int, int]]:
    """Maximal runs of neighbours, as first and last."""
    first = last = -2
    for code in sorted(codes):
        if code != last + 1:
            if last >= 0:
                yield first, last
            first = code
        last = code
    yield first, last


def encoded_ranges(codes: set[int]) -> str:
    """Each run as its gap from the end of the one before, and `-` its length less one if not 0."""
    words, end = [], 0
    for first, last in ranges(codes):
        more = f"-{base36(last - first)}" if last > first else ""
        words.append(base36(first - end) + more)
        end = last
    return " ".join(words)


def encoded_foldings(folds: dict[int, int]) -> str:
    """Runs with one difference: first code point, to what, how many, at what step."""
    codes, words = sorted(folds), []
    while codes:
        first = codes[0]
        step = 2 if folds.get(first + 2, 0) == folds[first] + 2 and first + 1 not in folds else 1
        count = 1
        while folds.get(first + count * step, -1) == folds[first] + count * step:
            count += 1
        run = range(first, first + count * step, step)
        codes = [code for code in codes if code not in run]
        words.append("-".join(map(base36, (first, folds[first], count, step))))
    return " ".join(words)


def literal(text: str) -> str:
    """A Python string in brackets, in lines of at most WIDTH characters of text."""
    lines = re.findall(rf".{{1,{WIDTH}}}(?: |$)", text)
    return "(\n" + "\n".join(f'        "{line}"' for line in lines) + "\n    )"


def module(folder: Path) -> Iterable[str]:
    version = re.search(r"-(\d+\.\d+\.\d+)\.txt", (folder / "Scripts.txt").read_text("utf-8"))
    assert version, "Scripts.txt names its version in its first line"
    yield f'"""Unicode {version[1]} classes and foldings. Made by generate_unicode.py."""\n'
    yield f'VERSION = "{version[1]}"\n'
    yield "CLASSES: dict[str, str] = {"
    for name, codes in sorted((categories(folder) | scripts(folder)).items()):
        yield f'    "{name}": {literal(encoded_ranges(codes))},'
    yield "}\n"
    yield f"FOLDINGS: str = {literal(encoded_foldings(foldings(folder)))}"


if __name__ == "__main__":
    print("\n".join(module(Path(sys.argv[1]))))
