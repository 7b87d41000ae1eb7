-- Returns the number of a tenant's task, made if it is new: jobs may name tasks that no program has announced yet.
CREATE OR REPLACE FUNCTION taskflow.task_no_v2(in_tenant integer, wanted text, at timestamptz) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE found_id integer;
BEGIN
  SELECT id INTO found_id FROM taskflow.task WHERE tenant_id = in_tenant AND name = wanted;
  IF found_id IS NULL THEN
    INSERT INTO taskflow.task (tenant_id, name, seen_at) VALUES (in_tenant, wanted, at)
    ON CONFLICT (tenant_id, name) DO NOTHING;
    SELECT id INTO STRICT found_id FROM taskflow.task WHERE tenant_id = in_tenant AND name = wanted;
  END IF;
  RETURN found_id;
END $$;
