-- Empties a database for the next test, which is much cheaper than creating one. The first run, before any test,
-- remembers the shape; later ones refuse a database whose shape a test has changed (partitions were added or
-- dropped), so that the caller replaces it.
SET LOCAL search_path = pg_catalog, pg_temp;
SET lock_timeout = '2s';
DO $$
DECLARE
  relation regclass;
  shape text := (SELECT md5(string_agg(oid::text, ',' ORDER BY oid)) FROM pg_class WHERE relnamespace = 'taskflow'::regnamespace);
  first_shape text := obj_description('taskflow'::regnamespace, 'pg_namespace');
BEGIN
  IF first_shape IS NULL THEN
    EXECUTE format('COMMENT ON SCHEMA taskflow IS %L', shape);
  ELSIF first_shape <> shape THEN
    RAISE EXCEPTION 'a test has changed the shape of this database';
  END IF;
  FOR relation IN
    SELECT oid::regclass FROM pg_class
    WHERE relnamespace = 'taskflow'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'store'
  LOOP
    EXECUTE format('DELETE FROM %s', relation);
  END LOOP;
END
$$;
