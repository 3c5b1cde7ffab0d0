"""Where the user's pip looks for packages, and a client that looks there the same way."""

import ast
import os
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from httpx2 import InvalidURL, Response
from unearth import PackageFinder
from unearth.auth import MultiDomainBasicAuth
from unearth.fetchers import Fetcher, PyPIClient

from lmstudy.errors import StudyError
from lmstudy.overrides import home

TIMEOUT_S = 10
"""So that a machine without a network is told so within half a minute; the user's own pip settings win."""
_MOST_SECONDS = 86400
"""Of waiting; the sockets of some machines take no more than some weeks."""
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
"""Variables of the environment, in capitals or small letters, that say which proxy is asked for whom."""


def pip_settings() -> Mapping[str, str]:
    """pip's settings from its files and from `PIP_*` variables, as strings by name (such as "index-url").

    The more special win, as in pip: those of every command, of `pip download`, of the environment.

    Raises:
        StudyError: pip cannot read them.
    """
    command = [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = (done.stderr.strip() or done.stdout).split("ERROR: ")[-1]
        last = without_addresses((said.strip().splitlines() or ["no message"])[-1])
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

    Raises:
        StudyError: what a setting names as an index has the form of no address.
    """
    session = cast(Fetcher, client)  # which it is, but for the names of optional arguments
    finder = partial(PackageFinder, session, ignore_compatibility=True)
    for place in settings.get("find-links", "").split():
        if link := place if "://" in place else _existing(place):
            yield finder(find_links=[link])
    if settings.get("no-index", "").lower() not in ("1", "true", "yes", "on"):
        if "index-url" not in settings:
            yield finder()  # without a place it looks at the public index, pip's own default
        for url in _named_indexes(settings):
            yield finder(index_urls=[url])


def _existing(place: str) -> str | None:
    """A folder or page of links of this machine; pip, too, passes over what is not there."""
    with suppress(StudyError):  # the home of a user who is not known
        local = Path(home(place))
        return str(local) if local.exists() else None
    return None


def _named_indexes(settings: Mapping[str, str]) -> list[str]:
    found = []
    for name in ("index-url", "extra-index-url"):
        for place in settings.get(name, "").split():
            if why := _not_an_address(place):
                wanted = "such as https://HOST/simple is wanted (`pip config list` shows what is there)"
                raise StudyError(f"pip's setting {name} names no address ({why}); one {wanted}.")
            found.append(place)
    return found


def _not_an_address(place: str) -> str | None:
    """Why a place is neither an address nor a folder of this machine, without the place: it may hold a password."""
    try:
        parts = urlsplit(place)
        _ = parts.port  # which is looked at only now
    except ValueError as error:
        return str(error)
    return None if (parts.scheme and "://" in place) or Path(place).exists() else "it has no scheme"


@contextmanager
def client(settings: Mapping[str, str]) -> Iterator[PyPIClient]:
    """A client with pip's certificates, proxy, trusted hosts and patience; it never asks for a password.

    An answer that is an error is raised (httpx2.HTTPStatusError), but for "not found", which only says that an
    index lacks a package, and "unauthorised", which is answered with the credentials of the address.

    Raises:
        StudyError: the certificates that pip is to use are not there, or another setting cannot be used.
    """

    def refuse(response: Response) -> None:
        if response.status_code >= 400 and response.status_code not in (401, 404, 410):
            response.raise_for_status()

    indexes, proxy = _named_indexes(settings), settings.get("proxy")
    verification, patience = _verification(settings), _patience(settings)
    try:
        made = PyPIClient(
            trusted_hosts=settings.get("trusted-host", "").split(),
            verify=verification,
            cert=settings.get("client-cert"),
            timeout=patience,
            proxy=f"http://{proxy}" if proxy and "://" not in proxy else proxy,  # as pip reads it
            follow_redirects=True,
            event_hooks={"response": [refuse]},
            auth=MultiDomainBasicAuth(prompting=False, index_urls=indexes),
        )
    except (ValueError, ImportError, InvalidURL, OSError) as error:
        why = without_addresses(str(error).split("\n")[0].partition(" URL(")[0])
        if isinstance(error, OSError):  # of files
            certificates = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
            named = [*_set(settings, "client-cert"), *certificates]
        else:
            named = [*_set(settings, "trusted-host"), *_proxies(settings)]
        raise StudyError(f"{' or '.join(named) or 'the network'} cannot be used ({why}).") from error
    with made as opened:
        yield opened


def unreachable(settings: Mapping[str, str]) -> str:
    """What to look at where no place could be asked, as a question."""
    proxies = [name for name in _proxies(settings) if name.upper() != "NO_PROXY"]
    return f"is there a network, and is {' or '.join(proxies)} right?" if proxies else "is there a network?"


def _proxies(settings: Mapping[str, str]) -> list[str]:
    """What says which proxy is asked, by name; proxies themselves may hold a password."""
    found = [name for each in _PROXIES for name in (each, each.lower()) if os.environ.get(name)]
    return [*_set(settings, "proxy"), *found]


def _set(settings: Mapping[str, str], name: str) -> list[str]:
    return [f"pip's setting {name}"] if settings.get(name) else []


def _patience(settings: Mapping[str, str]) -> float:
    name = "timeout" if settings.get("timeout") else "default-timeout"
    said = settings.get(name) or TIMEOUT_S
    try:
        seconds = float(said)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= _MOST_SECONDS:
        raise StudyError(f"pip's setting {name}={said}: seconds are wanted, above 0 and at most {_MOST_SECONDS}.")
    return seconds


def _verification(settings: Mapping[str, str]) -> ssl.SSLContext | bool:
    named = settings.get("cert")
    certificates = named or os.environ.get("REQUESTS_CA_BUNDLE")
    if not certificates:
        return True
    try:
        return ssl.create_default_context(cafile=certificates)
    except OSError as error:
        key = "pip's setting cert" if named else "REQUESTS_CA_BUNDLE"
        raise StudyError(f"{key}={certificates!r} names no file of certificates ({error}).") from error


def without_addresses(message: str) -> str:
    """A message without the addresses in it, which may hold a password."""
    return re.sub(r"\b\w+://\S+|host='[^']*'", "", message)
