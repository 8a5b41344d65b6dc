"""What is published, grouped as a Kustomer admin would group it."""

from tap_kustomer.streams.people import Permissions, PermissionSets, Teams, Users
from tap_kustomer.streams.timeline import Conversations

STREAMS = (
    Conversations,
    Users,
    Teams,
    PermissionSets,
    Permissions,
)

__all__ = ["STREAMS", "Conversations", "PermissionSets", "Permissions", "Teams", "Users"]
