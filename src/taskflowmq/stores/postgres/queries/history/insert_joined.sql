-- Adds rows of joined figures.
INSERT INTO taskflow.stat (span, minute, writer, queue_id, task_id, counts)
SELECT $1::integer, x.at, '00000000-0000-0000-0000-000000000000', x.queue_id, x.task_id, x.counts::json
FROM unnest($2::timestamptz[], $3::integer[], $4::integer[], $5::text[]) AS x (at, queue_id, task_id, counts)
