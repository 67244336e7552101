"""Build the unchanged template for this machine and deploy it on the local AWS."""

from __future__ import annotations

import contextlib
import fcntl
import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self
from urllib.parse import quote

import boto3

from local.emulator import Emulator, end_group, tail

REGION = "us-east-1"
STACK_NAME = "tandem"
BUCKET = "tandem-artifacts"


class LocalStackError(Exception):
    """A step failed; the message ends with the last lines of its output."""


class LocalStack:
    """The deployed template on a local AWS that lives as long as the `with` block.

    `root` is the checkout, `build_dir` takes what is built and every log (default: build/local under
    `root`), `port` is where the local AWS should listen (another one is taken when it is busy), `progress`
    gets a sentence for each step. Everything is ended on leaving, on Ctrl-C and on SIGTERM, and also when
    this process is killed.

        with LocalStack(root) as stack:
            stack.build()
            outputs = stack.deploy({"AlertEmail": "someone@example.com"})
            requests.post(stack.hook_url("crm", "main", secret), json=...)
    """

    def __init__(
        self,
        root: Path,
        build_dir: Path | None = None,
        *,
        port: int | None = None,
        progress: Callable[[str], None] = lambda _sentence: None,
    ) -> None:
        self.root = root.resolve()
        self.build_dir = (build_dir or self.root / "build" / "local").resolve()
        self.outputs: dict[str, str] = {}
        self._progress = progress
        self._emulator = Emulator(self.root / "build" / "envs", self.build_dir / "emulator.log", port)
        self._former: dict[signal.Signals, Any] = {}
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        # Each platform has its own folders: sam's cache does not see what a layer was built for.
        self._artifacts = self.build_dir / f"{sys.platform}-{platform.machine()}-{version}"

    def __enter__(self) -> Self:
        """Start the local AWS."""
        self._catch_signals()
        try:
            with self._timed("local AWS started"):
                self._emulator.start()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the local AWS with everything in it."""
        self._leave()

    # --- what can be done with it -----------------------------------------------------------------------

    @property
    def endpoint(self) -> str:
        """Where every AWS service answers."""
        return self._emulator.endpoint

    def build(self) -> Path:
        """`sam build` with the binary layer for this machine; returns the built template."""
        with self._timed("template built"), self._locked() as lock:
            self._sam(
                "build",
                *("--template-file", str(self.root / "template.yaml"), "--cached"),
                *("--build-dir", str(self._artifacts / "build")),
                *("--cache-dir", str(self._artifacts / "cache")),
                lock=lock,
            )
        return self._artifacts / "build" / "template.yaml"

    def deploy(self, parameters: Mapping[str, str | int] | None = None) -> dict[str, str]:
        """`sam deploy` of what was built, also as an update; returns the stack's outputs."""
        overrides = [f'{name}="{value}"' for name, value in (parameters or {}).items()]
        with self._timed("template deployed"):
            with contextlib.suppress(self.client("s3").exceptions.BucketAlreadyOwnedByYou):
                self.client("s3").create_bucket(Bucket=BUCKET)
            self._sam(
                "deploy",
                *("--template-file", str(self._artifacts / "build" / "template.yaml")),
                *("--stack-name", STACK_NAME, "--s3-bucket", BUCKET, "--region", REGION),
                *(
                    "--capabilities",
                    "CAPABILITY_IAM",
                    "--no-confirm-changeset",
                    "--no-fail-on-empty-changeset",
                ),
                *("--config-env", "local", "--no-progressbar"),
                *(["--parameter-overrides", *overrides] if overrides else []),
            )
            self._make_limits_numbers()
        stacks = self.client("cloudformation").describe_stacks(StackName=STACK_NAME)["Stacks"]
        self.outputs = {item["OutputKey"]: item["OutputValue"] for item in stacks[0]["Outputs"]}
        return self.outputs

    def session_env(self) -> dict[str, str]:
        """The environment in which any AWS client (boto3, the AWS CLI, ours) talks to this stack."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            # Nothing of the user's own accounts gets in.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of the deployer (may do everything) for `service`."""
        return boto3.session.Session().client(
            service,  # type: ignore[call-overload]
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the local AWS's fixed word
        )

    def hook_url(self, side: str, connection: str, secret: str) -> str:
        """Where a webhook of `side` goes; valid after `deploy`."""
        path = "/".join(quote(part, safe="") for part in (side, connection, secret))
        return f"{self.endpoint}/_aws/execute-api/{self.outputs['ApiId']}/$default/hooks/{path}"

    def keep(self) -> int:
        """Let the local AWS live on after the block; returns its process group (`kill -- -GROUP` ends it)."""
        return self._emulator.keep()

    # --- how ----------------------------------------------------------------------------------------------

    def _sam(self, command: str, *arguments: str, lock: int | None = None) -> None:
        log = self.build_dir / f"sam-{command}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = subprocess.Popen(
                [str(self.root / ".ci" / "sam"), command, *arguments],
                cwd=self.root,
                env=self._sam_env(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # It holds the lock too: should we be killed, nobody builds beside it.
                pass_fds=() if lock is None else (lock,),
            )
            try:
                code = process.wait()
            finally:
                end_group(process)
        if code:
            raise LocalStackError(f"sam {command} failed; its output ends:\n{tail(log)}")

    def _sam_env(self) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
        return {
            **ours,
            **self.session_env(),
            "__SAM_CLI_APP_DIR": str(self.build_dir / "sam"),
            "SAM_CLI_POLL_DELAY": "1",
            "LAYER_PLATFORM": "host",
            "LAYER_PYTHON": f"{sys.version_info.major}.{sys.version_info.minor}",
            "LAYER_INTERPRETER": str(self.root / "build" / "envs" / "runtime" / "bin" / "python"),
        }

    def _make_limits_numbers(self) -> None:
        """A parameter reaches the emulator's event source as text, and polling stops at the first comparison."""
        functions = self.client("lambda")
        for source in functions.list_event_source_mappings()["EventSourceMappings"]:
            limit = int(source["ScalingConfig"]["MaximumConcurrency"])
            functions.update_event_source_mapping(
                UUID=source["UUID"], ScalingConfig={"MaximumConcurrency": limit}
            )

    @contextlib.contextmanager
    def _timed(self, sentence: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self._progress(f"{sentence} in {time.monotonic() - start:.1f} s")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        """Two builds at once would write into one folder."""
        self._artifacts.mkdir(parents=True, exist_ok=True)
        with (self._artifacts / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield lock.fileno()

    def _catch_signals(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGTERM, signal.SIGHUP):
            self._former[number] = signal.signal(number, _exit_on_signal)

    def _leave(self) -> None:
        self._emulator.stop()
        for number, former in self._former.items():
            signal.signal(number, former)
        self._former.clear()


def _exit_on_signal(number: int, _frame: FrameType | None) -> None:
    """Unwind, so that every block ends what it started."""
    sys.exit(128 + number)
