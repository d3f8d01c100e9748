"""The data folder is for its owner alone, and its keys are made once."""

import stat
import threading
from pathlib import Path

import pytest

from handler.entry.folder import Folder
from handler.failure import CannotRun


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_folder_and_its_keys_are_the_owners_alone(tmp_path: Path) -> None:
    folder = Folder.open(tmp_path / "a" / "data")
    folder.key("deployment")
    assert mode(folder.path) == 0o700
    assert mode(folder.path / "deployment.key") == 0o600
    assert [file.name for file in folder.path.iterdir()] == ["deployment.key"]


@pytest.mark.parametrize("bits", [0o710, 0o704, 0o755])
def test_a_folder_open_to_others_is_refused(tmp_path: Path, bits: int) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(bits)
    with pytest.raises(CannotRun, match="chmod 700"):
        Folder.open(tmp_path / "data")


def test_a_file_in_the_folders_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(CannotRun, match="as the data folder: it is a file"):
        Folder.open(tmp_path / "data")


def test_a_key_stays_what_it_is_and_every_name_has_its_own(tmp_path: Path) -> None:
    first, again = Folder.open(tmp_path / "data"), Folder.open(tmp_path / "data")
    assert first.key("one") == again.key("one") != again.key("two")


def test_threads_that_race_for_a_key_get_the_same_one(tmp_path: Path) -> None:
    folder, start = Folder.open(tmp_path / "data"), threading.Barrier(8)
    keys: list[bytes] = []

    def ask() -> None:
        start.wait()
        keys.append(folder.key("raced"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8 and len(set(keys)) == 1


def test_a_damaged_key_is_refused_and_not_replaced(tmp_path: Path) -> None:
    folder = Folder.open(tmp_path / "data")
    (folder.path / "deployment.key").write_bytes(b"short")
    with pytest.raises(CannotRun, match="damaged"):
        folder.key("deployment")
    assert (folder.path / "deployment.key").read_bytes() == b"short"
