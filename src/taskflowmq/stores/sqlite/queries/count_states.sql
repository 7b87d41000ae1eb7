-- How many jobs each state has, counted up to :most so that the answer costs the same in a large store.
SELECT (SELECT count(*) FROM (SELECT 1 FROM taskflow_ready LIMIT :most)),
       (SELECT count(*) FROM (SELECT 1 FROM taskflow_running LIMIT :most)),
       (SELECT count(*) FROM (SELECT 1 FROM taskflow_waiting LIMIT :most)),
       (SELECT count(*) FROM (SELECT 1 FROM taskflow_outcome WHERE state = 'completed' LIMIT :most)),
       (SELECT count(*) FROM (SELECT 1 FROM taskflow_outcome WHERE state = 'cancelled' LIMIT :most)),
       (SELECT count(*) FROM (SELECT 1 FROM taskflow_outcome WHERE state = 'dead' LIMIT :most))
