-- Makes the partition of a day; false if there is one, or if the day's rows sit in the default partition already. Partitions are
-- made and dropped with the rights of their owner, so that a worker needs none but those of rows. Who may do so is said by GRANT
-- EXECUTE: nobody by default.
CREATE OR REPLACE FUNCTION taskflow.make_partition(parent text, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' SET enable_seqscan = off AS $$
DECLARE
  child text := parent || '_' || to_char(day, 'YYYYMMDD');
  id_column text := CASE parent WHEN 'job' THEN 'id' ELSE 'job_id' END;
  first_id uuid := taskflow.lowest_id(day::timestamp AT TIME ZONE 'UTC');
  next_id uuid := taskflow.lowest_id((day + 1)::timestamp AT TIME ZONE 'UTC');
  taken boolean;
BEGIN
  PERFORM taskflow.refuse_unless(parent IN ('job', 'outcome'), '22023', 'only job and outcome have partitions');
  IF to_regclass('taskflow.' || child) IS NOT NULL THEN
    RETURN false;
  END IF;
  EXECUTE format('SELECT EXISTS (SELECT FROM taskflow.%I WHERE %I >= $1 AND %I < $2)', parent || '_default', id_column, id_column)
  INTO taken USING first_id, next_id;
  IF taken THEN
    RETURN false;
  END IF;
  EXECUTE format('CREATE TABLE taskflow.%I (LIKE taskflow.%I INCLUDING ALL)', child, parent);
  EXECUTE format('ALTER TABLE taskflow.%I ATTACH PARTITION taskflow.%I FOR VALUES FROM (%L) TO (%L)',
                 parent, child, first_id, next_id);
  RETURN true;
END $$;

REVOKE ALL ON FUNCTION taskflow.make_partition(text, date) FROM PUBLIC;
