-- What a role that may create in schema public can do to others (CVE-2018-1058): an operator for every pair of types that
-- pg_catalog has none for, and exact matches for polymorphic functions. Each raises when it is called.
DO $do$
DECLARE
  types regtype[] := '{smallint,integer,bigint,numeric,double precision,interval,timestamptz,date,text,uuid,boolean,json,uuid[],text[],boolean[]}';
  l regtype;
  r regtype;
  op text;
BEGIN
  FOREACH l IN ARRAY types LOOP
    FOREACH r IN ARRAY types LOOP
      EXECUTE format('CREATE FUNCTION public.trap(%s, %s) RETURNS boolean LANGUAGE plpgsql AS %L', l, r,
                     'BEGIN RAISE EXCEPTION ''trapped''; END');
      FOREACH op IN ARRAY '{=,<>,<,<=,>,>=,+,-,*,||,~}'::text[] LOOP
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_operator o WHERE o.oprname OPERATOR(pg_catalog.=) op::name
                       AND o.oprleft OPERATOR(pg_catalog.=) l AND o.oprright OPERATOR(pg_catalog.=) r) THEN
          EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.trap)', op, l, r);
        END IF;
      END LOOP;
    END LOOP;
  END LOOP;
END $do$;

CREATE FUNCTION public.unnest(uuid[]) RETURNS SETOF uuid LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION public.unnest(text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION public.cardinality(uuid[]) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION public.format(text, uuid) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
CREATE FUNCTION public.format(text, text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trapped'; END $$;
