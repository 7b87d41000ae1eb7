-- Returns the number of a tenant's lane, made with its queue if it is new.
CREATE OR REPLACE FUNCTION taskflow.lane_no_v2(in_tenant integer, wanted text, at_priority smallint, at_share text)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  found_queue integer;
  found_id integer;
BEGIN
  SELECT l.id INTO found_id FROM taskflow.queue q JOIN taskflow.lane l ON l.queue_id = q.id
  WHERE q.tenant_id = in_tenant AND q.name = wanted AND l.priority = at_priority AND l.share = at_share;
  IF found_id IS NULL THEN
    INSERT INTO taskflow.queue (tenant_id, name) VALUES (in_tenant, wanted) ON CONFLICT (tenant_id, name) DO NOTHING;
    SELECT id INTO STRICT found_queue FROM taskflow.queue WHERE tenant_id = in_tenant AND name = wanted;
    INSERT INTO taskflow.lane (queue_id, priority, share) VALUES (found_queue, at_priority, at_share)
    ON CONFLICT (queue_id, priority, share) DO NOTHING;
    SELECT id INTO STRICT found_id FROM taskflow.lane
    WHERE queue_id = found_queue AND priority = at_priority AND share = at_share;
  END IF;
  RETURN found_id;
END $$;
