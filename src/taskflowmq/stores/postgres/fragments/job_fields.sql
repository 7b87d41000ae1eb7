-- What the store keeps of a job for its worker and its readers, in every list in which it stands: no statement reads it. A
-- new field comes into each part, in the order of ClaimedJob: what is plain, then what is JSON.
WITH batch AS (
  SELECT * FROM unnest($1::uuid[]
    -- begin: arrays
    , $13::smallint[], $14::bigint[], $15::smallint[], $16::bytea[], $17::bytea[]
    -- end
  ) AS x (id
    -- begin: columns
    , max_attempts, timeout_ms, args_version, meta, headers
    -- end
  )
),
record AS (
  SELECT * FROM json_to_record($2::json) AS j (id uuid
    -- begin: record
    , max_attempts smallint, timeout_ms bigint, args_version smallint, meta json, headers json
    -- end
  )
)
UPDATE taskflow.job SET args = '{}'
  -- begin: emptied
  , meta = NULL, headers = NULL
  -- end
FROM batch x, record j
WHERE job.id = x.id
RETURNING x.id
  -- begin: of_batch
  , x.max_attempts, x.timeout_ms, x.args_version, convert_from(x.meta, 'UTF8')::json, convert_from(x.headers, 'UTF8')::json
  -- end
  -- begin: of_record
  , j.max_attempts, j.timeout_ms, j.args_version, j.meta, j.headers
  -- end
  -- begin: given
  , $11::smallint, $12::bigint, $13::smallint, $14::text::json, $15::text::json
  -- end
  -- begin: read
  , max_attempts, timeout_ms, args_version, convert_to(meta::text, 'UTF8') AS meta, convert_to(headers::text, 'UTF8') AS headers
  -- end
