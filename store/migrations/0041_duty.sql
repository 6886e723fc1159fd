-- A weekly shift may have a first and a last day on which it begins. The console adds shifts (author)
-- and ends any of them (ended_by): imports leave both as they are.
ALTER TABLE duty ADD COLUMN since date, ADD COLUMN until date,
    ADD COLUMN author text REFERENCES staff, ADD COLUMN ended_by text REFERENCES staff;
ALTER TABLE duty DROP CONSTRAINT duty_pkey,
    ADD CONSTRAINT duty_once UNIQUE NULLS NOT DISTINCT (station, staff, weekdays, starts, since);
