-- Takes a unique key for a job: null when it has it now, otherwise the id of the holder.
-- A key in force is never locked here: a caller's long transaction must not stop its holder from ending.
CREATE OR REPLACE FUNCTION taskflow.take_unique_key(
  in_tenant integer, wanted text, for_job uuid, freed_at text, keep_until timestamptz, on_conflict text, at timestamptz
) RETURNS uuid
LANGUAGE plpgsql SET enable_seqscan = off SET search_path = pg_catalog, pg_temp AS $$
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
