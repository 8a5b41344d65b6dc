-- Who effectively holds which permission, and through what?
-- tables: permission_sets, teams, users
-- Permissions come from the agent's own permission sets, from those of the agent's teams (named in
-- brackets), or directly. Machine users, that is API keys, are listed too.
WITH held AS (
    SELECT users.id AS user_id, set_id, NULL AS team
    FROM users,
        jsonb_array_elements_text(
            CASE jsonb_typeof(to_jsonb(users.role_groups))
                WHEN 'array' THEN to_jsonb(users.role_groups) ELSE '[]'
            END
        ) AS set_id
    UNION
    SELECT user_id, set_id, coalesce(teams.name, teams.id)
    FROM teams,
        jsonb_array_elements_text(
            CASE jsonb_typeof(to_jsonb(teams.members))
                WHEN 'array' THEN to_jsonb(teams.members) ELSE '[]'
            END
        ) AS user_id,
        jsonb_array_elements_text(
            CASE jsonb_typeof(to_jsonb(teams.role_groups))
                WHEN 'array' THEN to_jsonb(teams.role_groups) ELSE '[]'
            END
        ) AS set_id
    WHERE teams._sdc_deleted_at IS NULL AND teams.deleted IS NOT TRUE
),
granted AS (
    SELECT user_id, permission,
        coalesce(permission_sets.name, permission_sets.id)
            || coalesce(' (' || team || ')', '') AS source
    FROM held
    JOIN permission_sets ON permission_sets.id = set_id,
        jsonb_array_elements_text(
            CASE jsonb_typeof(to_jsonb(permission_sets.roles))
                WHEN 'array' THEN to_jsonb(permission_sets.roles) ELSE '[]'
            END
        ) AS permission
    WHERE permission_sets._sdc_deleted_at IS NULL
    UNION
    SELECT users.id, permission, 'directly'
    FROM users,
        jsonb_array_elements_text(
            CASE jsonb_typeof(to_jsonb(users.roles))
                WHEN 'array' THEN to_jsonb(users.roles) ELSE '[]'
            END
        ) AS permission
)
SELECT coalesce(users.name, users.email, users.id) AS agent, permission,
    string_agg(source, ', ' ORDER BY source) AS through
FROM users JOIN granted ON granted.user_id = users.id
WHERE users._sdc_deleted_at IS NULL AND users.deleted_at IS NULL
GROUP BY users.id, agent, permission
ORDER BY agent, users.id, permission;
