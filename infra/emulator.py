"""The stand-in for AWS: ministack and the SAM CLI, each in an environment of its own, kept by pins.

Standard library only, because it makes the environments that everything else needs. The emulator
binds every interface unless told otherwise, so that is checked before anything is sent to it.

    python infra/emulator.py install     make the environments, once for each set of pins
"""

import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache"

PINS = {
    "ministack": ("ministack==1.5.33", "aws-sam-translator==1.115.0", "boto3==1.43.106"),
    "sam": ("aws-sam-cli==1.170.0",),
    "checkov": ("checkov==3.3.30",),
    "stepfunctions": (
        *("moto==5.2.5", "antlr4-python3-runtime==4.13.2", "jsonpath-ng==1.16.0"),
        *("flask==3.1.3", "flask-cors==6.0.5"),
    ),
    "lambda": ("awslambdaric==4.2.2",),
}
"""An environment each: they pin different versions of botocore."""

HOST = "127.0.0.1"
REGION = "us-east-1"
ACCOUNT = "000000000000"
START_SECONDS = 60
MOST_PORTS = 5
"""A port that was free may be another's by the time that the emulator takes it."""

KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def tool(name: str) -> Path:
    """The environment of one tool for these pins and this Python."""
    text = " ".join((*PINS[name], sys.version.split()[0]))
    return CACHE / f"{name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def is_installed(name: str) -> bool:
    return (tool(name) / "complete").exists()


def is_required() -> bool:
    """Whether tests that need it must fail without it: in CI nothing may be left out unseen."""
    return bool(os.environ.get("CI"))


def install(name: str) -> None:
    """Make the tool's environment if it is not there. What pip says is shown only if it failed."""
    home = tool(name)
    if is_installed(name):
        return
    shutil.rmtree(home, ignore_errors=True)
    pip = [str(home / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", str(home)], [*pip, *PINS[name]]):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(done.stdout + done.stderr, file=sys.stderr)
            sys.exit(f"{name} could not be installed (above); with a package index in reach, again")
    (home / "complete").touch()


class Emulator:
    """A running ministack on a free port of the loopback interface; a context manager.

    Mail goes to the SMTP server on `smtp_port`. Everything it writes goes to a folder of its own,
    which is removed with it: it leaves some 95 MB for each Lambda worker.
    """

    def __init__(self, smtp_port: int | None = None) -> None:
        self.port = _free_port()
        self._smtp_port = smtp_port
        self._folder = Path(tempfile.mkdtemp(prefix="holdpoint-emulator-"))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs to talk to it, and to nothing else of AWS."""
        return {**self.offline_environment(), "AWS_ENDPOINT_URL": self.url}

    @staticmethod
    def offline_environment() -> dict[str, str]:
        """The environment of this process without its AWS identity, if it has one."""
        kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            **KEYS,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "1",
        }

    @property
    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")

    def __enter__(self) -> "Emulator":
        try:
            for left in reversed(range(MOST_PORTS)):
                self._start()
                if self._becomes_healthy():
                    break
                if not (left and "in use" in self.log):
                    raise RuntimeError(f"the emulator did not start:\n{self.log[-2000:]}")
                self.port = _free_port()
            self._assert_loopback_only()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
        smtp = {"SMTP_HOST": f"{HOST}:{self._smtp_port}"} if self._smtp_port else {}
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [str(tool("ministack") / "bin" / "ministack")],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env={
                    **kept,
                    **smtp,
                    "AUTH": "true",
                    "BIND_HOST": HOST,
                    "GATEWAY_PORT": str(self.port),
                    "IOT_MTLS_ENABLED": "0",
                    "SFTP_ENABLED": "0",
                    "TMPDIR": str(self._folder),
                },
            )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the process and those it started, by their group; remove what they wrote."""
        process, self._process = self._process, None
        if process is not None:
            for ending in (signal.SIGTERM, signal.SIGKILL):
                try:
                    os.killpg(process.pid, ending)
                    process.wait(5)
                except ProcessLookupError:
                    process.wait()
                except subprocess.TimeoutExpired:
                    continue
        shutil.rmtree(self._folder, ignore_errors=True)

    def _becomes_healthy(self) -> bool:
        """Whether it answers before it ends, or before nobody waits any more."""
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"{self.url}/_ministack/health", timeout=5).close()
                return self._process.poll() is None
            except OSError:
                time.sleep(0.05)
        return False

    def _assert_loopback_only(self) -> None:
        """A listener on every interface would answer at another of our addresses too."""
        for address in ("127.0.0.2", _outward_address()):
            if address is None:
                continue
            with socket.socket() as probe:
                probe.settimeout(0.5)
                if probe.connect_ex((address, self.port)) == 0:
                    raise RuntimeError(f"the emulator answers at {address}: it must not")


def _outward_address() -> str | None:
    """This machine's address towards others; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        return str(probe.getsockname()[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    if sys.argv[1:] != ["install"]:
        sys.exit("usage: python infra/emulator.py install")
    for name in PINS:
        install(name)
