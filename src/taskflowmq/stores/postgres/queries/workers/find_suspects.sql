-- Tells whether isolated jobs are ready.
SELECT EXISTS (SELECT FROM taskflow.ready WHERE crashes > 0) AS found
