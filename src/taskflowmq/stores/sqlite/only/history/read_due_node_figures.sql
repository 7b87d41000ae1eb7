-- Reads the figures from :since to :until by node and step: [[step, tenant, node, [figures, ...]], ...]. They are those that
-- read_due_figures reads, of workers whose host is known, and those of nodes that were joined before.
SELECT '[' || group_concat('[' || step || ',' || tenant_id || ',' || json_quote(node) || ',[' || figures || ']]', ',') || ']'
FROM (
  SELECT step, tenant_id, node, group_concat(counts, ',') AS figures
  FROM (
    SELECT s.minute / :step AS step, s.tenant_id, s.node, s.counts
    FROM json_each(:spans) AS x
    CROSS JOIN taskflow_node_stat AS s ON s.span = x.value AND s.minute >= :since AND s.minute < :until
    UNION ALL
    SELECT s.minute / :step, q.tenant_id, coalesce(w.host, p.host), s.counts
    FROM taskflow_stat AS s
    JOIN taskflow_queue AS q ON q.id = s.queue_id
    LEFT JOIN taskflow_worker AS w ON w.id = s.writer
    LEFT JOIN taskflow_past_worker AS p ON p.id = s.writer
    WHERE s.span = 0 AND s.minute >= :since AND s.minute < :until
  )
  WHERE node IS NOT NULL
  GROUP BY 1, 2, 3
)
