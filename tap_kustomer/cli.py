"""The command line: options, `--check`, and exit codes.

A user error ends with one sentence and a non-zero exit code. Only a bug shows a traceback.
"""

from __future__ import annotations

import sys
import textwrap
from abc import abstractmethod
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib import StateMessage
from typing_extensions import override

from tap_kustomer import files, plain_text
from tap_kustomer.ending import Ending
from tap_kustomer.errors import OutputError, SettingsError, TapError
from tap_kustomer.sdk import SdkTap
from tap_kustomer.writer import Writer, discard, printing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tap_kustomer.access import Access
    from tap_kustomer.streams.base import KustomerStream

CHECK_HEAD = ("stream", "selected", "readable", "records")
WIDTH = 120
NO_SETTINGS = (
    f"There are no settings: pass --config with a file such as {files.CONFIG}, or --config ENV for "
    "TAP_KUSTOMER_API_KEY and TAP_KUSTOMER_BASE_URL. --help lists all options."
)


class Command(SdkTap):
    """A tap with `--check`, whose command reports errors in plain sentences."""

    message_writer_class = Writer

    @abstractmethod
    def read(self) -> None:
        """Read all selected streams."""

    @abstractmethod
    def test(self) -> None:
        """Read one record of each selected stream."""

    @abstractmethod
    def check(self) -> bool:
        """Print what the key can read. Returns whether every selected stream can be read."""

    @override
    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command with `--check`, sanitized logs and our own file options."""
        plain_text.install()
        command = super().get_singer_command()
        for parameter in command.params:
            if parameter.name in {"catalog", "state"}:
                parameter.type = click.STRING
                parameter.callback = getattr(files, parameter.name)
            elif parameter.name == "test":
                # The SDK's callback would read all streams, selected or not.
                parameter.callback, parameter.expose_value = None, True
        text = "Check the API key, and print what it can read and how many records there are."
        command.params.append(click.Option(["--check"], is_flag=True, help=text))
        return command

    @override
    @classmethod
    def invoke(
        cls,
        *,
        check: bool = False,
        test: str = "disabled",
        config: Any = None,
        catalog: Any = None,
        state: Any = None,
        **about: Any,
    ) -> None:
        with cls._plain_errors():
            if about.get("about"):
                super().invoke(**about)
            if not config.config and not config.parse_env:
                raise SettingsError(NO_SETTINGS)
            cls.print_version(print_fn=cls.logger.info)
            tap = cls(
                config=config.config,
                parse_env_config=config.parse_env,
                catalog=catalog,
                state=state,
            )
            if check:
                sys.exit(0 if tap.check() else 1)
            with tap.flushed():
                if test == "schema":
                    tap.write_schemas()
                elif test == "all":
                    tap.test()
                else:
                    tap.read()

    @override
    @classmethod
    def print_about(cls, output_format: str | None = None) -> None:
        with printing():
            super().print_about(output_format)

    @override
    @classmethod
    def cb_discover(cls, *options: Any) -> None:
        with cls._plain_errors():
            super().cb_discover(*options)

    @override
    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: Any) -> Any:
        """Read the files of `--config`, later ones over earlier ones. The SDK handles `ENV`.

        Raises:
            BadParameter: a file is missing, can't be read, or is not a JSON object.
        """
        parsed = super().cb_config(ctx, param, tuple(path for path in value if path == "ENV"))
        for path in value:
            if path != "ENV":
                parsed.config |= files.config(path)
        return parsed

    @classmethod
    @contextmanager
    def _plain_errors(cls) -> Iterator[None]:
        failure: ConfigValidationError | TapError | None = None
        try:
            yield
        except (ConfigValidationError, TapError) as error:
            failure = error
        if failure:
            for message in getattr(failure, "errors", [failure]):
                cls.logger.error("%s", message)
            if isinstance(failure, OutputError):
                discard()
            sys.exit(1)

    @contextmanager
    def flushed(self) -> Iterator[None]:
        """Flush the writer, however the block ends: there may be no later STATE to do it.

        Raises:
            OutputError: the buffered messages can't be written.
        """
        try:
            yield
        finally:
            if isinstance(self.message_writer, Writer) and self.message_writer.has_written:
                self.message_writer.flush()

    @cached_property
    def _ending(self) -> Ending:
        return Ending(self.message_writer, self._write_last_state)

    @override
    def terminate(self, signum: int) -> None:
        self._ending.begin(signum)

    def _write_last_state(self) -> None:
        """Write the state even if it is unchanged, since records may follow the last STATE."""
        if self.state:
            self.write_message(StateMessage(value=self.state))


def print_check(
    access: Access,
    streams: Sequence[KustomerStream],
    discovery_error: Exception | None = None,
    notes: Callable[[], str] = str,
) -> bool:
    """Print the key and a table of the streams. Returns whether every selected one can be read.

    What `notes` returns is printed below the table. `discovery_error` is why discovery could not
    read custom attributes or klasses from Kustomer.

    Raises:
        KustomerError: the key itself is refused, or Kustomer does not answer.
        OutputError: the table can't be printed.
    """
    _print(access.describe_key())
    rows: list[tuple[str, ...]] = [CHECK_HEAD]
    problems = [f"{name}: {reason}" for name, reason in access.closed.items()]
    problems += [f"discovery: {discovery_error}"] if discovery_error else []
    all_good, is_refused, is_absent = not problems, False, False
    for stream in streams:
        readable, records = "yes", ""
        try:
            records = stream.estimate_pending()
        except TapError as error:
            refusal = access.explain(error, stream.needs)
            readable, records = "no", refusal.label
            reason = f"needs {stream.needs}" if refusal.lacks_role else refusal.reason
            problems.append(f"{stream.name}: {reason}")
            if stream.selected:
                is_refused = is_refused or refusal.lacks_role
                is_absent = is_absent or refusal.is_absence
                all_good = all_good and refusal.is_absence
        row = (stream.name, "yes" if stream.selected else "", readable, records)
        rows.append(tuple(plain_text.plain(cell) for cell in row))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    _print("")
    for cells in rows:
        padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
        _print("  ".join(padded).rstrip())
    verdict = _verdict(all_good=all_good, is_refused=is_refused, is_absent=is_absent)
    for line in ("", *problems, notes(), verdict):
        _print(line)
    return all_good


def _print(line: str) -> None:
    folded = textwrap.fill(plain_text.plain(line), WIDTH, subsequent_indent="  ")
    with printing():
        click.echo(folded)


def _verdict(*, all_good: bool, is_refused: bool, is_absent: bool) -> str:
    if all_good and is_absent:
        return "Every selected stream that this org has can be read; runs leave out the others."
    if all_good:
        return "Every selected stream can be read."
    if not is_refused:
        return "Some selected streams can't be read, for the reasons above."
    return (
        "Some selected streams can't be read: create a key with the permissions named above (any "
        "one of those joined by 'or'; none can be added to a key later), or deselect the streams."
    )
