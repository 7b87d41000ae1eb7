-- The same as a transaction of its own, under an Idempotency-Key if there is one. The short lock_timeout turns
-- waiting for somebody's open transaction into an error that is retried: one key must not hold up a commit queue.
CREATE OR REPLACE FUNCTION taskflow.enqueue_once(jobs json, in_tenant text, wanted text, print text, at timestamptz)
RETURNS TABLE (id uuid, created boolean, replayed boolean)
LANGUAGE plpgsql SET lock_timeout = '500ms' SET enable_seqscan = off SET search_path = pg_catalog, pg_temp AS $$
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
