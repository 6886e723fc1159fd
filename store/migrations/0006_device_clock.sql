-- What a device claimed where its clock could not be believed: the reading stands at its received
-- time with a flag, and the claim is kept apart. µs since 1970, as it may be no date at all.
CREATE TABLE device_clock (
    received timestamptz NOT NULL, device integer NOT NULL, claimed_us bigint NOT NULL,
    PRIMARY KEY (received, device)
);
