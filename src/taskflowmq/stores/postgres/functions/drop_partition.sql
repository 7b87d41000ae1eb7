-- Drops the partition of a day that is over, if no row is left in it.
CREATE OR REPLACE FUNCTION taskflow.drop_partition(parent text, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
  child text := parent || '_' || to_char(day, 'YYYYMMDD');
  used boolean;
BEGIN
  PERFORM taskflow.refuse_unless(parent IN ('job', 'outcome'), '22023', 'only job and outcome have partitions');
  IF to_regclass('taskflow.' || child) IS NULL THEN
    RETURN false;
  END IF;
  -- Nobody may add a row between the look and the drop.
  EXECUTE format('LOCK TABLE taskflow.%I IN ACCESS EXCLUSIVE MODE', child);
  EXECUTE format('SELECT EXISTS (SELECT FROM taskflow.%I)', child) INTO used;
  IF used THEN
    RETURN false;
  END IF;
  EXECUTE format('DROP TABLE taskflow.%I', child);
  RETURN true;
END $$;

REVOKE ALL ON FUNCTION taskflow.drop_partition(text, date) FROM PUBLIC;
