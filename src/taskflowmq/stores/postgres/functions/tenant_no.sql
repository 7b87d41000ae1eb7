-- Returns the number of a tenant, made if it is new.
CREATE OR REPLACE FUNCTION taskflow.tenant_no(wanted text) RETURNS integer
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
