-- An elder's page asks for the devices of an elder and a home.
CREATE INDEX device_elder ON device (elder) WHERE elder IS NOT NULL;
CREATE INDEX device_home ON device (home) WHERE home IS NOT NULL;
