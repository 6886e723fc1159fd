-- Summaries, by the same names and columns on every kind of store: `minute` of readings, `hour` of
-- minutes, `night` of hours. Retained messages are left out. `_n` counts the readings that knew the
-- quantity, `_sum`, `_min` and `_max` are in stored steps; `in_bed_minutes` counts the minutes that
-- saw the bed taken at all, of `in_bed_known` that said anything; `_first`, `_last` to the minute.
-- A night is 18:00 to 12:00 of local time and bears the date of its evening.
--
-- Continuous aggregates, each with what is not yet materialised taken from the one below. They are
-- refreshed and kept by policies that `store.presets` sets. One over another cannot begin its days
-- at noon: `night_half` has evening and morning apart, and `night` joins them.
CREATE MATERIALIZED VIEW minute WITH (
    timescaledb.continuous, timescaledb.materialized_only = false,
    timescaledb.create_group_indexes = false
) AS
SELECT
    time_bucket(INTERVAL '1 minute', ts) AS bucket, device, elder, count(*)::int AS readings,
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
FROM reading WHERE flags & 2 = 0
GROUP BY 1, 2, 3
WITH NO DATA;
CREATE INDEX ON minute (device, bucket);

CREATE MATERIALIZED VIEW hour WITH (
    timescaledb.continuous, timescaledb.materialized_only = false,
    timescaledb.create_group_indexes = false
) AS
SELECT
    time_bucket(INTERVAL '1 hour', bucket) AS bucket, device, elder, sum(readings)::int AS readings,
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
FROM minute
GROUP BY 1, 2, 3
WITH NO DATA;
CREATE INDEX ON hour (device, bucket);

CREATE MATERIALIZED VIEW night_half WITH (
    timescaledb.continuous, timescaledb.materialized_only = false,
    timescaledb.create_group_indexes = false
) AS
SELECT
    time_bucket(INTERVAL '1 day', bucket, 'Asia/Shanghai') AS bucket,
    extract(hour FROM bucket AT TIME ZONE 'Asia/Shanghai') < 12 AS morning, device, elder,
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
FROM hour WHERE extract(hour FROM bucket AT TIME ZONE 'Asia/Shanghai') NOT BETWEEN 12 AND 17
GROUP BY 1, 2, 3, 4
WITH NO DATA;
CREATE INDEX ON night_half (device, bucket);

CREATE VIEW night AS
SELECT
    (bucket AT TIME ZONE 'Asia/Shanghai')::date - morning::int AS night, device, elder,
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
FROM night_half
GROUP BY 1, 2, 3;

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
