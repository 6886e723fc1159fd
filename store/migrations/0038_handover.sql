-- What a worker who leaves has to say to whoever comes next.
ALTER TABLE shift ADD COLUMN note text;
CREATE INDEX shift_note ON shift (station, ended_at) WHERE note IS NOT NULL;
