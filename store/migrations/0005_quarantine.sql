-- Devices that wait to be adopted: which profile read them, and which a site has chosen to ignore.
-- An ignored device's messages are only counted; its emergencies alert all the same.
ALTER TABLE quarantine ADD COLUMN profile text NOT NULL DEFAULT '';
CREATE TABLE ignored_device (
    gateway_id text NOT NULL, device_id text NOT NULL, since timestamptz NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (gateway_id, device_id)
);
