-- Milliseconds since 1970 that a UUIDv7 carries.
CREATE OR REPLACE FUNCTION taskflow.id_ms(id uuid) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ('x' || lpad(left(translate(id::text, '-', ''), 12), 16, '0'))::bit(64)::bigint;
