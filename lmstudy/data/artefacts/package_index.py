"""Where the user's pip looks for packages, and a client that looks there the same way."""

import ast
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import cast

from httpx2 import Response
from unearth import PackageFinder
from unearth.auth import MultiDomainBasicAuth
from unearth.fetchers import Fetcher, PyPIClient

from lmstudy.errors import StudyError

TIMEOUT_S = 10
"""So that a machine without a network is told so within half a minute; the user's own pip settings win."""


def pip_settings() -> Mapping[str, str]:
    """pip's settings from its files and from `PIP_*` variables, as strings by name (such as "index-url").

    The more special win, as in pip: those of every command, of `pip download`, of the environment.

    Raises:
        StudyError: pip cannot read them.
    """
    command = [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        last = without_addresses((done.stderr.split("ERROR: ")[-1].strip().splitlines() or ["no message"])[-1])
        raise StudyError(f"pip cannot read its settings ({last}); see `pip config debug`")
    found: dict[str, dict[str, str]] = {"global": {}, "download": {}, ":env:": {}}
    for line in done.stdout.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in found:
            found[section][name] = ast.literal_eval(value)
    return {**found["global"], **found["download"], **found[":env:"]}


def finders(settings: Mapping[str, str], client: PyPIClient) -> Iterator[PackageFinder]:
    """One finder of files for each place: folders and pages of links first, then the indexes.

    One each, so that a place that cannot be reached leaves the others. The declared version of Python is of no
    interest, since what is found is read and never installed.
    """
    session = cast(Fetcher, client)  # which it is, but for the names of optional arguments
    finder = partial(PackageFinder, session, ignore_compatibility=True)
    for place in settings.get("find-links", "").split():
        local = Path(place).expanduser()
        if "://" in place or local.exists():  # pip, too, passes over a folder that is not there
            links = [place if "://" in place else str(local)]
            yield finder(find_links=links)
    if settings.get("no-index", "").lower() not in ("1", "true", "yes", "on"):
        if "index-url" not in settings:
            yield finder()  # without a place it looks at the public index, pip's own default
        for url in _named_indexes(settings):
            yield finder(index_urls=[url])


def _named_indexes(settings: Mapping[str, str]) -> list[str]:
    return [*settings.get("index-url", "").split(), *settings.get("extra-index-url", "").split()]


@contextmanager
def client(settings: Mapping[str, str]) -> Iterator[PyPIClient]:
    """A client with pip's certificates, proxy, trusted hosts and patience; it never asks for a password.

    An answer that is an error is raised (httpx2.HTTPStatusError), but for "not found", which only says that an
    index lacks a package, and "unauthorised", which is answered with the credentials of the address.

    Raises:
        StudyError: the certificates that pip is to use are not there.
    """

    def refuse(response: Response) -> None:
        if response.status_code >= 400 and response.status_code not in (401, 404, 410):
            response.raise_for_status()

    with PyPIClient(
        trusted_hosts=settings.get("trusted-host", "").split(),
        verify=_verification(settings),
        cert=settings.get("client-cert"),
        timeout=float(settings.get("timeout") or settings.get("default-timeout") or TIMEOUT_S),
        proxy=settings.get("proxy"),
        follow_redirects=True,
        event_hooks={"response": [refuse]},
        auth=MultiDomainBasicAuth(prompting=False, index_urls=_named_indexes(settings)),
    ) as opened:
        yield opened


def _verification(settings: Mapping[str, str]) -> ssl.SSLContext | bool:
    certificates = settings.get("cert") or os.environ.get("REQUESTS_CA_BUNDLE")
    if not certificates:
        return True
    try:
        return ssl.create_default_context(cafile=certificates)
    except OSError as error:
        raise StudyError(f"pip's setting cert={certificates!r} names no file of certificates ({error}).") from error


def without_addresses(message: str) -> str:
    """A message without the addresses in it, which may hold a password."""
    return re.sub(r"\b\w+://\S+|host='[^']*'", "", message)
