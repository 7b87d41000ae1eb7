-- One window of ids of the jobs in some states (each flag is 0 or 1), newest first. Jobs without an index of their own
-- are scanned among others, and the second column says which are meant: so a window always costs the same. "state <>
-- 'completed'" lets SQLite use the partial index.
SELECT id, fits FROM (
  SELECT * FROM (SELECT job_id AS id, 1 AS fits FROM taskflow_ready
    WHERE :pending AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id, 1 FROM taskflow_running
    WHERE :running AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id, CASE why WHEN 'scheduled' THEN :scheduled WHEN 'retrying' THEN :retrying ELSE 0 END
    FROM taskflow_waiting
    WHERE :scheduled + :retrying AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id, CASE state WHEN 'completed' THEN 1 WHEN 'cancelled' THEN :cancelled ELSE :dead END
    FROM taskflow_outcome
    WHERE :completed AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id, 1 FROM taskflow_outcome
    WHERE :cancelled AND NOT :completed AND state <> 'completed' AND state = 'cancelled'
      AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
  UNION ALL
  SELECT * FROM (SELECT job_id, 1 FROM taskflow_outcome
    WHERE :dead AND NOT :completed AND state <> 'completed' AND state = 'dead'
      AND job_id < :before AND job_id >= :after ORDER BY job_id DESC LIMIT :window)
)
ORDER BY id DESC
LIMIT :window
