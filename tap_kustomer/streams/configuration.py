"""How the org is set up: full tables, read through Kustomer's lists."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from typing_extensions import override

from tap_kustomer import jsonapi
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import (
    AccessRefusedError,
    KustomerError,
    RecordError,
    TransientError,
)
from tap_kustomer.records import RowBuilder
from tap_kustomer.schemas.configuration import (
    BRAND,
    CUSTOM_ATTRIBUTE,
    HOLIDAY,
    KLASS,
    QUEUE,
    SATISFACTION_FORM,
    SCHEDULE,
    SHORTCUT,
    SLA,
    SLA_VERSION,
    TAG,
)
from tap_kustomer.streams.base import FATAL, ListStream
from tap_kustomer.streams.deleted import ListWithDeleted
from tap_kustomer.walks.listing import read_list
from tap_kustomer.walks.metadata import (
    KLASS_STATUSES,
    KLASSES,
    RESOURCES,
    definition_id,
    definitions,
    klass_names,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Schedules that may fail, after five minutes of retries each, before the stream fails.
MAX_FAILED = 5


class Tags(ListStream):
    """A tag, deleted ones too; other streams name it by id."""

    name = "tags"
    lists = (("/v1/tags", {}),)
    resource = TAG
    permissions = (("org.permission.tag.read", "org.user.tag.read", "org.admin.tag.read"),)


class Brands(ListStream):
    """A brand that the org appears under."""

    name = "brands"
    lists = (("/v1/brands", {}),)
    resource = BRAND
    permissions = (("org.permission.brand.read", "org.user.brand.read", "org.admin.brand.read"),)


class Shortcuts(ListWithDeleted):
    """A shortcut: text and actions that agents insert; deleted ones too."""

    name = "shortcuts"
    lists = (("/v1/shortcuts", {}),)
    deleted = ("/v1/shortcuts", {"deleted": "true"})
    resource = SHORTCUT
    permissions = (
        (
            "org.permission.shortcut.read",
            "org.user.shortcut.read",
            "org.user.content.shortcut.read",
            "org.admin.shortcut.read",
            "org.admin.content.shortcut.read",
        ),
    )


class Slas(ListStream):
    """A service level agreement; what it promised and when is in its versions."""

    name = "slas"
    lists = (("/v1/slas", {}),)
    resource = SLA
    permissions = (("org.permission.sla.read", "org.user.sla.read"),)


class SlaVersions(ListStream):
    """A version of a service level agreement, past ones too."""

    name = "sla_versions"
    lists = (("/v1/slas", {"versions": "all"}),)
    cost = "1 request per 100 agreements"
    resource = SLA_VERSION
    permissions = Slas.permissions

    @override
    def resources(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The versions, which are `included` with the agreements."""
        for path, params in self.lists:
            found = read_list(self.session.client, path, params, member="included")
            for version in self.readable(found):
                yield version, {}


class Klasses(ListStream):
    """A klass, which is a kind of custom object, of any status."""

    name = "klasses"
    lists = tuple((KLASSES, {"status": status}) for status in KLASS_STATUSES)
    resource = KLASS
    permissions = (("org.permission.klass.read", "org.user.klass.read", "org.admin.klass.read"),)
    cost = "3 requests, for up to 100 klasses of each status"


class CustomAttributes(ListStream):
    """The definition of a custom attribute of a resource or klass, deleted ones too."""

    name = "custom_attributes"
    lists = Klasses.lists
    resource = CUSTOM_ATTRIBUTE
    permissions = (
        ("org.permission.metadata.read", "org.user.metadata.read", "org.admin.metadata.read"),
        *Klasses.permissions,
    )
    cost = "7 requests, and 1 per klass"

    @override
    def resources(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """One resource per definition; its id combines the resource or klass and the name."""
        client = self.session.client
        for resource in (*RESOURCES, *klass_names(client)):
            for key, name, item in definitions(client, resource) or ():
                definition = {"id": definition_id(resource, key), **item}
                yield definition, {"resource": resource, "name": name}

    @override
    def estimate_pending(self) -> str:
        """Checks that both klasses and metadata can be read."""
        definitions(self.session.client, RESOURCES[0])
        return super().estimate_pending()


class Queues(ListWithDeleted):
    """A queue that conversations are routed through, deleted ones too."""

    name = "queues"
    lists = (("/v1/routing/queues", {}),)
    deleted = ("/v1/routing/queues", {"all": "true"})
    resource = QUEUE
    permissions = (
        ("org.permission.queue.read", "org.permission.routing.read", "org.user.routing.read"),
    )


class Schedules(ListStream):
    """A schedule of business hours, with its holidays."""

    name = "schedules"
    lists = (("/v1/schedules", {}),)
    resource = SCHEDULE
    permissions = (
        ("org.permission.schedule.read", "org.user.schedule.read", "org.admin.schedule.read"),
    )
    cost = "1 request per 100 schedules, and 1 for each"

    @override
    def resources(self) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """Each schedule requested by id, since lists don't include holidays."""
        failed = 0
        for listed, _ in super().resources():
            schedule_id = jsonapi.id_of(listed)
            try:
                yield self._schedule(schedule_id)
            except FATAL:
                raise
            except (KustomerError, RecordError) as error:
                # Listed but not readable: skipping prevents ACTIVATE_VERSION from retiring it.
                if isinstance(error, AccessRefusedError):
                    self.access.check_key()
                failed += isinstance(error, TransientError)
                if failed > MAX_FAILED:
                    raise
                self.skipped.append(f"Schedule {schedule_id}: {error}")

    def _schedule(self, schedule_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """A schedule and its holidays; a holiday that can't be read is added to `skipped`.

        Raises:
            KustomerError: the schedule can't be requested.
            RecordError: the response is not this schedule.
        """
        path = f"/v1/schedules/{quote(schedule_id, safe='')}"
        document = fetch(self.session.client, path, {"include": "holidays"})
        found = jsonapi.data_in(document, path)
        if not schedule_id or [jsonapi.id_of(schedule) for schedule in found] != [schedule_id]:
            msg = f"{path} returns a different resource."
            raise RecordError(msg)
        holidays = []
        for holiday in jsonapi.data_in(document, path, "included"):
            try:
                holidays.append(self._holidays.row(holiday))
            except RecordError as error:
                self.skipped.append(f"A holiday of schedule {schedule_id}: {error}")
        return found[0], {"holidays": holidays}

    @cached_property
    def _holidays(self) -> RowBuilder:
        return RowBuilder(HOLIDAY)


class SatisfactionForms(ListStream):
    """The form of a satisfaction survey, with its questions."""

    name = "satisfaction_forms"
    lists = (("/v1/satisfaction", {}),)
    resource = SATISFACTION_FORM
    permissions = (("org.permission.satisfaction.read", "org.user.satisfaction.read"),)
