"""Failed runs of workflows: the one list per parent with a filter of its own, by creation."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote

from typing_extensions import override

from tap_kustomer import timestamps
from tap_kustomer.api.document import fetch
from tap_kustomer.errors import AccessRefusedError, KustomerError, RecordError
from tap_kustomer.schemas.automation import WORKFLOW_ERROR
from tap_kustomer.streams.automation import Workflows
from tap_kustomer.streams.base import FATAL, Order
from tap_kustomer.streams.incremental import IncrementalStream
from tap_kustomer.walks.listing import read_list

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.helpers.types import Record

WORKFLOWS = Workflows.lists[0][0]
# The lookback of this stream: a failed run may be tried again, and changes then.
LATE_CHANGES = timestamps.DAY


class WorkflowErrors(IncrementalStream):
    """A failed run of a workflow, without the record it was about.

    Kustomer's filter is trusted to leave out what is older or newer, not to be exact: a millisecond
    more is requested at both ends, and what lies outside is dropped here. A workflow whose list
    fails goes under `unread` by its id, and the next run reads all its failures.
    """

    name = "workflow_errors"
    path: ClassVar[str] = "/v1/workflows/{}/processes"
    resource = WORKFLOW_ERROR
    replication_key = "created_at"
    selected_by_default = False
    permissions = Workflows.permissions
    cost = "1 request per 100 workflows, and 1 for each per 100 failures since the bookmark"

    @override
    @property
    def order(self) -> Order:
        return Order.PER_PARENT

    @override
    def rows(self) -> Iterator[Record]:
        """The failures since the bookmark, minus a day, and all of the `unread` workflows."""
        bookmark, end = self.bookmark(), self.session.cutoff
        start = self.start(None if bookmark is None else bookmark - LATE_CHANGES)
        held = set(self.unread())
        for workflow in list(read_list(self.session.client, WORKFLOWS)):
            if not workflow.id:
                msg = "A workflow has no id, so its failures can't be requested."
                raise RecordError(msg)
            since = None if workflow.id in held else start
            try:
                yield from self._failures(workflow.id, since, end)
            except FATAL:
                raise
            except (KustomerError, RecordError) as error:
                if isinstance(error, AccessRefusedError):
                    self.access.check_key()
                self.hold(workflow.id, f"Failures of workflow {workflow.id}: {error}")
        for key in held:
            self.release(key)
        self.move_bookmark(end)

    @override
    def check_unread(self) -> None:
        """Accept any string: it is a workflow's id."""
        self.unread()

    @override
    def estimate_pending(self) -> str:
        """Only checks that the failures of a workflow can be read."""
        for workflow in read_list(self.session.client, WORKFLOWS):
            path = self.path.format(quote(workflow.id, safe=""))
            fetch(self.session.client, path, {"pageSize": 1})
            break
        return "not counted"

    def _failures(self, workflow: str, since: int | None, end: int) -> Iterator[Record]:
        """The failures of a workflow up to `end`; without `since` all of them.

        Raises:
            KustomerError: they can't be read.
            RecordError: one of them can't be read; the others come first.
        """
        params = {"createdAtTo": timestamps.text(end + 1)}
        if since is not None:
            params["createdAtFrom"] = timestamps.text(since - 1)
        failed: RecordError | None = None
        path = self.path.format(quote(workflow, safe=""))
        for item in read_list(self.session.client, path, params):
            created = item.timestamp("createdAt", otherwise=end)
            if not (since or 0) <= created <= end:
                continue
            try:
                row = self.row(item.resource, created, {"workflow_id": workflow})
            except RecordError as error:
                failed = error
            else:
                yield row
        if failed:
            raise failed
