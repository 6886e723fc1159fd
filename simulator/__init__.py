"""A seeded fleet: homes, people, devices and incidents, speaking their vendors' own shapes.

Everything is a pure function of its arguments, byte-identical on any machine. Nothing here
publishes or waits: the composition root paces the messages. It shares no decoder with `devices`,
so that a decoding bug cannot cancel itself.

    fleet → who lives where, with which devices
    incidents → what will happen to them (the plan), and what should be known of it (the truth)
    columns → what devices say of it, faults included, as arrays
    live → the same as messages, in time order
    write → all of it into a folder
"""
