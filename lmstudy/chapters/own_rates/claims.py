"""Claims of the chapter on objectives at their own rates, on privacy."""

from __future__ import annotations

from lmstudy.study.claims import confirm

for _waiting in (
    "2400d47eb309", "d4d18989ae41", "040d80218fcf", "d815939cfcb6", "513c28630ba3", "820b71e16bc7", "d3e8156a571e",
):  # fmt: skip
    confirm(_waiting, outcome=None)
