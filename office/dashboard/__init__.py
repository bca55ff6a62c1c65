"""The trading office's page: what the servers say, conflated for browsers, behind a login.

`source` brings frames of the management stream, `hub` makes tables of them, `client` makes each browser's frames out of
what has changed, `app` serves it all.
"""
