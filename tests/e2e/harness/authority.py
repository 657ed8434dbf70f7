# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate authority for a scenario: a root that clients are told to trust, one below it that signs, and what servers are given."""

import base64
import hashlib
import socket
import ssl
import subprocess

from .scenario import check

NAMES = "subjectAltName=DNS:localhost,DNS:console.localhost,IP:127.0.0.1"


class Authority:
    def __init__(self, t):
        self.t = t
        self.dir = t.dir / "authority"
        self.dir.mkdir()
        self.pairs = {}
        self.certificate = self.make("root", None, 90, "basicConstraints=critical,CA:TRUE")["certificate"]
        self.below = self.make("below", "root", 90, "basicConstraints=critical,CA:TRUE")["certificate"]

    def openssl(self, *arguments, data=None):
        done = subprocess.run(["openssl", *map(str, arguments)], input=data, capture_output=True, timeout=30, check=False, env=self.t.env)
        check(done.returncode == 0, f"openssl {arguments}: {done.stderr.decode(errors='replace')}")
        return done.stdout

    def make(self, name, by, days, extension):
        """A key on P-256 and a certificate; signed by itself when @by is None."""
        key, certificate, asked = (self.dir / f"{name}.{kind}" for kind in ("key", "pem", "csr"))
        serial = len(self.pairs) + 1000
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key)
        self.openssl("req", "-new", "-key", key, "-subj", f"/CN={name}", "-out", asked)
        (self.dir / "extensions").write_text(extension + "\n", encoding="utf-8")
        by_whom = ["-key", key] if by is None else ["-CA", self.dir / f"{by}.pem", "-CAkey", self.dir / f"{by}.key"]
        self.openssl("x509", "-req", "-in", asked, *by_whom, "-days", days, "-set_serial", serial, "-extfile", self.dir / "extensions",
                     "-out", certificate)
        self.pairs[name] = {"certificate": certificate, "key": key, "serial": serial}
        return self.pairs[name]

    def issue(self, name, days):
        """{certificate, key: paths, serial}, the chain behind the certificate; the same again for the same name. days: -1 is expired."""
        if name not in self.pairs:
            pair = self.make(name, "below", days, NAMES)
            pair["certificate"].write_bytes(pair["certificate"].read_bytes() + self.below.read_bytes())
        return self.pairs[name]

    def spki(self, pair):
        """What Chromium's --ignore-certificate-errors-spki-list knows a certificate by."""
        return base64.b64encode(hashlib.sha256(self.openssl("pkey", "-in", pair["key"], "-pubout", "-outform", "DER")).digest()).decode()

    def context(self):
        """A client's, which trusts the root alone."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def serial(self, port):
        """Of the certificate that somebody who comes now is shown, and trusts."""
        with socket.create_connection(("127.0.0.1", port), timeout=5) as plain, \
                self.context().wrap_socket(plain, server_hostname="localhost") as one:
            return int(one.getpeercert()["serialNumber"], 16)

    def hello(self):
        """The first bytes of a handshake."""
        said = ssl.MemoryBIO()
        one = self.context().wrap_bio(ssl.MemoryBIO(), said, server_hostname="localhost")
        try:
            one.do_handshake()
        except ssl.SSLWantReadError:
            pass
        return said.read()
