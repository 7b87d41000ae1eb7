-- Ids of the jobs in some states (each flag is 0 or 1), newest first: a window to look for a page in.
-- "state <> 'completed'" is what lets SQLite take the partial index.
SELECT id FROM (
  SELECT * FROM (SELECT job_id AS id FROM taskflow_ready
    WHERE :pending AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id FROM taskflow_running
    WHERE :running AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id FROM taskflow_waiting
    WHERE :scheduled AND why = 'scheduled' AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id FROM taskflow_waiting
    WHERE :retrying AND why = 'retrying' AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id FROM taskflow_outcome
    WHERE :completed AND state = 'completed' AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id FROM taskflow_outcome
    WHERE :cancelled AND state <> 'completed' AND state = 'cancelled' AND job_id < :before AND job_id >= :after
    ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id FROM taskflow_outcome
    WHERE :dead AND state <> 'completed' AND state = 'dead' AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
)
ORDER BY id DESC
LIMIT :window
