"""A reproducible study of encoder-decoder language models and of pretraining them with human preferences."""

__version__ = "0.1.0"


def _take_own_configuration() -> None:
    """In a checkout, `lmstudy.conf` is the folder beside this one, whichever checkout was installed last."""
    import sys
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    folder = Path(__file__).resolve().parents[1] / "conf"
    if (folder / "_hydra.yaml").is_file():
        place = [str(folder)]
        spec = spec_from_file_location(f"{__name__}.conf", folder / "__init__.py", submodule_search_locations=place)
        assert spec is not None
        sys.modules[f"{__name__}.conf"] = module_from_spec(spec)


_take_own_configuration()
