"""The command: its options, and how it ends when something is wrong.

Everything a user can get wrong ends with one sentence and a non-zero exit code; only a bug shows a
traceback.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click
from singer_sdk import Tap
from singer_sdk.cli import plugin_cli
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib import StateMessage

from tap_kustomer import files, plain_text
from tap_kustomer.api.errors import KustomerError
from tap_kustomer.ending import Ending
from tap_kustomer.records import RecordError
from tap_kustomer.settings import SettingsError
from tap_kustomer.writer import OutputError, Writer, discard, printing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Errors whose message is all a user needs; anything else is a bug and keeps its traceback.
PLAIN_ERRORS = (KustomerError, RecordError, SettingsError)


class Command(Tap, ABC):
    """A tap whose command has `--check`, and ends with plain sentences."""

    message_writer_class = Writer

    @abstractmethod
    def check(self) -> bool:
        """Print what the key can read; whether that is all that is selected."""

    @plugin_cli
    def cli(cls) -> click.Command:  # noqa: N805  (the SDK's decorator passes the class)
        """The SDK's command; what it logs and complains of is plain text without the key."""
        plain_text.install()
        return super().cli

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command, with one more option, and with files read as `files` says."""
        command = super().get_singer_command()
        for parameter in command.params:
            if parameter.name in {"catalog", "state"}:
                parameter.type = click.STRING
                parameter.callback = getattr(files, parameter.name)
        text = "Say whether the API key works, which streams it can read, and how much waits."
        command.params.append(click.Option(["--check"], is_flag=True, help=text))
        return command

    @classmethod
    def invoke(
        cls,
        *,
        check: bool = False,
        config: Any = None,  # noqa: ANN401  (of a private type of the SDK)
        catalog: Any = None,  # noqa: ANN401  (what `files` makes of it)
        state: Any = None,  # noqa: ANN401  (as above)
        **about: Any,  # noqa: ANN401  (the SDK's own options, passed on)
    ) -> None:
        """Run the command."""
        with cls._plain_errors():
            if about.get("about"):
                super().invoke(**about)
            cls.print_version(print_fn=cls.logger.info)
            tap = cls(
                config=config.config if config else {},
                parse_env_config=bool(config and config.parse_env),
                catalog=catalog,
                state=state,
            )
            if check:
                sys.exit(0 if tap.check() else 1)
            tap.sync_all()

    @classmethod
    def print_about(cls, output_format: str | None = None) -> None:
        """Print what the tap can do."""
        with printing():
            super().print_about(output_format)

    @classmethod
    def cb_discover(cls, *options: Any) -> None:  # noqa: ANN401  (as above)
        """Run `--discover`."""
        with cls._plain_errors():
            super().cb_discover(*options)

    @classmethod
    def cb_test(cls, *options: Any) -> None:  # noqa: ANN401  (as above)
        """Run `--test`."""
        with cls._plain_errors():
            super().cb_test(*options)

    @classmethod
    def cb_config(cls, context: click.Context, parameter: click.Option, value: Any) -> Any:  # noqa: ANN401  (as above)
        """Read the files of `--config`, later ones over earlier ones; the SDK heeds `ENV`.

        Raises:
            BadParameter: one is missing, can't be read, or holds no JSON object.
        """
        given = super().cb_config(context, parameter, tuple(one for one in value if one == "ENV"))
        for path in value:
            if path != "ENV":
                given.config |= files.config(path)
        return given

    @classmethod
    @contextmanager
    def _plain_errors(cls) -> Iterator[None]:
        try:
            yield
        except PLAIN_ERRORS as error:
            cls.logger.error("%s", error)  # noqa: TRY400  (a traceback would bury the sentence)
            sys.exit(1)
        except ConfigValidationError as error:
            for sentence in error.errors:
                cls.logger.error("%s", sentence)  # noqa: TRY400  (as above)
            sys.exit(1)
        except OutputError as error:
            cls.logger.error("%s", error)  # noqa: TRY400  (as above)
            discard()
            sys.exit(1)

    @cached_property
    def _ending(self) -> Ending:
        return Ending(self.message_writer, self._write_last_state)

    def _write_last_state(self) -> None:
        """Write the state even if it is that of the last STATE: records may have followed it."""
        if self.state:
            self.write_message(StateMessage(value=self.state))

    def _handle_termination(self, signum: int, _: FrameType | None) -> None:
        """End as `ending` says: not with 0 as the SDK does, since not everything was read."""
        self._ending.begin(signum)
