-- Reads the figures of a tenant from :since to :until as one JSON array: [[number of the :step, name, longest span,
-- [figures, ...]], ...]. They are grouped by what :by says (queue, task, or nothing), and limited to the names in :names, if any.
SELECT '[' || group_concat('[' || step || ',' || json_quote(name) || ',' || span || ',[' || figures || ']]', ',') || ']'
FROM (
  SELECT step, name, max(span) AS span, group_concat(counts, ',') AS figures
  FROM (
    SELECT (s.minute - :since) / :step AS step, CASE :by WHEN 'queue' THEN q.name WHEN 'task' THEN k.name END AS name,
           s.span, s.counts
    FROM taskflow_stat AS s
    JOIN taskflow_queue AS q ON q.id = s.queue_id
    JOIN taskflow_task AS k ON k.id = s.task_id
    WHERE s.span IN (0, 60, 3600) AND s.minute >= :since AND s.minute < :until AND q.tenant_id = :tenant_id
  )
  WHERE :names IS NULL OR name IN (SELECT value FROM json_each(:names))
  GROUP BY step, name
)
