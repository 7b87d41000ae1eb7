-- Deletes the ended jobs of a day by dropping its partitions. What must survive moves to the default partitions first: live
-- jobs, ended ones within their retention, ids deleted by hand a moment ago. Returns how many jobs went; null, and nothing
-- has changed, where more than `most` would survive or a partition is missing: then batches do the work.
-- The look at the whole day takes no lock on tables and stays true all the same: no job of that day is made any more, and
-- only a redrive by hand turns an ended job into a survivor. It takes the outcome of a dead job, and those that may go are
-- locked first: a redrive before is seen, one after waits for us, and we give way to it at the table locks.
CREATE OR REPLACE FUNCTION taskflow.retire_day(
  day date, at timestamptz, completed_ms bigint, cancelled_ms bigint, dead_ms bigint, most bigint
) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET lock_timeout = '500ms' SET enable_seqscan = on SET plan_cache_mode = force_custom_plan
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  started timestamptz := coalesce(at, clock_timestamp());
  jobs text := 'job_' || to_char(day, 'YYYYMMDD');
  outcomes text := 'outcome_' || to_char(day, 'YYYYMMDD');
  first_id uuid := taskflow.lowest_id(day::timestamp AT TIME ZONE 'UTC');
  next_id uuid := taskflow.lowest_id((day + 1)::timestamp AT TIME ZONE 'UTC');
  kept uuid[];
  stored bigint;
BEGIN
  IF to_regclass('taskflow.' || jobs) IS NULL OR to_regclass('taskflow.' || outcomes) IS NULL THEN
    RETURN NULL;
  END IF;
  EXECUTE format($sql$
    SELECT 1 FROM taskflow.%I WHERE state = 'dead' AND finished_at <= $1 - interval '1 millisecond' * $2
    ORDER BY job_id FOR UPDATE $sql$, outcomes) USING started, dead_ms;
  EXECUTE format('SELECT count(*) FROM taskflow.%I', jobs) INTO stored;
  EXECUTE format($sql$
    SELECT array_agg(s.id) FROM (
      SELECT j.id FROM taskflow.%I j LEFT JOIN taskflow.%I o ON o.job_id = j.id
      WHERE CASE WHEN j.deleted_at IS NOT NULL THEN j.deleted_at > $1 - interval '24 hours'
                 WHEN o.job_id IS NULL THEN true
                 ELSE (o.finished_at <= $1 - interval '1 millisecond'
                       * CASE o.state WHEN 'completed' THEN $2 WHEN 'cancelled' THEN $3 ELSE $4 END) IS NOT TRUE END
      LIMIT $5 + 1) s $sql$, jobs, outcomes)
  INTO kept USING started, completed_ms, cancelled_ms, dead_ms, most;
  IF cardinality(kept) > most THEN
    RETURN NULL;
  END IF;
  DELETE FROM taskflow.attempt a WHERE a.job_id >= first_id AND a.job_id < next_id
    AND NOT EXISTS (SELECT FROM unnest(kept) AS k (id) WHERE k.id = a.job_id);
  DELETE FROM taskflow.job_log l WHERE l.job_id >= first_id AND l.job_id < next_id
    AND NOT EXISTS (SELECT FROM unnest(kept) AS k (id) WHERE k.id = l.job_id);
  LOCK TABLE taskflow.job, taskflow.outcome IN ACCESS EXCLUSIVE MODE;
  kept := ARRAY(
    SELECT unnest(kept)
    UNION SELECT job_id FROM taskflow.ready WHERE job_id >= first_id AND job_id < next_id
    UNION SELECT job_id FROM taskflow.waiting WHERE job_id >= first_id AND job_id < next_id
    UNION SELECT job_id FROM taskflow.running WHERE job_id >= first_id AND job_id < next_id);
  EXECUTE format('ALTER TABLE taskflow.job DETACH PARTITION taskflow.%I', jobs);
  EXECUTE format('ALTER TABLE taskflow.outcome DETACH PARTITION taskflow.%I', outcomes);
  EXECUTE format('INSERT INTO taskflow.job SELECT * FROM taskflow.%I WHERE id = ANY($1)', jobs) USING kept;
  EXECUTE format('INSERT INTO taskflow.outcome SELECT * FROM taskflow.%I WHERE job_id = ANY($1)', outcomes) USING kept;
  EXECUTE format('DROP TABLE taskflow.%I, taskflow.%I', jobs, outcomes);
  RETURN stored - cardinality(kept);
END $$;

REVOKE ALL ON FUNCTION taskflow.retire_day(date, timestamptz, bigint, bigint, bigint, bigint) FROM PUBLIC;
