-- Lowest id of a moment: the bound of a partition or of a scan by age.
CREATE OR REPLACE FUNCTION taskflow.lowest_id(at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN rpad(lpad(to_hex(greatest(floor(extract(epoch FROM at) * 1000), 0)::bigint), 12, '0'), 32, '0')::uuid;
