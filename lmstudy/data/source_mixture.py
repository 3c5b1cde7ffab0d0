"""Several sources as one corpus, such as texts of two languages for one model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from lmstudy.data.documents import Progress, Reading, whole
from lmstudy.data.settings import parse_source
from lmstudy.errors import StudyError

Part = tuple[str, Any]
"""Name of one of the sources, and a piece of it."""


class Mixture(BaseModel):
    """The source (see `lmstudy.data.documents.Source`) of all documents of several sources, each one segment.

    `sources` gives each of them a name and its configuration, as in `data` but without cleaning, duplicates, split
    and tokenizer, which are the mixture's. Documents keep their ids, so that their `source` tells where each is from
    (the first part of its id, too), and texts that two sources share are duplicates like any others. A document is
    one segment whatever its source takes for one: it is judged, and stands behind a control token, as a whole.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    one_segment: ClassVar[bool] = True
    sources: Annotated[dict[str, Any], BeforeValidator(lambda sources: _parsed(sources)), Field(min_length=1)]

    def identity(self) -> Mapping[str, Any]:
        """By place and class: what a source is called changes nothing."""
        return {"sources": [[type(source).__name__, dict(source.identity())] for source in self.sources.values()]}

    def about(self) -> Mapping[str, Mapping[str, Any]]:
        """Raises StudyError where two of the sources have documents of one name."""
        found: dict[str, Mapping[str, Any]] = {}
        for name, source in self.sources.items():
            if shared := sorted(found.keys() & source.about().keys()):
                raise StudyError(f"data.sources.{name}: another of the sources holds {shared[0]!r}, too")
            found.update(source.about())
        return found

    def parts(self, cache: Path, progress: Progress) -> Sequence[Part]:
        return [(name, part) for name, source in self.sources.items() for part in source.parts(cache, progress)]

    def read(self, part: Part) -> Reading:
        name, piece = part
        reading: Reading = self.sources[name].read(piece)
        return replace(reading, documents=[replace(each, segments=whole(each.text)) for each in reading.documents])


def _parsed(sources: Any) -> Any:
    if not isinstance(sources, Mapping):
        return sources
    return {name: parse_source(settings or {}, f"data.sources.{name}") for name, settings in sources.items()}
