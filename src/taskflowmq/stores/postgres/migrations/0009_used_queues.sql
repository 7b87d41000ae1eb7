-- When a program used a queue last: what has not been used for seven days and is empty is not listed and counts against no
-- limit. Its row and its lanes stay, because stored jobs and the memory of programs hold their numbers; a row is small, and
-- a claim's cost does not grow with idle lanes (ADR 7). Queues that exist count as used now, and so does one that an older
-- program or plain SQL makes.
ALTER TABLE taskflow.queue ADD COLUMN used_at timestamptz NOT NULL DEFAULT now();

-- Stores that queues are in use, at most once per pause. With the owner's rights: a program that only enqueues may not change
-- rows of queues, and this changes nothing else in them. A row that somebody changes meanwhile is left alone, not waited for.
CREATE FUNCTION taskflow.use_queues(names text[], at timestamptz, pause interval) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  UPDATE taskflow.queue SET used_at = at WHERE id = ANY(ARRAY(
    SELECT q.id FROM taskflow.queue q WHERE q.name = ANY(names) AND q.used_at < at - pause FOR NO KEY UPDATE SKIP LOCKED))
$$;

UPDATE taskflow.store SET schema_version = 9;
