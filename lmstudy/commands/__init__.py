"""The commands, one file each; `command` is what they share."""

from lmstudy.commands.streams import settle

settle()
