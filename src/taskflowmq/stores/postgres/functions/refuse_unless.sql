-- Returns false, or raises: a refusal inside a statement takes the whole batch back.
CREATE OR REPLACE FUNCTION taskflow.refuse_unless(fine boolean, code text, about text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF fine THEN
    RETURN false;
  END IF;
  RAISE EXCEPTION USING ERRCODE = code, MESSAGE = about;
END $$;
