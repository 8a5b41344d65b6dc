"""`make package`: builds the package and tries the wheel on every Python found that it supports."""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
import time
import tomllib
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from emulator import Emulator, Org, Switches
from scripts.tap import Tap, outcome
from tap_kustomer.streams import STREAMS

ROOT = Path(__file__).resolve().parent.parent
PIP = (sys.executable, "-m", "pip", "--python")
# hatchling adds .gitignore, so that a build from the sdist leaves out the same files.
SDIST = {
    *(".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "docs", "pyproject.toml"),
    "tap_kustomer",
}
# Neither the settings nor the packages of this process.
OWN = ("COV", "PYTHON", "TAP_", "VIRTUAL_ENV")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(OWN)}


class PackageError(SystemExit):
    """What is wrong with the package; Python prints it and exits with 1."""


def demand(condition: bool, message: str) -> None:  # noqa: FBT001  (as with assert)
    """Raise a `PackageError` unless the condition holds."""
    if not condition:
        raise PackageError(message)


def run(*command: str | Path, **environment: str) -> str:
    """Run a command; returns its standard output.

    Raises:
        PackageError: it failed.
    """
    done = outcome(command, env=ENVIRONMENT | environment)
    line = " ".join(map(str, command))
    demand(done.code == 0, f"{line} ended with {done.code}:\n{done.log[-4_000:]}")
    return done.out


def build(folder: Path) -> Path:
    """Build the sdist, then the wheel from it, and compare their contents; returns the wheel."""
    pins = str(ROOT / "constraints.txt")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, PIP_CONSTRAINT=pins)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    with tarfile.open(sdist) as archive:
        sources = {name.partition("/")[2] for name in archive.getnames()} - {""}
    top = {name.partition("/")[0] for name in sources}
    demand(top == SDIST, f"the sdist differs in {sorted(top ^ SDIST)}")
    names = set(ZipFile(wheel).namelist())
    info = f"tap_kustomer-{wheel.name.split('-')[1]}.dist-info"
    modules = {name for name in sources if name.startswith("tap_kustomer/")}
    differing = {name for name in names if not name.startswith(info)} ^ modules
    demand(not differing, f"the wheel differs from the sdist in {sorted(differing)}")
    needed = {"tap_kustomer/py.typed", f"{info}/licenses/LICENSE"}
    demand(needed <= names, f"the wheel lacks {sorted(needed - names)}")
    return wheel


def find_python(version: str) -> Path | None:
    """A Python of this version that runs: this one, one on the search path, or one of pyenv."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    here = [sys.executable] if version == f"3.{sys.version_info.minor}" else []
    found = [*here, *filter(None, [shutil.which(f"python{version}")])]
    for candidate in (*map(Path, found), *pyenv.glob(f"{version}.*/bin/python")):
        try:
            run(candidate, "-c", "import venv")  # a shim of pyenv may not run
        except PackageError:
            continue
        return candidate
    return None


def try_wheel(wheel: Path, python: Path, folder: Path) -> int:
    """Install the wheel in an environment of its own, and read an emulated org with its command.

    Returns:
        How many records were read: all that the org has in the default streams.
    """
    run(python, "-m", "venv", "--without-pip", folder / "venv")
    own = folder / "venv" / "bin" / "python"
    run(*PIP, own, "install", "--quiet", "--no-compile", wheel)
    run(*PIP, own, "check")
    # Its last change is 10 s old, so it lies before the end of the run.
    org = Org.sample(seed=1, now=time.time_ns() // 1_000_000 - 10_000, conversations=50, days=20)
    with Emulator(org, Switches(search_limit=None, org_limit=None)).serve() as url:
        tap = Tap(folder, url, own.with_name("tap-kustomer"))
        done = outcome(tap.command(), cwd=folder, env=ENVIRONMENT)
    version = wheel.name.split("-")[1]
    demand(f" v{version}," in done.log, f"the command is not of version {version}:\n{done.log}")
    read = Counter(message["stream"] for message in done.of("RECORD"))
    counts = org.counts()
    expected = {one.name: counts[one.name] for one in STREAMS if one.selected_by_default}
    demand(read == Counter(expected), f"read {dict(read)} instead of {expected}:\n{done.log}")
    return read.total()


def main(folder: Path) -> None:
    """Build the package and print a line for each version of Python."""
    wheel = build(folder)
    print(f"{wheel.name}: its contents are those of the sdist")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for version in [one.rpartition(" ")[2] for one in project["classifiers"] if ":: 3." in one]:
        python = find_python(version)
        place = folder / version
        place.mkdir()
        result = f"{try_wheel(wheel, python, place):,} records read" if python else "not found"
        print(f"Python {version}: {result}", flush=True)


if __name__ == "__main__":
    with TemporaryDirectory() as temporary:
        main(Path(temporary))
