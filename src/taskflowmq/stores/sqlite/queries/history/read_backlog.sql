-- Reads how many jobs of a tenant were ready at the start of minutes, by what :by says, limited to the names in :names, as one
-- JSON array: [[minute, name, ready, counted], ...]. A minute that was counted has a row of its own, without jobs.
SELECT json_group_array(json_array(minute, name, ready, counted))
FROM (
  SELECT b.minute, CASE :by WHEN 'queue' THEN q.name WHEN 'task' THEN k.name END AS name, sum(b.ready) AS ready,
         b.queue_id = 0 AS counted
  FROM json_each(:minutes) AS x
  CROSS JOIN taskflow_backlog AS b ON b.minute = x.value
  LEFT JOIN taskflow_queue AS q ON q.id = b.queue_id
  LEFT JOIN taskflow_task AS k ON k.id = b.task_id
  WHERE b.queue_id = 0
     OR (q.tenant_id = :tenant_id
         AND (:names IS NULL OR CASE :by WHEN 'queue' THEN q.name WHEN 'task' THEN k.name END IN (SELECT value FROM json_each(:names))))
  GROUP BY b.minute, b.queue_id = 0, 2
)
