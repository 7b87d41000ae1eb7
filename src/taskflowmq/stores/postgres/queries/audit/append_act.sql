-- Adds an act to the audit.
INSERT INTO taskflow.audit (at, tenant, actor, action, object, details)
VALUES ((SELECT coalesce($1::timestamptz, clock_timestamp())), $2::text, $3::text, $4::text, $5::text, $6::text::json)
