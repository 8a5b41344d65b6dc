"""How work finds its agent: full tables, read through Kustomer's lists."""

from __future__ import annotations

from tap_kustomer.schemas.routing import (
    QUEUE_RULE,
    ROUTING_STATUS,
    SUB_STATUS,
    TEAM_ROUTING_SETTINGS,
)
from tap_kustomer.streams.optional import OptionalList, UnpagedList


class RoutingStatuses(OptionalList):
    """A status that an agent can take, such as Available or Lunch."""

    name = "routing_statuses"
    lists = (("/v1/routing/statuses", {}),)
    resource = ROUTING_STATUS
    permissions = (
        (
            "org.permission.routing_status.read",
            "org.permission.routing.read",
            "org.user.routing.read",
        ),
    )


class SubStatuses(OptionalList):
    """A finer status of conversations or custom objects, below open, snoozed or done."""

    name = "sub_statuses"
    lists = tuple(("/v1/sub-statuses", {"resource": of}) for of in ("conversation", "kobject"))
    cost = "2 requests, for up to 100 sub-statuses of each kind"
    resource = SUB_STATUS
    permissions = (
        (
            "org.permission.sub_status.read",
            "org.permission.conversation.read",
            "org.permission.kobject.read",
            "org.user.conversation.read",
            "org.user.kobject.read",
            "org.admin.sub_status.read",
            "org.admin.content.sub_status.read",
        ),
    )


class TeamRoutingSettings(OptionalList):
    """The routing settings of a team: its queues, and how much work its members take."""

    name = "team_routing_settings"
    lists = (("/v1/routing/settings", {}),)
    resource = TEAM_ROUTING_SETTINGS
    permissions = (("org.permission.routing.read", "org.user.routing.read"),)


class QueueRules(UnpagedList):
    """A rule that sends work to a queue."""

    name = "queue_rules"
    lists = (("/v1/routing/queue-rules", {}),)
    resource = QUEUE_RULE
    permissions = (
        (
            "org.permission.queue_rule.read",
            "org.permission.routing.read",
            "org.user.routing.read",
        ),
    )
