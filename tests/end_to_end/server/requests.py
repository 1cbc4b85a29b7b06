"""Requests as bytes, for what the client would not send."""

from __future__ import annotations

import http.client
import io
import json
from typing import Any

import numpy as np
import soundfile

from tests.end_to_end.server.conftest import Server

BOUNDARY = "soundlet-boundary"


def send(
    server: Server, method: str, path: str, body: bytes | None = None, **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """One request as it is; header names have _ for -."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body, named)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def form(request: object, audio: bytes, file_name: str = "sound.wav") -> bytes:
    """A form with a request as JSON and a sound."""
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="request"\r\n\r\n'
        f"{json.dumps(request)}\r\n"
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="audio"; filename="{file_name}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode() + audio + f"\r\n--{BOUNDARY}--\r\n".encode()


def edit(
    server: Server, operation: str, request: object, audio: bytes, file_name: str = "sound.wav"
) -> tuple[int, bytes]:
    """Status and answer of an edit."""
    body = form(request, audio, file_name)
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    answer, data = send(server, "POST", f"/v1/{operation}", body, Content_Type=content_type)
    return answer.status, data


def sound_file(
    samples: np.ndarray[Any, Any], rate: int = 44100, format: str = "WAV", subtype: str = "PCM_16"
) -> bytes:
    """A sound file of (samples, channels)."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=format, subtype=subtype)
    return buffer.getvalue()
