-- Reads the figures from :since to :until of the given spans by queue, task and step: [[step, queue, task, [figures, ...]], ...].
SELECT '[' || group_concat('[' || step || ',' || queue_id || ',' || task_id || ',[' || figures || ']]', ',') || ']'
FROM (
  SELECT s.minute / :step AS step, s.queue_id, s.task_id, group_concat(s.counts, ',') AS figures
  FROM json_each(:spans) AS x
  CROSS JOIN taskflow_stat AS s ON s.span = x.value AND s.minute >= :since AND s.minute < :until
  GROUP BY 1, 2, 3
)
