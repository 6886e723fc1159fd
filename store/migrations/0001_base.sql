-- The base: directory, readings, alerts, the ingest partition, and the stations' work.
-- Plain SQL for any PostgreSQL from 15 on; `reading` becomes a hypertable or a range-partitioned
-- table in 0002 (one file for each).

-- Directory. `row` is the permanent small integer that engine arrays are indexed by.

CREATE TABLE area (
    id text PRIMARY KEY, name text NOT NULL, level text NOT NULL,
    parent text REFERENCES area DEFERRABLE INITIALLY DEFERRED, zone text,
    retired_at timestamptz
);
CREATE TABLE station (
    id text PRIMARY KEY, name text NOT NULL, area text NOT NULL REFERENCES area, phone text,
    retired_at timestamptz
);
CREATE TABLE home (
    id text PRIMARY KEY, row integer GENERATED ALWAYS AS IDENTITY (MINVALUE 0 START 0) UNIQUE,
    area text NOT NULL REFERENCES area, address text NOT NULL, door_note text,
    retired_at timestamptz
);
CREATE TABLE elder (
    id text PRIMARY KEY, row integer GENERATED ALWAYS AS IDENTITY (MINVALUE 0 START 0) UNIQUE,
    name text NOT NULL, home text NOT NULL REFERENCES home, living text NOT NULL,
    care_level smallint NOT NULL, tags text[] NOT NULL DEFAULT '{}', birth_year smallint,
    phone text, doctor text, zone text, note text,
    retired_at timestamptz
);
CREATE INDEX elder_home ON elder (home);
CREATE TABLE gateway (
    id text PRIMARY KEY, row integer GENERATED ALWAYS AS IDENTITY (MINVALUE 0 START 0) UNIQUE,
    area text NOT NULL REFERENCES area,
    retired_at timestamptz
);
CREATE TABLE device (
    id text PRIMARY KEY, row integer GENERATED ALWAYS AS IDENTITY (MINVALUE 0 START 0) UNIQUE,
    kind text NOT NULL, profile text NOT NULL, gateway text NOT NULL REFERENCES gateway,
    elder text REFERENCES elder, home text REFERENCES home, location text NOT NULL,
    interval_s integer NOT NULL,
    retired_at timestamptz,
    CHECK ((elder IS NULL) <> (home IS NULL))
);
CREATE INDEX device_gateway ON device (gateway);
CREATE TABLE contact (
    elder text NOT NULL REFERENCES elder, priority smallint NOT NULL, name text NOT NULL,
    relation text NOT NULL, phone text NOT NULL,
    PRIMARY KEY (elder, priority, phone)
);
CREATE TABLE staff (
    id text PRIMARY KEY, name text NOT NULL, station text NOT NULL REFERENCES station,
    role text NOT NULL, phone text, password_hash text,
    retired_at timestamptz
);
CREATE TABLE duty (
    station text NOT NULL REFERENCES station, staff text NOT NULL REFERENCES staff,
    weekdays text[] NOT NULL, starts time NOT NULL, ends time NOT NULL,
    PRIMARY KEY (station, staff, weekdays, starts)
);
CREATE TABLE away (
    elder text NOT NULL REFERENCES elder, starts timestamptz NOT NULL, until timestamptz NOT NULL,
    PRIMARY KEY (elder, starts)
);
CREATE TABLE override (
    elder text NOT NULL REFERENCES elder, rule text NOT NULL, parameter text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (elder, rule, parameter)
);
-- One row; counts up with every import, so that a running ingest sees a change cheaply.
CREATE TABLE directory_version (
    one boolean PRIMARY KEY DEFAULT true CHECK (one), version bigint NOT NULL,
    imported_at timestamptz
);
INSERT INTO directory_version VALUES (true, 0, NULL);

-- The ingest partition: fencing, log and snapshot of the rules' state.

CREATE TABLE partition (
    id text PRIMARY KEY, epoch bigint NOT NULL, batch bigint NOT NULL, owner text NOT NULL,
    taken_at timestamptz NOT NULL
);
CREATE TABLE batch_log (
    partition text NOT NULL REFERENCES partition, batch bigint NOT NULL,
    content bytea NOT NULL,
    PRIMARY KEY (partition, batch)
);
ALTER TABLE batch_log ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE TABLE snapshot (
    partition text PRIMARY KEY REFERENCES partition, batch bigint NOT NULL,
    content bytea NOT NULL
);
-- When the watermark stood still: the clock it stood at, and when it ran again. A replay of a
-- store range needs it to see what the live run saw.
CREATE TABLE standstill (
    partition text NOT NULL, clock timestamptz NOT NULL, resumed timestamptz NOT NULL,
    PRIMARY KEY (partition, resumed)
);

-- What a gateway said of itself.
CREATE TABLE gateway_status (
    received timestamptz NOT NULL, gateway integer NOT NULL, online boolean NOT NULL,
    flags smallint NOT NULL,
    PRIMARY KEY (received, gateway)
);

