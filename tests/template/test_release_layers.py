"""What Lambda would get. It is never run here, so it is looked at byte by byte."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

BUILT = Path(__file__).resolve().parents[2] / ".aws-sam" / "build"
AARCH64 = 183
MAGIC_3_13 = struct.pack("<H", 3571) + b"\r\n"
UNCHECKED_HASH = 1
MEGABYTES_ALLOWED = 80  # Lambda takes 250 with the function; a jump should be seen

pytestmark = pytest.mark.skipif(not BUILT.exists(), reason="no release is built: `make build` makes one")


@pytest.fixture(params=["DepsLayer", "TandemLayer"])
def layer(request: pytest.FixtureRequest) -> Path:
    """The folder that becomes /opt/python."""
    return BUILT / str(request.param) / "python"


def test_binaries_are_for_arm64_and_python_3_13(layer: Path) -> None:
    """A binary for the builder's own machine would fail at the first import."""
    for binary in layer.rglob("*.so"):
        assert struct.unpack_from("<H", binary.read_bytes(), 18)[0] == AARCH64, binary.name
        assert "cpython-313-aarch64" in binary.name or ".abi3." in binary.name


def test_the_binary_packages_are_really_there() -> None:
    """A pure fallback would be silently slower, and a missing one fails."""
    names = {path.name.split(".")[0] for path in (BUILT / "DepsLayer" / "python").rglob("*.so")}
    assert {"_pydantic_core", "_yaml", "fuzz_cpp"} <= names


def test_byte_code_is_what_lambda_takes_unread(layer: Path) -> None:
    """Other versions are ignored unseen; other modes are compared with the source at each start."""
    for code in layer.rglob("*.pyc"):
        head = code.read_bytes()[:8]
        assert head[:4] == MAGIC_3_13, code.name
        assert struct.unpack("<I", head[4:])[0] == UNCHECKED_HASH, code.name


def test_packages_lie_where_lambda_looks(layer: Path) -> None:
    """`/opt/python/<package>`, with no second `python/`, no scripts and no lock file."""
    assert (layer / "tandem" / "core").is_dir() or (layer / "httpx").is_dir()
    assert not [name for name in ("python", "bin", ".lock") if (layer / name).exists()]


def test_layers_carry_no_boto3_and_nothing_for_people(layer: Path) -> None:
    """boto3 comes with the runtime; the command, the sandbox and test tools stay at home."""
    unwanted = ("boto3", "botocore", "cli", "sandbox", "local", "tests", "typer", "rich", "pytest", "moto")
    assert not [name for name in unwanted if (layer / name).exists()]


def test_layers_stay_small() -> None:
    """Size is paid for at every cold start."""
    total = sum(path.stat().st_size for path in BUILT.rglob("*") if path.is_file())
    assert total < MEGABYTES_ALLOWED * 1_000_000
