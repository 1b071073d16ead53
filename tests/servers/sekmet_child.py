"""Runs sekmet-fhir on a free loopback port until standard input closes. Arguments: a JSON object of its settings."""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from sekmet.config import Settings, set_settings
from sekmet.main import create_app


def end_with_input() -> None:
    """Ends this process when the tests close the pipe or are killed, so that none is left behind."""
    sys.stdin.buffer.read()
    os._exit(0)


def add_empty(app: FastAPI) -> None:
    """Adds ``POST /empty``: removes every resource, which sekmet itself offers only on its command line."""

    @app.post("/empty")
    def empty() -> None:
        app.state.ctx.store.reset()


def main() -> None:
    """Binds the port before the settings are made: the base URL (and the tokens' audience) carries it."""
    threading.Thread(target=end_with_input, daemon=True).start()
    listener = socket.create_server(("127.0.0.1", 0))
    host, port = listener.getsockname()
    root = f"http://{host}:{port}"
    settings = Settings.model_validate(
        {
            "base_url": f"{root}/fhir",
            "host": host,
            "port": port,
            "data_dir": str(Path.cwd()),
            "simulator": {"enabled": False},
            **json.loads(sys.argv[1]),
        }
    )
    set_settings(settings)
    app = create_app(settings)
    add_empty(app)
    print(f"READY {settings.base_url}", flush=True)  # connections wait in the listening socket until it serves
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    server.run(sockets=[listener])


if __name__ == "__main__":
    main()
