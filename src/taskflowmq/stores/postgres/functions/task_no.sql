-- Returns the number of a task, made if it is new: jobs may name tasks that no program has announced yet.
CREATE OR REPLACE FUNCTION taskflow.task_no(wanted text, at timestamptz) RETURNS integer
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
