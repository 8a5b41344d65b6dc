"""What is published, grouped as a Kustomer admin would group it."""

from tap_kustomer.streams.people import Permissions, PermissionSets, Teams, Users
from tap_kustomer.streams.timeline import (
    Companies,
    Conversations,
    Customers,
    Kobjects,
    Messages,
    Notes,
)

STREAMS = (
    # timeline
    Conversations,
    Customers,
    Messages,
    Notes,
    Companies,
    Kobjects,
    # people and access
    Users,
    Teams,
    PermissionSets,
    Permissions,
)
