"""The web page in a real browser, against real daemons."""
