-- Writes one transition in the transaction of whoever calls; raises TF004, which dooms it, if the fence is gone.
CREATE OR REPLACE FUNCTION taskflow.settle_v1(change json, at timestamptz DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM taskflow.settle_many(json_build_array(change), at);
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'TF004', MESSAGE = 'the fence of this attempt is gone';
  END IF;
END $$;
