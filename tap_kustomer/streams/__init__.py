"""What is published, grouped as a Kustomer admin would group it."""

from tap_kustomer.streams.access_audit import (
    ApiKeys,
    Cards,
    InboundHooks,
    InstalledApps,
    OutboundWebhooks,
    SpamSenders,
)
from tap_kustomer.streams.agent_time import WorkSessions
from tap_kustomer.streams.audit import AuditLogs
from tap_kustomer.streams.automation import (
    AiAutomations,
    AiEvaluationResults,
    AiEvaluationRuns,
    AiEvaluations,
    Workflows,
)
from tap_kustomer.streams.base import KustomerStream
from tap_kustomer.streams.configuration import (
    Brands,
    CustomAttributes,
    Klasses,
    Queues,
    SatisfactionForms,
    Schedules,
    Shortcuts,
    Slas,
    SlaVersions,
    Tags,
)
from tap_kustomer.streams.conversation_children import (
    Attachments,
    ConversationEvents,
    ConversationTimes,
    SatisfactionResponses,
    WorkItems,
)
from tap_kustomer.streams.conversation_texts import AiSummaries, Forwards
from tap_kustomer.streams.customer_children import (
    CustomerMerges,
    TrackingEvents,
    TrackingSessions,
)
from tap_kustomer.streams.desktop import (
    OutboundAccounts,
    SavedSearches,
    ShortcutCategories,
    Snippets,
    Snoozes,
)
from tap_kustomer.streams.knowledge_base import KbArticles, KbArticleVersions, KbCategories, KbTags
from tap_kustomer.streams.people import Permissions, PermissionSets, Teams, Users
from tap_kustomer.streams.routing import (
    QueueRules,
    RoutingStatuses,
    SubStatuses,
    TeamRoutingSettings,
)
from tap_kustomer.streams.timeline import (
    Companies,
    Conversations,
    Customers,
    Kobjects,
    Messages,
    Notes,
)
from tap_kustomer.streams.workflow_errors import WorkflowErrors

GROUPS: dict[str, tuple[type[KustomerStream], ...]] = {
    "timeline": (Conversations, Customers, Messages, Notes, Companies, Kobjects),
    "people and access": (Users, Teams, PermissionSets, Permissions),
    "configuration": (
        Tags,
        Brands,
        Shortcuts,
        Slas,
        SlaVersions,
        Klasses,
        CustomAttributes,
        Queues,
        Schedules,
        SatisfactionForms,
    ),
    "routing": (RoutingStatuses, SubStatuses, TeamRoutingSettings, QueueRules),
    "agents' desktop": (ShortcutCategories, Snippets, Snoozes, OutboundAccounts, SavedSearches),
    "knowledge base": (KbArticles, KbArticleVersions, KbCategories, KbTags),
    "automation": (
        Workflows,
        WorkflowErrors,
        AiAutomations,
        AiEvaluations,
        AiEvaluationRuns,
        AiEvaluationResults,
    ),
    "access audit": (
        ApiKeys,
        OutboundWebhooks,
        InstalledApps,
        InboundHooks,
        SpamSenders,
        Cards,
    ),
    "agent time": (WorkSessions, WorkItems, ConversationTimes),
    "per conversation": (Attachments, ConversationEvents, SatisfactionResponses),
    "texts about conversations": (Forwards, AiSummaries),
    "per customer": (CustomerMerges, TrackingSessions, TrackingEvents),
    "audit": (AuditLogs,),
}
STREAMS = tuple(stream for group in GROUPS.values() for stream in group)
