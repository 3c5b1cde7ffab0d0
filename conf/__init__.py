"""Hydra's configuration, installed as `lmstudy.conf` so that every command works from any folder."""
