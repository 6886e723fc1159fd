-- Who really works: a shift counts while its worker has confirmed it and can be reached.
CREATE TABLE shift (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    staff text NOT NULL REFERENCES staff, station text NOT NULL REFERENCES station,
    confirmed_at timestamptz NOT NULL, ends_at timestamptz NOT NULL,
    seen_at timestamptz,                    -- the console of theirs that last showed a live page
    by_phone boolean NOT NULL DEFAULT false, -- a phone channel reaches them too
    ended_at timestamptz, why text
);
CREATE UNIQUE INDEX shift_open ON shift (staff) WHERE ended_at IS NULL;
CREATE INDEX shift_due ON shift (ends_at) WHERE ended_at IS NULL;

-- Dates that differ from the weekly calendar: somebody works besides (staff given), or on that date
-- the weekly shifts that begin then do not run (of one worker, or of the whole station).
CREATE TABLE duty_date (
    station text NOT NULL REFERENCES station, date date NOT NULL, staff text REFERENCES staff,
    works boolean NOT NULL, starts time, ends time,
    UNIQUE NULLS NOT DISTINCT (station, date, staff, starts),
    CHECK (works = (starts IS NOT NULL) AND works = (ends IS NOT NULL) AND (NOT works OR staff IS NOT NULL))
);

-- Who a task is for, where it is for one person (the contracted doctor).
ALTER TABLE task ADD COLUMN assignee text REFERENCES staff;
