-- Deletes the outcomes of jobs: a new round begins, or the jobs are deleted.
DELETE FROM taskflow_outcome WHERE job_id IN (SELECT substr(:ids, 16 * key + 1, 16) FROM json_each(:rows))
