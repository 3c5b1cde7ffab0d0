"""The commands, one file each; `command` is what they share."""

from lmstudy.commands.streams import settle
from lmstudy.commands.variables import settle_variables

settle()
settle_variables()
