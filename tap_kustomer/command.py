"""The command: its options, and how it ends when something is wrong.

Everything a user can get wrong ends with one sentence and a non-zero exit code; only a bug shows a
traceback.
"""

from __future__ import annotations

import json
import os
import sys
from abc import ABC, abstractmethod
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

import click
from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError

from tap_kustomer.api.errors import KustomerError
from tap_kustomer.records import RecordError
from tap_kustomer.settings import SettingsError
from tap_kustomer.writer import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

# Errors whose message is all a user needs; anything else is a bug and keeps its traceback.
PLAIN_ERRORS = (KustomerError, RecordError, SettingsError)


class Command(Tap, ABC):
    """A tap whose command has `--check`, and ends with plain sentences."""

    @abstractmethod
    def check(self) -> bool:
        """Print what the key can read; whether that is all that is selected."""

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """The SDK's command, with one more option."""
        command = super().get_singer_command()
        text = "Say whether the API key works, which streams it can read, and how much waits."
        command.params.append(click.Option(["--check"], is_flag=True, help=text))
        return command

    @classmethod
    def invoke(cls, *, check: bool = False, **options: Any) -> None:  # noqa: ANN401  (the SDK's own options, passed on)
        """Run the command."""
        with cls._plain_errors():
            if not check:
                super().invoke(**options)
                return
            given = options["config"]
            tap = cls(
                config=given.config if given else {},
                parse_env_config=bool(given and given.parse_env),
                catalog=_json(options["catalog"]),
                state=_json(options["state"]),
            )
            sys.exit(0 if tap.check() else 1)

    @classmethod
    def cb_test(cls, *options: Any) -> None:  # noqa: ANN401  (as above)
        """Run `--test`."""
        with cls._plain_errors():
            super().cb_test(*options)

    @classmethod
    def cb_config(cls, context: click.Context, parameter: click.Option, value: Any) -> Any:  # noqa: ANN401  (as above)
        """Read the files of `--config`.

        Raises:
            BadParameter: one is missing, can't be read, or holds no JSON object.
        """
        try:
            return super().cb_config(context, parameter, value)
        except OSError:
            msg = "a file is missing or can't be read."
        except (ValueError, TypeError):  # its own text may quote the file
            msg = 'a file holds no JSON object, such as {"api_key": "...", "base_url": "..."}.'
        raise click.BadParameter(msg, context, parameter)

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
            # What is still buffered has nowhere to go; Python would complain about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Write the state and end: not with 0 as the SDK does, since not everything was read."""
        with suppress(SystemExit):
            super()._handle_termination(signum, frame)
        sys.exit(128 + signum)


def _json(file: IO[str] | None) -> Any:  # noqa: ANN401  (JSON)
    return json.load(file) if file else None
