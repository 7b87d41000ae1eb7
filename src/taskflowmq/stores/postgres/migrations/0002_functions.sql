-- What must run inside somebody else's transaction, or take several steps in one round trip, is a function here.
-- Functions read the time once, plan against indexes whatever the statistics say, and raise these codes:
-- TF001 conflict, TF002 not unique, TF003 idempotency mismatch, TF004 lease lost.

CREATE INDEX job_deleted ON taskflow.job (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX unique_lock_until ON taskflow.unique_lock (until) WHERE until IS NOT NULL;

-- Returns false, or raises: a refusal inside a statement takes the whole batch back.
CREATE FUNCTION taskflow.refuse_unless(fine boolean, code text, about text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF fine THEN
    RETURN false;
  END IF;
  RAISE EXCEPTION USING ERRCODE = code, MESSAGE = about;
END $$;

-- Returns JSON as it was given, or raises: json alone would take what no reader can decode (half of a surrogate pair,
-- an escaped NUL, a number beyond every range), jsonb would take it but change the order of keys and numbers.
CREATE FUNCTION taskflow.storable(given json) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN given::jsonb IS NOT NULL THEN given END
$$;

-- Milliseconds since 1970 that a UUIDv7 carries.
CREATE FUNCTION taskflow.id_ms(id uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT ('x' || lpad(left(translate(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint
$$;

-- Lowest id of a moment: the bound of a partition or of a scan by age.
CREATE FUNCTION taskflow.lowest_id(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT rpad(lpad(to_hex(greatest(floor(extract(epoch FROM at) * 1000), 0)::bigint), 12, '0'), 32, '0')::uuid
$$;

CREATE FUNCTION taskflow.tenant_no(wanted text) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE found_id integer;
BEGIN
  SELECT id INTO found_id FROM taskflow.tenant WHERE name = wanted;
  IF found_id IS NULL THEN
    INSERT INTO taskflow.tenant (name) VALUES (wanted) ON CONFLICT (name) DO NOTHING;
    SELECT id INTO STRICT found_id FROM taskflow.tenant WHERE name = wanted;
  END IF;
  RETURN found_id;
END $$;

CREATE FUNCTION taskflow.task_no(wanted text, at timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE found_id integer;
BEGIN
  SELECT id INTO found_id FROM taskflow.task WHERE name = wanted;
  IF found_id IS NULL THEN
    INSERT INTO taskflow.task (name, seen_at) VALUES (wanted, at) ON CONFLICT (name) DO NOTHING;
    SELECT id INTO STRICT found_id FROM taskflow.task WHERE name = wanted;
  END IF;
  RETURN found_id;
END $$;

CREATE FUNCTION taskflow.lane_no(wanted text, at_priority smallint, at_share text) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  found_queue integer;
  found_id integer;
BEGIN
  SELECT l.id INTO found_id FROM taskflow.queue q JOIN taskflow.lane l ON l.queue_id = q.id
  WHERE q.name = wanted AND l.priority = at_priority AND l.share = at_share;
  IF found_id IS NULL THEN
    INSERT INTO taskflow.queue (name) VALUES (wanted) ON CONFLICT (name) DO NOTHING;
    SELECT id INTO STRICT found_queue FROM taskflow.queue WHERE name = wanted;
    INSERT INTO taskflow.lane (queue_id, priority, share) VALUES (found_queue, at_priority, at_share)
    ON CONFLICT (queue_id, priority, share) DO NOTHING;
    SELECT id INTO STRICT found_id FROM taskflow.lane
    WHERE queue_id = found_queue AND priority = at_priority AND share = at_share;
  END IF;
  RETURN found_id;
END $$;

-- Cancels a job that has not started (it is ready or waiting) and frees its unique key; false if it has.
CREATE FUNCTION taskflow.cancel_unstarted(wanted uuid, why text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE c record;
BEGIN
  DELETE FROM taskflow.waiting WHERE job_id = wanted
  RETURNING round, attempt, crashes, losses, lease_no INTO c;
  IF NOT FOUND THEN
    DELETE FROM taskflow.ready WHERE job_id = wanted
    RETURNING round, attempt, crashes, losses, lease_no INTO c;
  END IF;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  INSERT INTO taskflow.outcome (job_id, state, reason, finished_at, round, attempt, crashes, losses, lease_no)
  VALUES (wanted, 'cancelled', why, at, c.round, c.attempt, c.crashes, c.losses, c.lease_no);
  DELETE FROM taskflow.unique_lock WHERE job_id = wanted AND free_at IN ('start', 'finish');
  RETURN true;
END $$;

-- Takes a unique key for a job: null when it has it now, otherwise the id of the holder.
-- A key in force is never locked here: a caller's long transaction must not stop its holder from ending.
CREATE FUNCTION taskflow.take_unique_key(
  in_tenant integer, wanted text, for_job uuid, freed_at text, keep_until timestamptz, on_conflict text, at timestamptz
) RETURNS uuid
LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE holder uuid;
BEGIN
  FOR attempt IN 1..4 LOOP
    DELETE FROM taskflow.unique_lock WHERE tenant_id = in_tenant AND key = wanted AND until <= at;
    INSERT INTO taskflow.unique_lock (tenant_id, key, job_id, free_at, until)
    VALUES (in_tenant, wanted, for_job, freed_at, keep_until) ON CONFLICT (tenant_id, key) DO NOTHING;
    IF FOUND THEN
      RETURN NULL;
    END IF;
    SELECT job_id INTO holder FROM taskflow.unique_lock WHERE tenant_id = in_tenant AND key = wanted;
    CONTINUE WHEN NOT FOUND;  -- freed in between
    IF on_conflict = 'raise' AND holder <> for_job THEN
      RAISE EXCEPTION USING ERRCODE = 'TF002', MESSAGE = wanted, DETAIL = holder::text;
    END IF;
    IF on_conflict <> 'replace' OR holder = for_job
       OR NOT taskflow.cancel_unstarted(holder, 'cancelled_by_user', at) THEN
      RETURN holder;
    END IF;
    -- A key that lives for a time outlives its job; a replaced job gives it up.
    DELETE FROM taskflow.unique_lock WHERE tenant_id = in_tenant AND key = wanted AND job_id = holder;
  END LOOP;
  RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'the unique key keeps changing hands';
END $$;

-- Stores jobs in the transaction of whoever calls, with unique keys; answers in the order of the input.
-- Each job: {"id","tenant","task","queue","priority","share","args","args_version","max_attempts","timeout_ms",
-- "delay_ms","run_at","expires_in_ms","tags","meta","headers","unique_key","free_at","period_ms","on_conflict"}
CREATE FUNCTION taskflow.enqueue_v1(jobs json, wake boolean DEFAULT true, at timestamptz DEFAULT NULL)
RETURNS TABLE (id uuid, created boolean, replayed boolean)
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  started timestamptz := coalesce(at, clock_timestamp());
  started_ms bigint := floor(extract(epoch FROM started) * 1000);
  ids uuid[] := '{}';
  made boolean[] := '{}';
  again boolean[] := '{}';
  awake text[] := '{}';
  j record;
  old record;
  holder uuid;
  in_tenant integer;
  of_task integer;
  in_lane integer;
  due timestamptz;
  ends timestamptz;
BEGIN
  -- Keys are taken in order, so that two batches with the same keys wait for each other instead of deadlocking.
  FOR j IN
    SELECT x.*, e.ord::integer AS ord
    FROM json_array_elements(jobs) WITH ORDINALITY AS e (job, ord),
         json_to_record(e.job) AS x (
           id uuid, tenant text, task text, queue text, priority smallint, share text, args json, args_version smallint,
           max_attempts smallint, timeout_ms bigint, delay_ms bigint, run_at timestamptz, expires_in_ms bigint,
           tags json, meta json, headers json, unique_key text, free_at text, period_ms bigint, on_conflict text)
    ORDER BY x.tenant, x.unique_key NULLS LAST, e.ord
  LOOP
    in_tenant := taskflow.tenant_no(j.tenant);
    of_task := taskflow.task_no(j.task, started);
    SELECT tenant_id, task_id, args, deleted_at INTO old FROM taskflow.job WHERE job.id = j.id;
    IF FOUND THEN
      PERFORM taskflow.refuse_unless(
        old.tenant_id = in_tenant AND old.task_id = of_task AND (old.args::text = j.args::text OR old.deleted_at IS NOT NULL),
        'TF001', format('job %s exists with other content', j.id));
      ids[j.ord] := j.id; made[j.ord] := true; again[j.ord] := true;  -- created by this very call, earlier
      CONTINUE;
    END IF;
    PERFORM taskflow.refuse_unless(abs(taskflow.id_ms(j.id) - started_ms) <= 86400000, 'TF001',
      format('the id %s is more than 24 h off the store''s clock', j.id));
    due := coalesce(j.run_at, started + coalesce(j.delay_ms, 0) * interval '1 millisecond');
    ends := started + j.expires_in_ms * interval '1 millisecond';
    IF j.unique_key IS NOT NULL THEN
      holder := taskflow.take_unique_key(in_tenant, j.unique_key, j.id, j.free_at,
        CASE WHEN j.free_at = 'time' THEN started + j.period_ms * interval '1 millisecond' END, j.on_conflict, started);
      IF holder IS NOT NULL THEN
        ids[j.ord] := holder; made[j.ord] := holder = j.id; again[j.ord] := holder = j.id;
        CONTINUE;
      END IF;
    END IF;
    in_lane := taskflow.lane_no(j.queue, j.priority, j.share);
    INSERT INTO taskflow.job (id, tenant_id, lane_id, task_id, args_version, max_attempts, timeout_ms, created_at,
                              run_at, expires_at, args, unique_key, tags, meta, headers)
    VALUES (j.id, in_tenant, in_lane, of_task, j.args_version, j.max_attempts, j.timeout_ms, started, due, ends, taskflow.storable(j.args),
            j.unique_key, (SELECT array_agg(t.tag ORDER BY t.ord)
                           FROM json_array_elements_text(j.tags) WITH ORDINALITY AS t (tag, ord)),
            j.meta, j.headers)
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'the same job is being stored at this moment';
    END IF;
    -- The job row above gave this transaction its xid, so the position below is drawn by a visible transaction.
    IF due <= started THEN
      INSERT INTO taskflow.ready (lane_id, seq, job_id, task_id, ready_at, expires_at, round, attempt, crashes,
                                  losses, lease_no, flags)
      VALUES (in_lane, nextval('taskflow.ready_seq'), j.id, of_task, started, ends, 1, 0, 0, 0, 0,
              CASE j.free_at WHEN 'finish' THEN 1 WHEN 'start' THEN 2 ELSE 0 END);
      IF NOT j.queue = ANY(awake) THEN
        awake := awake || j.queue;
      END IF;
    ELSE
      INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
      VALUES (j.id, 'scheduled', due, 1, 0, 0, 0, 0,
              CASE j.free_at WHEN 'finish' THEN 1 WHEN 'start' THEN 2 ELSE 0 END);
    END IF;
    ids[j.ord] := j.id; made[j.ord] := true; again[j.ord] := false;
  END LOOP;
  IF wake THEN
    PERFORM pg_notify('taskflow_ready', q.name) FROM unnest(awake) AS q (name);
  END IF;
  RETURN QUERY SELECT a.id, a.created, a.replayed FROM unnest(ids, made, again) AS a (id, created, replayed);
END $$;

-- The same as a transaction of its own, under an Idempotency-Key if there is one. The short lock_timeout turns
-- waiting for somebody's open transaction into an error that is retried: one key must not hold up a commit queue.
CREATE FUNCTION taskflow.enqueue_once(jobs json, in_tenant text, wanted text, print text, at timestamptz)
RETURNS TABLE (id uuid, created boolean, replayed boolean)
LANGUAGE plpgsql SET lock_timeout = '500ms' SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
  started timestamptz := coalesce(at, clock_timestamp());
  tenant_of integer;
  known record;
  ids uuid[] := '{}';
  made boolean[] := '{}';
BEGIN
  IF wanted IS NULL THEN
    RETURN QUERY SELECT e.id, e.created, e.replayed FROM taskflow.enqueue_v1(jobs, false, started) e;
    RETURN;
  END IF;
  tenant_of := taskflow.tenant_no(in_tenant);
  DELETE FROM taskflow.idempotency
  WHERE tenant_id = tenant_of AND key = wanted AND created_at <= started - interval '24 hours';
  INSERT INTO taskflow.idempotency (tenant_id, key, fingerprint, job_ids, created, created_at)
  VALUES (tenant_of, wanted, print, '{}', '{}', started) ON CONFLICT (tenant_id, key) DO NOTHING;
  IF NOT FOUND THEN
    SELECT i.fingerprint, i.job_ids, i.created INTO known FROM taskflow.idempotency i WHERE i.tenant_id = tenant_of AND i.key = wanted;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'the Idempotency-Key is being pruned';
    END IF;
    PERFORM taskflow.refuse_unless(known.fingerprint = print, 'TF003', wanted);
    RETURN QUERY SELECT k.id, k.created, true FROM unnest(known.job_ids, known.created) AS k (id, created);
    RETURN;
  END IF;
  FOR id, created, replayed IN SELECT e.id, e.created, e.replayed FROM taskflow.enqueue_v1(jobs, false, started) e LOOP
    ids := ids || id;
    made := made || created;
    RETURN NEXT;
  END LOOP;
  UPDATE taskflow.idempotency i SET job_ids = ids, created = made WHERE i.tenant_id = tenant_of AND i.key = wanted;
END $$;

-- Writes decided transitions under their fences; returns the ids that matched. The first statement locks in id
-- order, so that the second sees what those who held the rows before have committed (a cancel request, progress).
CREATE FUNCTION taskflow.settle_many(changes json, at timestamptz) RETURNS SETOF uuid
LANGUAGE plpgsql SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE settled timestamptz := coalesce(at, clock_timestamp());
BEGIN
  PERFORM 1
  FROM (SELECT x.job_id, x.lease_no FROM json_to_recordset(changes) AS x (job_id uuid, lease_no integer)
        ORDER BY x.job_id OFFSET 0) x
  CROSS JOIN LATERAL (
    SELECT 1 FROM taskflow.running r WHERE r.job_id = x.job_id AND r.lease_no = x.lease_no FOR UPDATE) r;
  RETURN QUERY
  WITH held AS MATERIALIZED (
    SELECT x.*, r.place, r.worker_id, r.lane_id, r.started_at, r.tried, r.flags,
           CASE WHEN c.asked AND x.goes NOT IN ('completed', 'cancelled', 'dead') THEN 'cancelled' ELSE x.goes END AS state,
           CASE WHEN c.asked AND x.goes NOT IN ('completed', 'cancelled', 'dead') THEN 'cancelled_by_user'
                ELSE x.reason END AS because
    FROM json_to_recordset(changes) AS x (
           job_id uuid, lease_no integer, goes text, reason text, delay_ms bigint, ended text, round smallint,
           attempt smallint, crashes smallint, losses smallint, result json, result_error text, error json)
    CROSS JOIN LATERAL (
      SELECT r.ctid AS place, r.worker_id, r.lane_id, r.started_at, r.attempt AS tried, r.flags
      FROM taskflow.running r WHERE r.job_id = x.job_id AND r.lease_no = x.lease_no FOR UPDATE) r
    LEFT JOIN LATERAL (
      SELECT true AS asked FROM taskflow.cancel_request c WHERE c.job_id = x.job_id OFFSET 0) c ON true
  ),
  gone AS (
    DELETE FROM taskflow.running WHERE ctid = ANY(ARRAY(SELECT place FROM held)) RETURNING job_id
  ),
  tried AS (
    INSERT INTO taskflow.attempt (job_id, lease_no, round, attempt, ended, worker_id, started_at, finished_at, error)
    SELECT job_id, lease_no, round, tried, ended, worker_id, started_at, settled, taskflow.storable(error) FROM held WHERE held.ended IS NOT NULL
    ON CONFLICT (job_id, lease_no) DO NOTHING
  ),
  finished AS (
    INSERT INTO taskflow.outcome (job_id, state, reason, worker_id, started_at, finished_at, round, attempt, crashes,
                                  losses, lease_no, result, result_error, error)
    SELECT job_id, state, because, worker_id, started_at, settled, round, attempt, crashes, losses, lease_no,
           taskflow.storable(result), result_error, taskflow.storable(error)
    FROM held WHERE state IN ('completed', 'cancelled', 'dead')
  ),
  parked AS (
    INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
    SELECT job_id, state, settled + delay_ms * interval '1 millisecond', round, attempt, crashes, losses, lease_no, flags
    FROM held WHERE state IN ('retrying', 'scheduled')
  ),
  back AS (
    INSERT INTO taskflow.ready (lane_id, seq, job_id, task_id, ready_at, expires_at, round, attempt, crashes, losses,
                                lease_no, flags)
    SELECT h.lane_id, nextval('taskflow.ready_seq'), h.job_id, j.task_id, settled, j.expires_at, h.round, h.attempt,
           h.crashes, h.losses, h.lease_no, h.flags
    FROM held h
    CROSS JOIN LATERAL (SELECT j.task_id, j.expires_at FROM taskflow.job j WHERE j.id = h.job_id OFFSET 0) j
    WHERE h.state = 'pending'
  ),
  freed AS (
    DELETE FROM taskflow.unique_lock WHERE ctid = ANY(ARRAY(
      SELECT u.place FROM held h
      CROSS JOIN LATERAL (SELECT u.ctid AS place FROM taskflow.unique_lock u
                          WHERE u.job_id = h.job_id AND u.free_at IN ('start', 'finish') FOR UPDATE) u
      WHERE h.flags & 3 <> 0 AND h.state IN ('completed', 'cancelled', 'dead')))
  )
  SELECT job_id FROM gone;
END $$;

-- Writes one transition in the transaction of whoever calls; raises TF004, which dooms it, if the fence is gone.
CREATE FUNCTION taskflow.settle_v1(change json, at timestamptz DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  PERFORM taskflow.settle_many(json_build_array(change), at);
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'TF004', MESSAGE = 'the fence of this attempt is gone';
  END IF;
END $$;

UPDATE taskflow.store SET schema_version = 2;
