-- Who deletes conversations in which week, and how long after they began?
-- tables: conversations, users
-- Weeks begin on Monday, in UTC.
SELECT date_trunc('week', conversations.deleted_at)::date AS week,
    coalesce(users.name, users.email, conversations.deleted_by_id, '(unknown)') AS deleted_by,
    count(*) AS conversations,
    round(
        (percentile_cont(0.5) WITHIN GROUP (
            ORDER BY extract(epoch FROM conversations.deleted_at - conversations.created_at)
        ) / 3600)::numeric, 1
    ) AS median_hours
FROM conversations
LEFT JOIN users ON users.id = conversations.deleted_by_id
WHERE conversations.deleted
GROUP BY week, conversations.deleted_by_id, deleted_by
ORDER BY week, deleted_by, conversations.deleted_by_id;
