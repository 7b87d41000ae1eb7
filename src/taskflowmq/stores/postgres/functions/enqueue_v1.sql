-- Stores jobs in the transaction of whoever calls, with unique keys; answers in the order of the input.
-- Each job: {"id","tenant","task","queue","priority","share","args","delay_ms","run_at","expires_in_ms","tags","unique_key",
-- "free_at","period_ms","on_conflict"}, and what the store keeps of it, by the names of its columns (job_fields).
CREATE OR REPLACE FUNCTION taskflow.enqueue_v1(jobs json, wake boolean DEFAULT true, at timestamptz DEFAULT NULL)
RETURNS TABLE (id uuid, created boolean, replayed boolean)
LANGUAGE plpgsql SET enable_seqscan = off SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  started timestamptz := coalesce(at, clock_timestamp());
  started_ms bigint := floor(extract(epoch FROM started) * 1000);
  ids uuid[] := '{}';
  made boolean[] := '{}';
  again boolean[] := '{}';
  awake integer[] := '{}';  -- lanes
  j record;
  old record;
  holder uuid;
  in_tenant integer;
  of_task integer;
  in_lane integer;
  due timestamptz;
  ends timestamptz;
  placed boolean;
BEGIN
  -- Keys are taken in order, so that two batches with the same keys wait for each other instead of deadlocking.
  FOR j IN
    SELECT x.*, e.ord::integer AS ord
    FROM json_array_elements(jobs) WITH ORDINALITY AS e (job, ord),
         json_to_record(e.job) AS x (
           id uuid, tenant text, task text, queue text, priority smallint, share text, args json, delay_ms bigint,
           run_at timestamptz, expires_in_ms bigint, tags json, unique_key text, free_at text, period_ms bigint, on_conflict text
           -- include: job_fields.record
           )
    ORDER BY x.tenant, x.unique_key NULLS LAST, e.ord
  LOOP
    in_tenant := taskflow.tenant_no(j.tenant);
    of_task := taskflow.task_no_v2(in_tenant, j.task, started);
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
    in_lane := taskflow.lane_no_v2(in_tenant, j.queue, j.priority, j.share);
    INSERT INTO taskflow.job (unique_key,
    -- include: job_columns
    )
    VALUES (j.unique_key, j.id, in_tenant, in_lane, of_task, taskflow.storable(j.args), started, due, ends,
            (SELECT array_agg(t.tag ORDER BY t.ord) FROM json_array_elements_text(j.tags) WITH ORDINALITY AS t (tag, ord))
            -- include: job_fields.of_record
            )
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = '40001', MESSAGE = 'the same job is being stored at this moment';
    END IF;
    -- The job row above gave this transaction its xid, so the position below is drawn by a visible transaction.
    IF due <= started THEN
      WITH arriving AS (
        SELECT in_lane AS lane_id, j.id AS job_id, of_task AS task_id, started AS ready_at, ends AS expires_at, 1 AS round,
               0 AS attempt, 0 AS crashes, 0 AS losses, 0 AS lease_no,
               CASE j.free_at WHEN 'finish' THEN 1 WHEN 'start' THEN 2 ELSE 0 END AS flags
      )
      -- include: arrive
      SELECT true INTO placed;
      IF NOT in_lane = ANY(awake) THEN
        awake := awake || in_lane;
      END IF;
    ELSE
      INSERT INTO taskflow.waiting (job_id, why, due_at, round, attempt, crashes, losses, lease_no, flags)
      VALUES (j.id, 'scheduled', due, 1, 0, 0, 0, 0,
              CASE j.free_at WHEN 'finish' THEN 1 WHEN 'start' THEN 2 ELSE 0 END);
    END IF;
    ids[j.ord] := j.id; made[j.ord] := true; again[j.ord] := false;
  END LOOP;
  IF wake THEN
    PERFORM
    -- include: wake
    WHERE q.id = ANY(ARRAY(SELECT l.queue_id FROM taskflow.lane l WHERE l.id = ANY(awake)));
  END IF;
  RETURN QUERY SELECT a.id, a.created, a.replayed FROM unnest(ids, made, again) AS a (id, created, replayed);
END $$;
