-- Partitions of job and outcome by the day that an id carries (UTC). They are made ahead, beside the table, and attached
-- with a short lock_timeout: upkeep gives way to work. Days without a partition live in the default one.

-- Makes the partition of a day; false if there is one, or if the day's rows sit in the default partition already.
CREATE FUNCTION taskflow.make_partition(parent text, day date) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '1s' SET enable_seqscan = off AS $$
DECLARE
  child text := parent || '_' || to_char(day, 'YYYYMMDD');
  id_column text := CASE parent WHEN 'job' THEN 'id' ELSE 'job_id' END;
  first_id uuid := taskflow.lowest_id(day::timestamp AT TIME ZONE 'UTC');
  next_id uuid := taskflow.lowest_id((day + 1)::timestamp AT TIME ZONE 'UTC');
  taken boolean;
BEGIN
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

-- Drops the partition of a day that is over, if no row is left in it.
CREATE FUNCTION taskflow.drop_partition(parent text, day date) RETURNS boolean
LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
DECLARE
  child text := parent || '_' || to_char(day, 'YYYYMMDD');
  used boolean;
BEGIN
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

SELECT taskflow.make_partition(p.parent, d.day::date)
FROM (VALUES ('job'), ('outcome')) AS p (parent),
     generate_series((clock_timestamp() AT TIME ZONE 'UTC')::date, (clock_timestamp() AT TIME ZONE 'UTC')::date + 2,
                     interval '1 day') AS d (day);

UPDATE taskflow.store SET schema_version = 3;
