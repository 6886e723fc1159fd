-- Presses and falls of devices that the registry does not know, where they are states that are said
-- again while they hold: until when a repetition is the same emergency. A row goes when its end is
-- said, and is of no use once `until` is past.
CREATE TABLE stranger_run (
    rule text NOT NULL, gateway_id text NOT NULL, device_id text NOT NULL, test boolean NOT NULL,
    said timestamptz NOT NULL,
    until timestamptz NOT NULL,
    PRIMARY KEY (rule, gateway_id, device_id, test)
);
CREATE INDEX stranger_run_until ON stranger_run (until);
