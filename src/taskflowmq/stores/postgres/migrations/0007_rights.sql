-- Whose operators and tables a function means is settled here, not by the search_path of who calls it: a role that may create in
-- a schema of that path could put its own in their place and run them with the caller's rights (CVE-2018-1058).
-- Every program that reaches a function from outside reaches a pinned one. Functions in SQL are bound when they are made.
-- Not pinned: refuse_unless (no operator, no table, called for each batch), and what only pinned functions call.
ALTER FUNCTION taskflow.cancel_unstarted(uuid, text, timestamptz) SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION taskflow.take_unique_key(integer, text, uuid, text, timestamptz, text, timestamptz) SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION taskflow.enqueue_v1(json, boolean, timestamptz) SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION taskflow.enqueue_once(json, text, text, text, timestamptz) SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION taskflow.settle_many(json, timestamptz) SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION taskflow.settle_v1(json, timestamptz) SET search_path = pg_catalog, pg_temp;

CREATE OR REPLACE FUNCTION taskflow.storable(given json) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN given::jsonb IS NOT NULL THEN given END;

CREATE OR REPLACE FUNCTION taskflow.id_ms(id uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || lpad(left(translate(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint;

CREATE OR REPLACE FUNCTION taskflow.lowest_id(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN rpad(lpad(to_hex(greatest(floor(extract(epoch FROM at) * 1000), 0)::bigint), 12, '0'), 32, '0')::uuid;

-- Partitions are made and dropped with the rights of their owner, so that a worker needs none but those of rows. Who may do so
-- is said by GRANT EXECUTE: nobody by default.
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

ALTER FUNCTION taskflow.retire_day(date, timestamptz, bigint, bigint, bigint, bigint) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

REVOKE ALL ON FUNCTION taskflow.make_partition(text, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION taskflow.drop_partition(text, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION taskflow.retire_day(date, timestamptz, bigint, bigint, bigint, bigint) FROM PUBLIC;

-- Why the last turn of a duty failed, for whoever asks why something is not done.
ALTER TABLE taskflow.duty ADD COLUMN failed_at timestamptz;
ALTER TABLE taskflow.duty ADD COLUMN problem text;

UPDATE taskflow.store SET schema_version = 7;
