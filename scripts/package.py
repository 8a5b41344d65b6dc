"""Build the package, look into it, and try the wheel where nothing else is installed.

`make package` does so with every Python found that the package names in its classifiers.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from emulator import Emulator, Org, Switches
from tap_kustomer.streams import STREAMS

if TYPE_CHECKING:
    from email.message import Message

ROOT = Path(__file__).resolve().parent.parent
CONSTRAINTS = ROOT / "constraints.txt"
API_KEY = "emulator-key"
PATIENCE = 300.0  # seconds for any one step
SOURCES = {"CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "docs", "pyproject.toml"}
HIDDEN = {".gitignore"}  # hatchling adds it, so that a build from the sdist leaves out the same


class PackageError(Exception):
    """What is wrong with the package."""


@dataclass(frozen=True)
class Package:
    """What was built.

    Attributes:
        sdist: the source distribution.
        wheel: the wheel, made from the source distribution.
        version: the version of both.
        pythons: the versions of Python that the classifiers name.
    """

    sdist: Path
    wheel: Path
    version: str
    pythons: tuple[str, ...]


@dataclass(frozen=True)
class Tried:
    """What the wheel did in an environment of its own.

    Attributes:
        python: the whole version of Python.
        streams: streams discovered.
        records: records that a run read from the emulator.
    """

    python: str
    streams: int
    records: int


def demand(condition: bool, message: str) -> None:  # noqa: FBT001  (as with assert)
    """Complain unless the condition holds.

    Raises:
        PackageError: it does not hold.
    """
    if not condition:
        raise PackageError(message)


def run(*command: str | Path, folder: Path, **environment: str) -> str:
    """What a command writes; its own settings and Python's come from here alone.

    Raises:
        PackageError: the command failed.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COV", "PYTHON", "TAP_", "VIRTUAL_ENV"))
    }
    done = subprocess.run(
        command,
        cwd=folder,
        env=kept | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    line = " ".join(map(str, command))
    demand(done.returncode == 0, f"{line} ended with {done.returncode}:\n{done.stderr[-4_000:]}")
    return done.stdout


def build(folder: Path) -> Package:
    """Build the sdist, then the wheel from it, and look into both."""
    run(
        *(sys.executable, "-m", "build", "--outdir", folder, ROOT),
        folder=folder,
        PIP_CONSTRAINT=str(CONSTRAINTS),
    )
    (sdist,) = folder.glob("*.tar.gz")
    (wheel,) = folder.glob("*.whl")
    modules = modules_of(sdist)
    metadata = metadata_of(wheel, modules)
    classifiers = " ".join(metadata.get_all("Classifier", []))
    pythons = tuple(re.findall(r"Python :: (3\.\d+)", classifiers))
    return Package(sdist, wheel, str(metadata["Version"]), pythons)


def modules_of(sdist: Path) -> set[str]:
    """The files of the import package in the sdist, which has all it should and nothing else."""
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    top = {name.partition("/")[0] for name in names}
    expected = SOURCES | HIDDEN | {"tap_kustomer"}
    demand(top == expected, f"the sdist differs in {sorted(top ^ expected)}")
    return {name for name in names if name.startswith("tap_kustomer/")}


def metadata_of(wheel: Path, modules: set[str]) -> Message:
    """The metadata of the wheel, which has `modules` and nothing else to import."""
    with ZipFile(wheel) as archive:
        names = set(archive.namelist())
        (name,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(archive.read(name))
    info = name.removesuffix("METADATA")
    differing = {name for name in names if not name.startswith(info)} ^ modules
    demand(not differing, f"the wheel differs in {sorted(differing)}")
    needed = {"tap_kustomer/py.typed", f"{info}entry_points.txt", f"{info}licenses/LICENSE"}
    demand(needed <= names, f"the wheel lacks {sorted(needed - names)}")
    demand(metadata["Description-Content-Type"] == "text/markdown", "README.md is no Markdown")
    readme = bytes(metadata.get_payload(decode=True)).decode()
    demand(readme.strip() == (ROOT / "README.md").read_text().strip(), "the description differs")
    return metadata


def find_python(version: str) -> Path | None:
    """A Python of this version: this one, one of the search path, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    on_path = shutil.which(f"python{version}")
    candidates = [Path(sys.executable), *sorted(pyenv.glob(f"{version}.*/bin/python"))]
    candidates += [Path(on_path)] if on_path else []
    return next((one for one in candidates if version_of(one) == version), None)


def version_of(python: Path) -> str | None:
    """Such as 3.13; None when it does not run, as a shim of pyenv's may."""
    question = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    try:
        return run(python, "-c", question, folder=Path.cwd()).strip()
    except (OSError, PackageError):
        return None


def try_wheel(package: Package, python: Path, folder: Path, *, pinned: bool = False) -> Tried:
    """Install the wheel into an environment of its own, and run its command.

    Args:
        package: What to try.
        python: The Python to make the environment with.
        folder: An empty folder outside the checkout.
        pinned: Take the versions of constraints.txt, rather than the newest as a user gets them.
    """
    run(python, "-m", "venv", "--without-pip", folder / "venv", folder=folder)
    own = folder / "venv" / "bin" / "python"
    pins = {"PIP_CONSTRAINT": str(CONSTRAINTS)} if pinned else {}
    pip = (sys.executable, "-m", "pip", "--python", own)
    run(*pip, "install", "--quiet", "--no-compile", package.wheel, folder=folder, **pins)
    run(*pip, "check", folder=folder)
    command = own.with_name("tap-kustomer")
    said = run(command, "--version", folder=folder).strip()
    demand(f" v{package.version}," in said, f"--version says {said}, not {package.version}")
    about = json.loads(run(command, "--about", "--format", "json", folder=folder))
    demand("api_key" in about["settings"]["properties"], "--about names no api_key")
    demand("--discover" in run(command, "--help", folder=folder), "--help names no --discover")
    catalog = json.loads(run(command, "--discover", folder=folder))
    found = {stream["tap_stream_id"] for stream in catalog["streams"]}
    differing = sorted(found ^ {stream.name for stream in STREAMS})
    demand(not differing, f"--discover differs in {differing}")
    whole = run(own, "-c", "import platform; print(platform.python_version())", folder=folder)
    return Tried(whole.strip(), len(found), read_org(command, folder))


def read_org(command: Path, folder: Path) -> int:
    """Let the command read a small emulated org; how many records it wrote, which are all."""
    now = time.time_ns() // 1_000_000
    # The last change was a moment ago, so that the run's end lies behind it.
    org = Org.sample(seed=1, now=now - 10_000, conversations=50, days=20)
    emulator = Emulator(org, Switches(search_limit=None, org_limit=None), api_key=API_KEY)
    config = folder / "config.json"
    with emulator.serve() as url:
        config.write_text(json.dumps({"api_key": API_KEY, "base_url": url}))
        written = run(command, "--config", config, folder=folder)
    messages: list[dict[str, Any]] = [json.loads(line) for line in written.splitlines()]
    read = Counter(one["stream"] for one in messages if one["type"] == "RECORD")
    counts = org.counts()
    expected = {one.name: counts[one.name] for one in STREAMS if one.selected_by_default}
    demand(read == Counter(expected), f"read {dict(read)} instead of {expected}")
    return read.total()


def main() -> int:
    """Build, and try the wheel on every Python found."""
    try:
        with TemporaryDirectory() as folder:
            try_all(Path(folder))
    except PackageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def try_all(folder: Path) -> None:
    """Print a line for each version of Python."""
    package = build(folder)
    print(f"{package.sdist.name} and {package.wheel.name}: the contents are as they should be")
    for version in package.pythons:
        python = find_python(version)
        if python is None:
            print(f"Python {version}: not found, not tried")
            continue
        place = folder / version
        place.mkdir()
        tried = try_wheel(package, python, place)
        print(f"Python {tried.python}: {tried.streams} streams, {tried.records:,} records read")


if __name__ == "__main__":
    sys.exit(main())
