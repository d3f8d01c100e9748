"""The demo tells the truth, and tells it plainly where the terminal can do no more."""

import io

from handler.demo.narration import GREEN, Narrator


def written(encoding: str, colour: bool) -> str:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    narrator = Narrator(out=out, colour=colour)
    narrator.begin("A scene")
    narrator.says("agent", "a call", GREEN)
    narrator.check(True, "kept")
    narrator.check(False, "broken")
    out.flush()
    assert narrator.failed == ["broken"]
    return raw.getvalue().decode(encoding)


def test_a_broken_promise_is_marked_and_remembered() -> None:
    text = written("utf-8", colour=False)
    assert "✓ kept" in text and "✗ broken" in text and "\033" not in text


def test_without_utf_8_there_are_words_instead_of_symbols() -> None:
    text = written("ascii", colour=False)
    assert "ok kept" in text and "FAILED broken" in text


def test_colour_is_there_only_when_asked_for() -> None:
    assert "\033[32m" in written("utf-8", colour=True)
