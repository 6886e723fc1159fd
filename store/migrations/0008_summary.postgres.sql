-- Summaries, by the same names and columns on every kind of store: `minute` of readings, `hour` of
-- minutes, `night` of hours. Retained messages are left out. `_n` counts the readings that knew the
-- quantity, `_sum`, `_min` and `_max` are in stored steps; `in_bed_minutes` counts the minutes that
-- saw the bed taken at all, of `in_bed_known` that said anything; `_first`, `_last` to the minute.
-- A night is 18:00 to 12:00 of local time and bears the date of its evening.
--
-- Kept in tables by `store.summaries`, bounded work at a time; the views add what is not kept yet.
-- `claimed`: minutes before it are kept or about to be. Whoever writes a reading of such a minute
-- notes it in `summary_stale` by `summary_note`, and it is counted anew.
CREATE TABLE minute_kept (
    bucket timestamptz NOT NULL, device integer NOT NULL, elder integer, readings integer NOT NULL,
    heart_rate_n integer, heart_rate_sum integer, heart_rate_min smallint, heart_rate_max smallint,
    respiratory_rate_n integer, respiratory_rate_sum integer, respiratory_rate_min smallint,
    respiratory_rate_max smallint,
    movement_n integer, movement_sum integer, movement_min smallint, movement_max smallint,
    in_bed_n integer, in_bed_true integer, presence_n integer, presence_true integer,
    sos_pressed integer, fall_suspected integer, fall_confirmed integer,
    UNIQUE NULLS NOT DISTINCT (device, bucket, elder)
) PARTITION BY RANGE (bucket);
CREATE INDEX minute_kept_bucket ON minute_kept USING brin (bucket);
CREATE TABLE hour_kept (
    bucket timestamptz NOT NULL, device integer NOT NULL, elder integer, readings integer NOT NULL,
    heart_rate_n integer, heart_rate_sum bigint, heart_rate_min smallint, heart_rate_max smallint,
    respiratory_rate_n integer, respiratory_rate_sum bigint, respiratory_rate_min smallint,
    respiratory_rate_max smallint,
    movement_n integer, movement_sum bigint, movement_min smallint, movement_max smallint,
    in_bed_known integer, in_bed_minutes integer,
    in_bed_first timestamptz, in_bed_last timestamptz,
    presence_known integer, presence_minutes integer,
    sos_pressed integer, fall_suspected integer, fall_confirmed integer,
    UNIQUE NULLS NOT DISTINCT (device, bucket, elder)
);
CREATE INDEX hour_kept_bucket ON hour_kept USING brin (bucket);
CREATE TABLE night_kept (
    night date NOT NULL, device integer NOT NULL, elder integer, readings integer NOT NULL,
    heart_rate_n integer, heart_rate_sum bigint, heart_rate_min smallint, heart_rate_max smallint,
    respiratory_rate_n integer, respiratory_rate_sum bigint, respiratory_rate_min smallint,
    respiratory_rate_max smallint,
    movement_n integer, movement_sum bigint, movement_min smallint, movement_max smallint,
    in_bed_known integer, in_bed_minutes integer,
    in_bed_first timestamptz, in_bed_last timestamptz,
    presence_known integer, presence_minutes integer,
    sos_pressed integer, fall_suspected integer, fall_confirmed integer,
    UNIQUE NULLS NOT DISTINCT (device, night, elder)
);
CREATE INDEX night_kept_night ON night_kept (night);

-- How far each level is kept: buckets that begin before `upto`.
CREATE TABLE summary_progress (
    level text PRIMARY KEY, upto timestamptz NOT NULL, claimed timestamptz NOT NULL
);
INSERT INTO summary_progress
SELECT level, '-infinity', '-infinity' FROM unnest(ARRAY['minute', 'hour', 'night']) level;
-- Not unique: a writer must not take another's note for its own, which may be used up before it
-- commits.
CREATE TABLE summary_stale (level text NOT NULL, bucket timestamptz NOT NULL);
CREATE INDEX summary_stale_bucket ON summary_stale (level, bucket);

-- `minutes`: minutes since 1970. The lock lets nobody move `claimed` until the caller has
-- committed; each statement in here sees what was committed before it began.
CREATE FUNCTION summary_note(minutes bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    before timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('vigil summary'));
    SELECT claimed INTO before FROM summary_progress WHERE level = 'minute';
    INSERT INTO summary_stale (level, bucket)
    SELECT 'minute',
    to_timestamp(m * 60) FROM unnest(minutes) m WHERE to_timestamp(m * 60) < before;
END
$$;

