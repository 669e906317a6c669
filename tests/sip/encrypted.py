"""A carrier's TLS: a certificate that the installation was told to believe, and an end of it that hands on in plain what it hears."""

import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def certify(path: Path) -> Path:
    """Write a certificate for this machine, with its key. Returns the file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "carrier.example")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    began = datetime.now(UTC) - timedelta(days=1)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(began)
    made = made.not_valid_after(began + timedelta(days=30)).add_extension(here, critical=False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM) + private)
    return path


def _hand_on(source: socket.socket, to: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            to.sendall(data)
    with suppress(OSError):
        to.shutdown(socket.SHUT_RDWR)


@contextmanager
def in_front_of(port: int, certificate: Path) -> Iterator[int]:
    """Yields the encrypted port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def connect(caller: socket.socket) -> None:
        with suppress(OSError):
            sealed = context.wrap_socket(caller, server_side=True)
            plain = socket.create_connection(("127.0.0.1", port), 3)
            plain.settimeout(None)
            threading.Thread(target=_hand_on, args=(sealed, plain), daemon=True).start()
            _hand_on(plain, sealed)

    def serve(server: socket.socket) -> None:
        with suppress(OSError):
            while True:  # one that goes away in the middle must not keep the next waiting
                threading.Thread(target=connect, args=(server.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        yield int(server.getsockname()[1])
