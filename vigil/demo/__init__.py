"""The demo: everything embedded, a simulated fleet, and figures that nobody in it made up."""
