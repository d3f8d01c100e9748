"""Installing the emulator's environments: silent, unless it fails."""

from pathlib import Path

import pytest

from infra import emulator


def test_what_cannot_be_installed_is_told_in_whole_and_is_not_taken_for_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(emulator, "CACHE", tmp_path)
    monkeypatch.setitem(emulator.PINS, "missing", (str(tmp_path / "no-such-package"),))
    with pytest.raises(SystemExit, match="missing could not be installed"):
        emulator.install("missing")
    assert "no-such-package" in capfd.readouterr().err
    assert not emulator.is_installed("missing")
