"""Figures look the same whatever a reader has set."""

import matplotlib as mpl

from lmstudy.show.style import use_house_style


def test_a_readers_own_settings_change_nothing():
    with mpl.rc_context({"text.usetex": True, "axes.grid": True, "font.size": 30}):
        use_house_style()
        assert not mpl.rcParams["text.usetex"]
        assert not mpl.rcParams["axes.grid"]
        assert mpl.rcParams["font.size"] == 10
        assert mpl.rcParams["svg.fonttype"] == "none"
