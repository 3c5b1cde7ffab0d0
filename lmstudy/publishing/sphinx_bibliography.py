"""A Sphinx extension: the works of the bibliography are items of their list, for screen readers, too.

Docutils gives the list the role `list` and each work the role `doc-biblioentry`, which a list may not hold and which
has been given up since (DPUB-ARIA 1.1).
"""

from sphinx.application import Sphinx

from lmstudy.publishing.written_pages import rewrites

GIVEN_UP, ITEM = 'role="doc-biblioentry"', 'role="listitem"'


def setup(app: Sphinx) -> dict[str, bool | str]:
    """Give each work its role when the pages are written."""
    return rewrites(app, lambda html: html.replace(GIVEN_UP, ITEM))