CREATE FUNCTION minute_of(since timestamptz, until timestamptz) RETURNS TABLE (
    bucket timestamptz, device integer, elder integer, readings integer,
    heart_rate_n integer, heart_rate_sum integer, heart_rate_min smallint, heart_rate_max smallint,
    respiratory_rate_n integer, respiratory_rate_sum integer, respiratory_rate_min smallint,
    respiratory_rate_max smallint,
    movement_n integer, movement_sum integer, movement_min smallint, movement_max smallint,
    in_bed_n integer, in_bed_true integer, presence_n integer, presence_true integer,
    sos_pressed integer, fall_suspected integer, fall_confirmed integer
) LANGUAGE sql STABLE AS $$
SELECT
    date_bin(INTERVAL '1 minute', ts, TIMESTAMPTZ '2000-01-01 00:00:00Z') AS bucket, device,
    elder, count(*)::int AS readings,
    count(heart_rate)::int AS heart_rate_n, sum(heart_rate)::int AS heart_rate_sum,
    min(heart_rate) AS heart_rate_min, max(heart_rate) AS heart_rate_max,
    count(respiratory_rate)::int AS respiratory_rate_n,
    sum(respiratory_rate)::int AS respiratory_rate_sum,
    min(respiratory_rate) AS respiratory_rate_min, max(respiratory_rate) AS respiratory_rate_max,
    count(movement)::int AS movement_n, sum(movement)::int AS movement_sum,
    min(movement) AS movement_min, max(movement) AS movement_max,
    count(in_bed)::int AS in_bed_n, (count(*) FILTER (WHERE in_bed = 1))::int AS in_bed_true,
    count(presence)::int AS presence_n,
    (count(*) FILTER (WHERE presence = 1))::int AS presence_true,
    (count(*) FILTER (WHERE sos = 1 AND flags & 4 = 0))::int AS sos_pressed,
    (count(*) FILTER (WHERE fall = 1 AND flags & 4 = 0))::int AS fall_suspected,
    (count(*) FILTER (WHERE fall = 2 AND flags & 4 = 0))::int AS fall_confirmed
FROM reading WHERE ts >= since AND ts < until AND flags & 2 = 0
GROUP BY 1, 2, 3
$$;
CREATE VIEW minute AS
SELECT bucket, device, elder, readings, heart_rate_n, heart_rate_sum, heart_rate_min,
    heart_rate_max, respiratory_rate_n, respiratory_rate_sum, respiratory_rate_min,
    respiratory_rate_max, movement_n, movement_sum, movement_min, movement_max, in_bed_n,
    in_bed_true, presence_n, presence_true, sos_pressed, fall_suspected, fall_confirmed
FROM minute_kept
WHERE bucket < (SELECT upto FROM summary_progress WHERE level = 'minute')
UNION ALL
SELECT m.* FROM summary_progress, LATERAL minute_of(upto, 'infinity') m WHERE level = 'minute';

CREATE FUNCTION hour_of(since timestamptz, until timestamptz) RETURNS TABLE (
    bucket timestamptz, device integer, elder integer, readings integer,
    heart_rate_n integer, heart_rate_sum bigint, heart_rate_min smallint, heart_rate_max smallint,
    respiratory_rate_n integer, respiratory_rate_sum bigint, respiratory_rate_min smallint,
    respiratory_rate_max smallint,
    movement_n integer, movement_sum bigint, movement_min smallint, movement_max smallint,
    in_bed_known integer, in_bed_minutes integer,
    in_bed_first timestamptz, in_bed_last timestamptz,
    presence_known integer, presence_minutes integer,
    sos_pressed integer, fall_suspected integer, fall_confirmed integer
) LANGUAGE sql STABLE AS $$
SELECT
    date_bin(INTERVAL '1 hour', bucket, TIMESTAMPTZ '2000-01-01 00:00:00Z') AS bucket, device,
    elder, sum(readings)::int AS readings,
    sum(heart_rate_n)::int AS heart_rate_n, sum(heart_rate_sum)::bigint AS heart_rate_sum,
    min(heart_rate_min) AS heart_rate_min, max(heart_rate_max) AS heart_rate_max,
    sum(respiratory_rate_n)::int AS respiratory_rate_n,
    sum(respiratory_rate_sum)::bigint AS respiratory_rate_sum,
    min(respiratory_rate_min) AS respiratory_rate_min,
    max(respiratory_rate_max) AS respiratory_rate_max,
    sum(movement_n)::int AS movement_n, sum(movement_sum)::bigint AS movement_sum,
    min(movement_min) AS movement_min, max(movement_max) AS movement_max,
    (count(*) FILTER (WHERE in_bed_n > 0))::int AS in_bed_known,
    (count(*) FILTER (WHERE in_bed_true > 0))::int AS in_bed_minutes,
    min(bucket) FILTER (WHERE in_bed_true > 0) AS in_bed_first,
    max(bucket) FILTER (WHERE in_bed_true > 0) AS in_bed_last,
    (count(*) FILTER (WHERE presence_n > 0))::int AS presence_known,
    (count(*) FILTER (WHERE presence_true > 0))::int AS presence_minutes,
    sum(sos_pressed)::int AS sos_pressed, sum(fall_suspected)::int AS fall_suspected,
    sum(fall_confirmed)::int AS fall_confirmed
