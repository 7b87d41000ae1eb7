-- Tells whether the store has another tenant than this one.
SELECT EXISTS (SELECT FROM taskflow.tenant WHERE id <> $1::integer) AS found
