-- The ladder as administrators change it: the newest row holds. `ladder` NULL: what the stations'
-- settings say holds again.
CREATE TABLE ladder_change (
    version integer PRIMARY KEY CHECK (version > 0),
    at timestamptz NOT NULL, staff text NOT NULL REFERENCES staff,
    why text NOT NULL CHECK (why <> ''), ladder jsonb
);

-- By which version an incident's timer was set: a later one sets it anew.
ALTER TABLE incident ADD COLUMN ladder integer NOT NULL DEFAULT 0;
CREATE INDEX incident_ladder ON incident (ladder) WHERE state <> 'closed';
