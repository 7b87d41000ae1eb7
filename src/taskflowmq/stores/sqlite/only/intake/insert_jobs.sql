-- Stores job rows. A known id refuses the whole statement; the caller then reads with read_conflicts which jobs to
-- leave out.
INSERT INTO taskflow_job (
-- include: job_columns
)
SELECT substr(:ids, 16 * key + 1, 16), json_extract(value, '$[0]'), json_extract(value, '$[1]'),
       json_extract(value, '$[2]'), json_extract(value, '$[3]'), json_extract(value, '$[4]'),
       json_extract(value, '$[5]'), :now, json_extract(value, '$[6]'), json_extract(value, '$[7]'),
       json_extract(value, '$[8]'), json_extract(value, '$[9]'), json_extract(value, '$[10]'),
       json_extract(value, '$[11]'), json_extract(value, '$[12]')
FROM json_each(:rows)
