-- How many conversations begun in a week is each agent assigned to?
-- tables: conversations, users
-- Weeks begin on Monday, in UTC. One that is assigned to two agents counts for both.
SELECT date_trunc('week', conversations.created_at)::date AS week,
    coalesce(users.name, users.email, user_id, '(nobody)') AS agent,
    count(*) AS conversations
FROM conversations
LEFT JOIN LATERAL jsonb_array_elements_text(
    CASE jsonb_typeof(to_jsonb(conversations.assigned_users))
        WHEN 'array' THEN to_jsonb(conversations.assigned_users) ELSE '[]'
    END
) AS user_id ON true
LEFT JOIN users ON users.id = user_id
WHERE conversations.deleted IS NOT TRUE
GROUP BY week, user_id, agent
ORDER BY week, conversations DESC, agent, user_id;
