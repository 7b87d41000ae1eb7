-- Reads the figures of a tenant by node, in the form of read_figures; what has not been joined yet belongs to its worker's host.
SELECT '[' || group_concat('[' || step || ',' || json_quote(name) || ',' || span || ',[' || figures || ']]', ',') || ']'
FROM (
  SELECT (minute - :since) / :step AS step, name, max(span) AS span, group_concat(counts, ',') AS figures
  FROM (
    SELECT s.minute, s.node AS name, s.span, s.counts
    FROM taskflow_node_stat AS s
    WHERE s.span IN (60, 3600) AND s.minute >= :since AND s.minute < :until AND s.tenant_id = :tenant_id
    UNION ALL
    SELECT s.minute, coalesce(w.host, p.host), s.span, s.counts
    FROM taskflow_stat AS s
    JOIN taskflow_queue AS q ON q.id = s.queue_id
    LEFT JOIN taskflow_worker AS w ON w.id = s.writer
    LEFT JOIN taskflow_past_worker AS p ON p.id = s.writer
    WHERE s.span = 0 AND s.minute >= :since AND s.minute < :until AND q.tenant_id = :tenant_id
  )
  WHERE name IS NOT NULL AND (:names IS NULL OR name IN (SELECT value FROM json_each(:names)))
  GROUP BY 1, name
)
