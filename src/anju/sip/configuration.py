"""What the SIP server's programs are started with: written anew at every start, readable by nobody else."""

import ipaddress
import os
import re
import shutil
import sqlite3
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings

from anju.installation.ports import outer, ports
from anju.sip import place
from anju.sip.asking import HEADER
from anju.sip.packages import program

CONF = Path(__file__).resolve().parent / "conf"
RTP = os.environ.get("ANJU_SIP_RTP", "30000-31999")
"""UDP ports that media flows through."""
RELAYED = os.environ.get("ANJU_TURN_RTP", "32000-32999")
AUTHORITIES = os.environ.get("ANJU_SIP_CA", "")
"""A file with who vouches for a telephone carrier whose line is encrypted; none: nobody does. Every process of Kamailio keeps a copy,
so it is not the system's whole list.
"""
VALID = timedelta(days=3650)
NO_PEERS = ("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "100.100.100.200/32", "fe80::/10", "::ffff:0:0/96")
"""Where no device is: nowhere, on one cable alone, or where a cloud tells its machines their secrets; and IPv4 in the clothes of IPv6.

Not "::": coturn refuses it by itself, and takes a range that begins with it for one of all addresses.
"""
LOOPBACK = ("127.0.0.0/8", "::1/128")
INNER = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Whom a server on the internet knows of and its callers must not: devices behind such addresses are spoken to at their relayed ones."""

_LOCATION = """
create table if not exists version (table_name varchar(32) primary key, table_version integer not null);
insert or ignore into version values ('location', 9);
create table if not exists location (
 id integer primary key, ruid varchar(64) unique, username varchar(64), domain varchar(64), contact varchar(512),
 received varchar(255), path varchar(512), expires timestamp, q real, callid varchar(255), cseq integer, last_modified timestamp,
 flags integer, cflags integer, user_agent varchar(255), socket varchar(64), methods integer, instance varchar(255),
 reg_id integer, server_id integer, connection_id integer, keepalive integer, partition integer);
"""


def _write(path: Path, text: str, owner: str | None) -> Path:
    path.touch(mode=0o600)
    path.write_text(text)
    _give(path, owner)
    return path


def _give(path: Path, owner: str | None) -> None:
    if owner:
        shutil.chown(path, owner, owner)


def _own_folder(name: str, owner: str | None) -> Path:
    made = place.folder() / name
    made.mkdir(mode=0o700, exist_ok=True)
    made.chmod(0o711)
    _give(made, owner)
    return made


def certificate(owner: str | None) -> tuple[Path, Path]:
    """Certificate and key: the operator's (ANJU_SIP_CERTIFICATE, ANJU_SIP_KEY), or one of our own for the host's name."""
    if "ANJU_SIP_CERTIFICATE" in os.environ:
        return Path(os.environ["ANJU_SIP_CERTIFICATE"]), Path(os.environ["ANJU_SIP_KEY"])
    folder = _own_folder("tls", owner)
    public, private = folder / f"{place.host()}.pem", folder / f"{place.host()}.key"
    if not public.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        _write(private, _pem(key), owner)
        _write(public, _self_signed(key).public_bytes(serialization.Encoding.PEM).decode(), owner)
    return public, private


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, place.host())])
    names: list[x509.GeneralName] = [
        x509.DNSName(place.host()),
        x509.IPAddress(ipaddress.ip_address(place.address())),
    ]
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + VALID)
    return builder.add_extension(x509.SubjectAlternativeName(names), critical=False).sign(key, hashes.SHA256())


def kamailio(credentials: str, owner: str | None) -> list[str]:
    """Kamailio's command line. credentials: the database address of the role that reads them. owner: whom it runs as, when we are root."""
    public, private = certificate(owner)
    tls = f"[server:default]\nmethod = TLSv1.2+\nverify_certificate = no\nrequire_certificate = no\nprivate_key = {private}\ncertificate = {public}\n[client:default]\nmethod = TLSv1.2+\nverify_certificate = yes\nrequire_certificate = yes\n"
    if AUTHORITIES:
        tls += f"ca_list = {AUTHORITIES}\n"
    registrations = _own_folder("registrations", owner) / "location.sqlite"
    _own_folder("rpc", owner)
    with sqlite3.connect(registrations) as database:
        database.executescript(_LOCATION)
    _give(registrations, owner)
    words = {
        "DECIDES": f"http://127.0.0.1:{ports()['sip_calls']}",
        "DESK": f"http://127.0.0.1:{ports()['sip_desk']}",
        "SECRET": f"{HEADER}: {place.secret()}",
        "REALM": place.REALM,
        "RPC_SOCKET": str(place.rpc_socket()),
        "TLS_CONFIG": str(_write(place.folder() / "tls.cfg", tls, owner)),
        "REGISTRATIONS": f"sqlite:///{registrations}",
        "CREDENTIALS": credentials.replace("postgresql://", "postgres://"),
        "MEDIA_SOCKET": f"udp:127.0.0.1:{ports()['sip_media']}",
        "LINE_PORT": str(ports()["sip_line"]),
        "WSS_PORT": str(outer("sip_wss")),
        "WS_PORT": str(outer("sip_ws")),
    }
    address = place.address()
    lines = ["#!KAMAILIO", *(f'#!substdef "!{name}!{text}!g"' for name, text in words.items())]
    for kind, port in (("udp", "sip"), ("tcp", "sip"), ("tls", "sip_tls"), ("tcp", "sip_ws"), ("tls", "sip_wss")):
        lines.append(f"listen={kind}:{address}:{outer(port)}")
    lines += [f'include_file "{CONF / name}"' for name in ("modules.cfg", "routes.cfg")]
    if any(character in text for text in words.values() for character in '!"\n'):
        raise ValueError(
            'an address, name or password of the SIP server has a "!", a quotation mark or a line break in it'
        )
    path = _write(place.folder() / "kamailio.cfg", "\n".join(lines) + "\n", owner)
    command = [
        "env",
        f"LD_PRELOAD={_afresh()}",
        program("kamailio"),
        "-f",
        str(path),
        "-DD",
        "-E",
        "-Y",
        str(_own_folder("run", owner)),
    ]
    return [*command, "-m", "64", "-M", "8", *(["-u", owner, "-g", owner] if owner else [])]


def _afresh() -> Path:
    """What each of Kamailio's processes begins with (conf/afresh.c). Raises CalledProcessError."""
    made = place.folder() / "afresh.so"
    command = [program("tcc"), "-nostdlib", "-shared", "-o", str(made), str(CONF / "afresh.c")]
    subprocess.run(command, check=True, capture_output=True)
    made.chmod(0o755)
    return made


def rtpengine() -> list[str]:
    """The media relay's command line: in user space, so that no kernel module is needed. It forgets a call when it ends."""
    low, _dash, high = RTP.partition("-")
    return [
        program("rtpengine"), "--config-file=none", "--table=-1", f"--interface={place.address()}",
        f"--listen-ng=127.0.0.1:{ports()['sip_media']}", f"--port-min={low}", f"--port-max={high}",
        f"--dtmf-log-dest=127.0.0.1:{ports()['sip_digits']}", "--foreground", "--log-stderr", "--log-level=3",
        "--num-threads=2", "--delete-delay=0", "--timeout=60", "--silent-timeout=310",
        "--endpoint-learning=immediate",  # with strict-source: who is not the first to send is not heard
    ]  # fmt: skip


def coturn(owner: str | None) -> list[str]:
    """The TURN server's command line: time-limited passwords (intercom/ice.py), UDP alone, and no way to what is not for callers (`_denied`)."""
    low, _dash, high = RELAYED.partition("-")
    address = place.address()
    public, private = certificate(owner)
    loopback = ipaddress.ip_address(address).is_loopback
    lines = [
        f"listening-ip={address}", f"relay-ip={address}", f"listening-port={outer('turn')}", "use-auth-secret",
        f"static-auth-secret={settings.TURN_SECRET}", f"realm={place.REALM}", "no-cli", "no-tls", "no-dtls", "fingerprint",
        "user-quota=8", "total-quota=600", "stale-nonce=600", f"min-port={low}", f"max-port={high}", "no-multicast-peers",
        f"cert={public}", f"pkey={private}", f"pidfile={_own_folder('run', owner) / 'turn.pid'}", "log-file=stdout",
        f"userdb={_own_folder('run', owner) / 'turn.sqlite'}", "no-tcp-relay",
        f"allowed-peer-ip={address}",  # before what is denied: two who are both relayed speak to each other there
        *(f"denied-peer-ip={network[0]}-{network[-1]}" for network in _denied(address)),
        *(["allow-loopback-peers"] if loopback else []),
        *([f"proc-user={owner}", f"proc-group={owner}"] if owner else []),
    ]  # fmt: skip
    return [program("turnserver"), "-c", str(_write(place.folder() / "turn.conf", "\n".join(lines) + "\n", owner))]


def _denied(address: str) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Whom a relay at this address sends nothing to: no device is there, or this machine alone is.

    On a local network its other devices stay within reach, for gates and phones are among them; from the internet none is.
    """
    relay = ipaddress.ip_address(address)
    inner = INNER if relay.is_global else ()
    own = () if relay.is_loopback else (*LOOPBACK, *own_addresses())
    return [ipaddress.ip_network(one) for one in (*NO_PEERS, *inner, *own)]


def own_addresses() -> list[str]:
    """All that this machine has now, as Linux tells."""
    fourth, sixth = Path("/proc/net/fib_trie"), Path("/proc/net/if_inet6")
    found = set(re.findall(r"\|-- ([\d.]+)\n\s+/32 host LOCAL", fourth.read_text()))
    if sixth.exists():  # not where IPv6 is switched off
        found |= {str(ipaddress.IPv6Address(int(line[:32], 16))) for line in sixth.read_text().splitlines()}
    return sorted(found)
