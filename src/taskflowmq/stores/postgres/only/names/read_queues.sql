-- Reads the names of queues by id; an id of no queue may be one that no integer holds.
SELECT id, name FROM taskflow.queue WHERE id = ANY($1::bigint[])
