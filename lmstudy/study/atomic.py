"""The former place of `lmstudy.atomic`."""

from lmstudy.atomic import write_text as write_text
