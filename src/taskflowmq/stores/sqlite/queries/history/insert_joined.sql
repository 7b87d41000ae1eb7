-- Adds rows of joined figures.
INSERT INTO taskflow_stat (span, minute, writer, queue_id, task_id, counts)
SELECT :span, json_extract(value, '$[0]'), zeroblob(16), json_extract(value, '$[1]'), json_extract(value, '$[2]'),
       json_extract(value, '$[3]')
FROM json_each(:rows)
