-- Which custom attributes of conversations and customers are used, and which are defined?
-- tables: conversations, custom_attributes, customers
-- "records" is how many carry a value. Never used: defined, with 0 records. With the setting
-- typed_custom_attributes, those with a column of their own are no longer in the column custom.
WITH records AS (
    SELECT 'conversation' AS resource, custom FROM conversations WHERE deleted IS NOT TRUE
    UNION ALL
    SELECT 'customer', custom FROM customers WHERE deleted IS NOT TRUE
),
used AS (
    SELECT resource, key AS name, count(*) AS records
    FROM records,
        jsonb_each(CASE jsonb_typeof(custom) WHEN 'object' THEN custom ELSE '{}' END)
    WHERE value <> 'null'
    GROUP BY resource, key
),
defined AS (
    SELECT resource, name, bool_or(deleted_at IS NULL) AS stands
    FROM custom_attributes
    WHERE resource IN ('conversation', 'customer') AND _sdc_deleted_at IS NULL
    GROUP BY resource, name
)
SELECT resource, name,
    CASE stands WHEN true THEN 'defined' WHEN false THEN 'deleted' ELSE 'not defined' END
        AS definition,
    coalesce(records, 0) AS records
FROM defined FULL JOIN used USING (resource, name)
ORDER BY resource, records DESC, name;
