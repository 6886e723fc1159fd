-- An incident's page asks what went to people about it, and what is wrong with an elder's devices.
-- The stations' own screens get a card at every change: those are not asked for.
CREATE INDEX delivery_of_incident ON delivery (incident)
    WHERE channel <> 'station_topic' AND incident IS NOT NULL;
CREATE INDEX alert_of_device ON alert (device) WHERE cleared IS NULL AND category = 'device';
