"""The artifact: its digest names one policy revision, on every machine."""

import os
import subprocess
import sys

import pytest

from compiler.artifact import ArtifactError, digest_of, unpack
from compiler.build import build
from compiler.table.read import decode
from tests.corpus import CASES, DECISIONS, bytes_of

DIGESTS = """
import sys
from pathlib import Path
from compiler.artifact import digest_of
from compiler.build import build
for name in sys.argv[1:]:
    print(digest_of(build(Path(name).read_bytes(), name).artifact))
"""


def artifact_of(case: str) -> bytes:
    data = build(bytes_of(case), "policy.json").artifact
    assert data is not None
    return data


def digests_under(seed: str) -> str:
    policies = [str(CASES / case / "policy.json") for case in DECISIONS]
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-c", DIGESTS, *policies]
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_the_same_source_has_the_same_digest_in_every_process() -> None:
    first, second = digests_under("1"), digests_under("2")
    assert first == second
    assert len(set(first.split())) > 20


def test_the_name_of_the_file_does_not_change_the_digest() -> None:
    source = bytes_of("tools-globs")
    assert build(source, "a.json").artifact == build(source, "b.json").artifact


def test_an_artifact_gives_back_what_was_compiled() -> None:
    data = artifact_of("tools-globs")
    parts = unpack(data, digest_of(data))
    assert parts.source == bytes_of("tools-globs")
    assert parts.module == b""
    assert decode(parts.table) == build(parts.source, "policy.json").program


def test_an_artifact_under_another_digest_is_not_opened() -> None:
    data = artifact_of("tools-globs")
    with pytest.raises(ArtifactError, match="digest"):
        unpack(data, digest_of(b"another"))


def test_an_artifact_changed_or_cut_anywhere_is_not_opened() -> None:
    data = artifact_of("seed-permanent-deny")
    digest = digest_of(data)
    for place in range(len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        for bytes_given in (changed, data[:place]):
            with pytest.raises(ArtifactError):
                unpack(bytes_given, digest)


def test_a_policy_with_errors_builds_no_artifact_and_says_why() -> None:
    built = build(b'{"version": "1", "default": "perhaps"}', "bad.json")
    assert built.artifact is None
    assert built.policy is None
    assert built.rendered().startswith("bad.json:1:29: E014 ")
