-- Who holds which permission sets?
-- tables: permission_sets, teams, users
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
named AS (
    SELECT user_id, team, coalesce(permission_sets.name, set_id) AS name
    FROM held LEFT JOIN permission_sets ON permission_sets.id = set_id
)
SELECT coalesce(users.name, users.email, users.id) AS agent,
    coalesce(string_agg(DISTINCT named.name, ', ') FILTER (WHERE team IS NULL), '') AS own,
    coalesce(
        string_agg(DISTINCT named.name || ' (' || team || ')', ', ')
            FILTER (WHERE team IS NOT NULL),
        ''
    ) AS "through a team"
FROM users JOIN named ON named.user_id = users.id
WHERE users._sdc_deleted_at IS NULL AND users.deleted_at IS NULL
GROUP BY users.id, agent
ORDER BY agent, users.id;