FROM minute WHERE bucket >= since AND bucket < until
GROUP BY 1, 2, 3
$$;
CREATE VIEW hour AS
SELECT bucket, device, elder, readings, heart_rate_n, heart_rate_sum, heart_rate_min,
    heart_rate_max, respiratory_rate_n, respiratory_rate_sum, respiratory_rate_min,
    respiratory_rate_max, movement_n, movement_sum, movement_min, movement_max, in_bed_known,
    in_bed_minutes, in_bed_first, in_bed_last, presence_known, presence_minutes, sos_pressed,
    fall_suspected, fall_confirmed
FROM hour_kept WHERE bucket < (SELECT upto FROM summary_progress WHERE level = 'hour')
UNION ALL
SELECT h.* FROM summary_progress, LATERAL hour_of(upto, 'infinity') h WHERE level = 'hour';

-- The nights of a zone, from the hours that begin in them.
CREATE FUNCTION night_in(zone text, since timestamptz, until timestamptz) RETURNS TABLE (
    night date, device integer, elder integer, readings integer,
    heart_rate_n integer, heart_rate_sum bigint, heart_rate_min smallint, heart_rate_max smallint,
    respiratory_rate_n integer, respiratory_rate_sum bigint, respiratory_rate_min smallint,
    respiratory_rate_max smallint,
    movement_n integer, movement_sum bigint, movement_min smallint, movement_max smallint,
    in_bed_known integer, in_bed_minutes integer,
    in_bed_first timestamptz, in_bed_last timestamptz,
    presence_known integer, presence_minutes integer,
    sos_pressed integer, fall_suspected integer, fall_confirmed integer
) LANGUAGE sql STABLE AS $$
SELECT
    (bucket AT TIME ZONE zone - INTERVAL '12 hours')::date AS night, device, elder,
    sum(readings)::int AS readings,
    sum(heart_rate_n)::int AS heart_rate_n, sum(heart_rate_sum)::bigint AS heart_rate_sum,
    min(heart_rate_min) AS heart_rate_min, max(heart_rate_max) AS heart_rate_max,
    sum(respiratory_rate_n)::int AS respiratory_rate_n,
    sum(respiratory_rate_sum)::bigint AS respiratory_rate_sum,
    min(respiratory_rate_min) AS respiratory_rate_min,
    max(respiratory_rate_max) AS respiratory_rate_max,
    sum(movement_n)::int AS movement_n, sum(movement_sum)::bigint AS movement_sum,
    min(movement_min) AS movement_min, max(movement_max) AS movement_max,
    sum(in_bed_known)::int AS in_bed_known, sum(in_bed_minutes)::int AS in_bed_minutes,
    min(in_bed_first) AS in_bed_first, max(in_bed_last) AS in_bed_last,
    sum(presence_known)::int AS presence_known, sum(presence_minutes)::int AS presence_minutes,
    sum(sos_pressed)::int AS sos_pressed, sum(fall_suspected)::int AS fall_suspected,
    sum(fall_confirmed)::int AS fall_confirmed
FROM hour WHERE bucket >= since AND bucket < until
    AND extract(hour FROM bucket AT TIME ZONE zone) NOT BETWEEN 12 AND 17
GROUP BY 1, 2, 3
$$;

CREATE VIEW night AS
SELECT night, device, elder, readings, heart_rate_n, heart_rate_sum, heart_rate_min,
    heart_rate_max, respiratory_rate_n, respiratory_rate_sum, respiratory_rate_min,
    respiratory_rate_max, movement_n, movement_sum, movement_min, movement_max, in_bed_known,
    in_bed_minutes, in_bed_first, in_bed_last, presence_known, presence_minutes, sos_pressed,
    fall_suspected, fall_confirmed
FROM night_kept WHERE night < (
    SELECT (upto AT TIME ZONE 'Asia/Shanghai')::date FROM summary_progress WHERE level = 'night'
)
UNION ALL
SELECT n.* FROM summary_progress, LATERAL night_in('Asia/Shanghai', upto, 'infinity') n
WHERE level = 'night';
