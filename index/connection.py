"""EDGE. Connections to addresses that were checked, and to no others; httpcore speaks HTTP over them.

The guard of `index.fetch` sits here, under HTTP and TLS: a name is looked up once, every address of the answer is
checked, and the connection goes to one of those very addresses. Whatever the name means a moment later changes nothing.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpcore

AddressesOf = Callable[[str, int], Sequence[str]]


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to what `addresses_of(host, port)` returns, which raises for what must not be connected to.

    `until` (on `time.monotonic`'s clock) ends everything, however slowly the other side keeps talking.
    """

    def __init__(self, addresses_of: AddressesOf, until: float) -> None:
        self._addresses_of = addresses_of
        self._until = until
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first of the host's addresses that answers. Raises httpcore's errors."""
        failed: Exception = httpcore.ConnectError("it has no address")
        for address in self._addresses_of(host, port):
            try:
                left = within(timeout, self._until, httpcore.ConnectTimeout)
                return _Stream(self._plain.connect_tcp(address, port, left, local_address, socket_options), self._until)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.NetworkStream:
        """Never."""
        raise httpcore.UnsupportedProtocol("no connections to files")


class _Stream(httpcore.NetworkStream):
    """A stream that ends at a moment. A read's own timeout starts again with every byte that drips in."""

    def __init__(self, stream: httpcore.NetworkStream, until: float) -> None:
        self._stream = stream
        self._until = until

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, within(timeout, self._until, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, within(timeout, self._until, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = within(timeout, self._until, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, left), self._until)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def within(timeout: float | None, until: float, late: type[Exception]) -> float:
    """The seconds that one step may take: its own timeout, or what is left. Raises `late` when nothing is."""
    left = until - time.monotonic()
    if left <= 0:
        raise late("the time for it is over")
    return left if timeout is None else min(timeout, left)
