"""A server that fails as no library server will."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress


class Waits(list[float]):
    """Seconds that would have been waited."""


class RawServer:
    """A TCP server that answers each connection with given bytes and then closes it; None: it stays silent."""

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []
        self.asked: list[bytes] = []
        self._open: list[socket.socket] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/fhir"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._open.append(connection)
                self.asked.append(connection.recv(1 << 20))
                answer = self.answers.pop(0) if self.answers else b""
                if answer is not None:
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_RDWR)
                    connection.close()

    def close(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in self._open:
            connection.close()
        self._thread.join(5)
