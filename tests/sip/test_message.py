"""What the line reads and writes: other people's messages, and what is said in them about sound."""

import pytest

from anju.sip import message
from anju.sip.message import Message

BROWSER = (
    "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 30010 RTP/AVP 111 9 0 8 126\r\na=rtpmap:111 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:126 telephone-event/8000\r\na=sendrecv\r\n"
    "m=video 30012 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n"
)
TELEPHONE = (
    "v=0\r\no=x 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 30020 RTP/AVP 8 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
)


def test_a_telephone_is_offered_what_telephones_speak_and_no_picture() -> None:
    offered = message.sound(BROWSER)
    assert offered is not None
    assert "m=audio 30010 RTP/AVP 0 8 101\r\n" in offered
    assert "video" not in offered and "opus" not in offered and "126" not in offered


def test_a_gate_that_speaks_nothing_a_telephone_does_rings_none() -> None:
    assert message.sound(BROWSER.replace("111 9 0 8 126", "111 126")) is None
    assert message.sound("") is None


def test_the_answer_has_a_line_for_every_line_of_the_offer() -> None:
    answer = message.joined(BROWSER, TELEPHONE)
    assert [line for line in answer.split("\r\n") if line.startswith("m=")] == [
        "m=audio 30020 RTP/AVP 8",
        "m=video 0 RTP/AVP 96",
    ]
    with pytest.raises(ValueError, match="no sound"):
        message.joined(BROWSER, TELEPHONE.replace("8 101", "101"))


def test_names_are_read_short_folded_and_in_any_case() -> None:
    said = Message.read(
        b"SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a\r\nVIA: SIP/2.0/UDP b\r\nf: <sip:a@b>;tag=1\r\nt: <sip:c@d>\r\n ;tag=2\r\n"
        b"i: name\r\nCSeq: 3 INVITE\r\nm: <sip:c@d:5070>\r\nRecord-Route: <sip:x;lr>, <sip:y;lr>\r\nRecord-Route: <sip:z;lr>\r\n\r\nbody"
    )
    assert (said.status, said.method, said.cseq, said.name, said.body) == (200, "INVITE", 3, "name", "body")
    assert said.every("via") == ["SIP/2.0/UDP a", "SIP/2.0/UDP b"]
    assert message.tag(said.get("to")) == "2"
    assert (said.contact(), said.routes()) == ("sip:c@d:5070", ["<sip:x;lr>", "<sip:y;lr>", "<sip:z;lr>"])


@pytest.mark.parametrize(
    "data", [b"", b"\r\n\r\n", b"SIP/2.0 200", b"INVITE sip:a SIP/2.0\r\n\r\n", b"\xff\xfe", b"SIP/2.0 x y\r\nv: a\r\ni: b\r\nCSeq: c\r\n"]
)  # fmt: skip
def test_what_is_no_message_is_not_read(data: bytes) -> None:
    with pytest.raises(ValueError):
        Message.read(data)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_a_proof_is_as_the_standard_computes_it(algorithm: str, response: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 7616, 3.9.1: the example."""
    monkeypatch.setattr(message, "mark", lambda: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    challenge = Message(
        "SIP/2.0 401 Unauthorized",
        (
            (
                "www-authenticate",
                'Digest realm="http-auth@example.org", qop="auth, auth-int", '
                f'algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="x"',
            ),
        ),
    )
    proof = message.proof(challenge, "GET", "/dir/index.html", "Mufasa", "Circle of Life")
    assert proof is not None and f'response="{response}"' in proof[1] and proof[0] == "Authorization"
