# SPDX-License-Identifier: GPL-3.0-or-later
"""Somebody who works here, at the console."""

import http.client
import json

from .scenario import check

NAME, PASSWORD = "anna", "una sera in riva al mare"


class Technician:
    """Made before the Regia is started, which then knows who it is."""

    def __init__(self, regia):
        self.regia, self.token = regia, ""
        done = regia.command("passwd", "--state", regia.state, NAME, "--role", "technician", input=PASSWORD + "\n")
        check(done.returncode == 0, f"regia passwd: {done.returncode}: {done.stderr}")

    def request(self, path, method="GET", headers=None, body=None):
        """(status, body)"""
        connection = http.client.HTTPConnection("127.0.0.1", self.regia.console_port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        except http.client.HTTPException as error:
            raise OSError(f"{method} {path}: {type(error).__name__} {error}") from error
        finally:
            connection.close()

    def log_in(self):
        status, body = self.request("/api/v1/login", "POST", {"Content-Type": "application/json"}, json.dumps({"name": NAME, "password": PASSWORD}))
        if status != 200:
            raise OSError(f"login: {status}: {body.decode()}")
        self.token = json.loads(body)["token"]

    def status(self):
        """The whole status, which needs no control socket. Logs in again where the director does not know the session any more."""
        for _ in range(2):
            status, body = self.request("/api/v1/status", headers={"Authorization": f"Bearer {self.token}"})
            if status == 200:
                return json.loads(body)
            if status == 401:
                self.log_in()
        raise OSError(f"the console's status: {status}: {body.decode()}")
