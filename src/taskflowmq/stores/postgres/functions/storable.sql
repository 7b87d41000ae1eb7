-- Returns JSON as it was given, or raises: json alone would take what no reader can decode (half of a surrogate pair,
-- an escaped NUL, a number beyond every range), jsonb would take it but change the order of keys and numbers.
CREATE OR REPLACE FUNCTION taskflow.storable(given json) RETURNS json
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN given::jsonb IS NOT NULL THEN given END;
