"""Other settings of the objectives beside those of the study."""

import pytest

from lmstudy.chapters.results.tuning import tuning_table
from lmstudy.study.preferences import OBJECTIVES, SETTINGS, VARIANTS
from tests.chapters.result_records import judged, trained


def test_each_objective_with_a_parameter_is_tried_at_as_many_settings():
    assert {len(settings) for settings in SETTINGS.values()} == {2}
    assert set(OBJECTIVES) - set(SETTINGS) == {"MLE", "selective"}
    for name, settings in SETTINGS.items():
        for setting in settings:
            assert VARIANTS[f"{name}, {setting}"][0] == OBJECTIVES[name][0]


def test_settings_are_compared_with_the_same_seed_and_those_not_tried_are_left_out():
    levels = {("RWR", 1): 0.004, ("RWR", 2): 0.1, ("RWR, β = 3", 1): 0.002}
    runs = {key: trained("privacy", *key) for key in levels}
    measured = [judged(run, levels[key]) for key, run in runs.items()]
    table = tuning_table([*runs.values(), *measured], "privacy")
    assert list(table.index) == [("RWR", "as in the study"), ("RWR", "β = 3")]
    assert [float(cell.split()[0]) for cell in table["training scorer"]] == pytest.approx([4, 2], rel=0.1)