-- What could not be used, kept for 30 days. `device` and `gateway` are directory rows where known.
CREATE TABLE reject (
    received timestamptz NOT NULL, key bigint NOT NULL, topic text NOT NULL, payload bytea NOT NULL,
    size integer NOT NULL, code text NOT NULL, reason text NOT NULL,
    gateway_id text, device integer, gateway integer, flags smallint NOT NULL,
    PRIMARY KEY (received, key)
);
-- Rejects beyond a gateway's rate: only their number is kept.
CREATE TABLE reject_overflow (
    received timestamptz NOT NULL, gateway_id text NOT NULL, count integer NOT NULL,
    PRIMARY KEY (received, gateway_id)
);
-- Readable, but from a device that the registry does not know, or knows elsewhere.
CREATE TABLE quarantine (
    received timestamptz NOT NULL, key bigint NOT NULL, topic text NOT NULL, payload bytea NOT NULL,
    area text NOT NULL, gateway_id text NOT NULL, device_id text NOT NULL,
    code text NOT NULL, reason text NOT NULL, flags smallint NOT NULL,
    PRIMARY KEY (received, key)
);
CREATE INDEX quarantine_device ON quarantine (gateway_id, device_id);

-- Alerts. Ids are text in the world and uuid here (both are 128 bits).

CREATE TABLE alert (
    id uuid PRIMARY KEY, rule text NOT NULL, severity text NOT NULL, category text NOT NULL,
    home text, elder text, elders text[], device text, gateway text, station text,
    onset timestamptz NOT NULL, raised timestamptz NOT NULL, cleared timestamptz,
    late boolean NOT NULL, test boolean NOT NULL,
    reason jsonb NOT NULL, evidence jsonb NOT NULL, steps jsonb NOT NULL
);
CREATE INDEX alert_onset ON alert (onset);
CREATE INDEX alert_home ON alert (home, onset);

-- What ingest tells the stations, in the order it was committed; a row goes when it is handled.
CREATE TABLE alert_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, alert uuid NOT NULL,
    lane text NOT NULL, -- home, or gateway, or 'unknown': changes of one lane stay in order
    kind text NOT NULL, severity text NOT NULL, at timestamptz NOT NULL
);
CREATE INDEX alert_change_lane ON alert_change (lane, id);

-- The stations' work.

CREATE TABLE incident (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), home text,
    lane text NOT NULL,
    severity text NOT NULL, opened_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'acknowledged', 'called', 'on_the_way', 'on_site', 'closed')),
    holder text REFERENCES staff, holder_station text REFERENCES station,
    acknowledged_at timestamptz, closed_at timestamptz,
    outcome text, reached text, note text,
    climb smallint NOT NULL DEFAULT 0, -- ladder steps already taken
    due_at timestamptz,                -- when the next one is due; NULL: nothing is due
    test boolean NOT NULL DEFAULT false,
    revision bigint NOT NULL DEFAULT 0
);
-- One open incident per home.
CREATE UNIQUE INDEX incident_open ON incident (lane) WHERE state <> 'closed';
CREATE INDEX incident_due ON incident (due_at) WHERE due_at IS NOT NULL;
CREATE TABLE incident_alert (
    incident uuid NOT NULL REFERENCES incident, alert uuid NOT NULL REFERENCES alert,
    joined_at timestamptz NOT NULL,
    PRIMARY KEY (incident, alert)
);
CREATE INDEX incident_alert_alert ON incident_alert (alert);
-- The stations that an incident has reached.
CREATE TABLE incident_station (
    incident uuid NOT NULL REFERENCES incident, station text NOT NULL REFERENCES station,
    level text NOT NULL, joined_at timestamptz NOT NULL, why text NOT NULL,
    PRIMARY KEY (incident, station)
);
CREATE INDEX incident_station_station ON incident_station (station);
CREATE TABLE task (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), alert uuid UNIQUE REFERENCES alert,
    home text, station text REFERENCES station, kind text NOT NULL,
    opened_at timestamptz NOT NULL, done_at timestamptz, done_by text REFERENCES staff, note text
);
CREATE INDEX task_open ON task (station) WHERE done_at IS NULL;

-- Append-only: who did what, when. `at` is the store's clock.
CREATE TABLE alert_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL,
    incident uuid, alert uuid, task uuid, kind text NOT NULL, staff text, station text,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX alert_event_incident ON alert_event (incident, id);
CREATE INDEX alert_event_alert ON alert_event (alert, id);

-- Outbox: written in the transaction that decided it, sent afterwards, at least once.
CREATE TABLE delivery (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, incident uuid, task uuid,
    channel text NOT NULL, target text NOT NULL, payload jsonb NOT NULL,
    created_at timestamptz NOT NULL, due_at timestamptz NOT NULL,
    attempts integer NOT NULL DEFAULT 0, sent_at timestamptz, error text
);
CREATE INDEX delivery_due ON delivery (due_at, id) WHERE sent_at IS NULL;

-- Console sessions: only a hash of the token is kept.
CREATE TABLE console_session (
    token_hash bytea PRIMARY KEY, staff text NOT NULL REFERENCES staff, csrf text NOT NULL,
    created_at timestamptz NOT NULL, seen_at timestamptz NOT NULL, expires_at timestamptz NOT NULL
);
-- Every look at personal data, and every change of it.
CREATE TABLE audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz NOT NULL, staff text,
    action text NOT NULL, subject text, detail jsonb NOT NULL DEFAULT '{}'
);
