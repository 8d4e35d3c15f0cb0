"""Alerts: what is told to whom and when (`text`, `rules`, `news`), what to use instead (`routes`), and that it arrives (`delivery`).

`desk` is what the daemon has of all this.
"""
