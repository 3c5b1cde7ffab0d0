"""The commands, one file each; `command` is what they share."""
