"""Outcomes of cases as JUnit XML, which build servers show.

A suite for each file, a test for each case, a failure with every step that came out otherwise.
"""

from collections.abc import Sequence
from itertools import groupby
from xml.etree import ElementTree

from compiler.diagnostics import visible
from handler.cli.trial import Outcome


def junit(outcomes: Sequence[Outcome]) -> bytes:
    """The XML document. Outcomes of one file stand together."""
    root = ElementTree.Element("testsuites", _counts(outcomes))
    for file, found in groupby(outcomes, key=lambda one: one.case.file):
        of_file = list(found)
        suite = ElementTree.SubElement(
            root, "testsuite", {"name": visible(file), **_counts(of_file)}
        )
        for one in of_file:
            _add(suite, one)
    ElementTree.indent(root)
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _counts(outcomes: Sequence[Outcome]) -> dict[str, str]:
    failed = sum(bool(one.failures) for one in outcomes)
    return {"tests": str(len(outcomes)), "failures": str(failed), "errors": "0", "skipped": "0"}


def _add(suite: ElementTree.Element, outcome: Outcome) -> None:
    case = outcome.case
    place = {"classname": visible(case.file), "file": visible(case.file), "line": str(case.line)}
    test = ElementTree.SubElement(suite, "testcase", {"name": visible(case.name), **place})
    if outcome.failures:
        first = outcome.failures[0].told
        failure = ElementTree.SubElement(test, "failure", {"message": first})
        failure.text = "\n".join(
            f"{visible(case.file)}:{one.line}: {one.told}" for one in outcome.failures
        )
