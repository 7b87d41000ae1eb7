-- Reads one window of ids, newest first, and returns those of jobs that fit, how many were read, and the last of them.
-- At most :window ids below :start and not below :end, of jobs in some states (each flag is 0 or 1, :any means all). At most :most
-- fit, by the other parameters; null means any. By :needle and :text, list_wanted passes over jobs that cannot fit a filter.
-- Jobs without an index of their own are scanned among others, and "meant" marks them: so a window always costs the same,
-- and only marked jobs are looked up. "state <> 'completed'" lets SQLite use the partial index.
WITH looked AS MATERIALIZED (
  SELECT id, meant FROM (
    SELECT * FROM (SELECT id, 1 AS meant FROM taskflow_job
      WHERE :any AND id < :start AND id >= :end ORDER BY id DESC LIMIT :window)
    UNION ALL
    SELECT * FROM (SELECT job_id, 1 FROM taskflow_ready
      WHERE :pending AND job_id < :start AND job_id >= :end ORDER BY job_id DESC LIMIT :window)
    UNION ALL
    SELECT * FROM (SELECT job_id, :worker IS NULL OR worker_id = :worker FROM taskflow_running
      WHERE :running AND job_id < :start AND job_id >= :end ORDER BY job_id DESC LIMIT :window)
    UNION ALL
    SELECT * FROM (SELECT job_id, CASE why WHEN 'scheduled' THEN :scheduled WHEN 'retrying' THEN :retrying ELSE 0 END
      FROM taskflow_waiting
      WHERE :scheduled + :retrying AND job_id < :start AND job_id >= :end ORDER BY job_id DESC LIMIT :window)
    UNION ALL
    SELECT * FROM (SELECT o.job_id, CASE o.state WHEN 'completed' THEN 1 WHEN 'cancelled' THEN :cancelled ELSE :dead END
      -- include: list_ended
      FROM taskflow_outcome AS o
      WHERE :completed AND o.job_id < :start AND o.job_id >= :end ORDER BY o.job_id DESC LIMIT :window)
    UNION ALL
    SELECT * FROM (SELECT o.job_id, 1
      -- include: list_ended
      FROM taskflow_outcome AS o
      WHERE :cancelled AND NOT :completed AND o.state <> 'completed' AND o.state = 'cancelled'
        AND o.job_id < :start AND o.job_id >= :end ORDER BY o.job_id DESC LIMIT :window)
    UNION ALL
    SELECT * FROM (SELECT o.job_id, 1
      -- include: list_ended
      FROM taskflow_outcome AS o
      WHERE :dead AND NOT :completed AND o.state <> 'completed' AND o.state = 'dead' AND :fingerprint IS NULL
        AND o.job_id < :start AND o.job_id >= :end ORDER BY o.job_id DESC LIMIT :window)
    UNION ALL
    SELECT * FROM (SELECT o.job_id, 1
      -- include: list_ended
      FROM taskflow_outcome AS o
      WHERE :dead AND NOT :completed AND o.fingerprint IS NOT NULL AND o.fingerprint = :fingerprint
        AND o.job_id < :start AND o.job_id >= :end ORDER BY o.job_id DESC LIMIT :window)
  )
  ORDER BY id DESC
  LIMIT :window
)
SELECT (SELECT json_group_array(hex(id)) FROM (
          SELECT w.id FROM looked AS w
          CROSS JOIN taskflow_job AS j ON j.id = w.id
          WHERE w.meant
          -- include: list_wanted
          ORDER BY w.id DESC LIMIT :most)),
       (SELECT count(*) FROM looked), (SELECT min(id) FROM looked)
