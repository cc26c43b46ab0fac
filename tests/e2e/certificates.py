"""Certificates for tests, made by the openssl command when a test asks for them."""

import ssl
import subprocess


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """An issuer whose certificates and keys are files in `folder`."""

    def __init__(self, folder, name):
        self.folder = folder
        self.file = folder / f"{name}.pem"
        self._key = folder / f"{name}.key"
        new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        self._new = ("req", "-new", *new_key)
        subject = ("-subj", f"/CN={name}")
        openssl(*self._new, "-x509", "-days", "2", *subject, "-keyout", self._key, "-out", self.file)

    def issue(self, name, alternative=None):
        """(certificate file, key file) for the common name; `alternative` is as "DNS:host"."""
        certificate = self.folder / f"{name}.pem"
        key = self.folder / f"{name}.key"
        request = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(f"subjectAltName={alternative or f'DNS:{name}'}\n")
        openssl(*self._new, "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        issuer = ("-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", "2")
        files = ("-in", request, "-out", certificate, "-extfile", extensions)
        openssl("x509", "-req", *issuer, *files)
        return certificate, key


def server_tls(certificate, key, clients=None):
    """What a server needs to speak TLS; `clients` is the issuer of the certificates that it wants
    to see. The name that the client asked for stands in a connection's `asked_name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)

    def remember(connection, name, _):
        connection.asked_name = name

    context.sni_callback = remember
    return context


def client_name(connection):
    """The common name in the certificate that the client has shown."""
    subject = connection.getpeercert()["subject"]
    return next(value for part in subject for key, value in part if key == "commonName")
