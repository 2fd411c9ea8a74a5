"""The resolver of a VPC: names of private zones as moto has them, with their TTLs, and of absent names the zone's SOA.

Resolvers on machines remember both. Other names are refused: machines have no internet.
"""

from __future__ import annotations

import socketserver
from typing import Any

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset
from moto.route53.models import route53_backends

from tests.machines.cloud.settings import ACCOUNT, STATE


class Names(socketserver.ThreadingUDPServer):
    """A server of names by UDP."""

    allow_reuse_address = True

    def __init__(self, address: str, port: int = 53) -> None:
        super().__init__((address, port), _Handler)


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        packet, socket = self.request
        with STATE:
            reply = answer(dns.message.from_wire(packet))
        socket.sendto(reply.to_wire(), self.client_address)


def answer(query: dns.message.Message) -> dns.message.Message:
    """The answer to a query, of what moto has at the moment."""
    reply = dns.message.make_response(query, recursion_available=True)
    (question,) = query.question
    zone = _zone(question.name)
    if zone is None:
        reply.set_rcode(dns.rcode.REFUSED)
        return reply
    named = [each for each in zone.rrsets if dns.name.from_text(each.name) == question.name]
    for record in named:
        if record.type == dns.rdatatype.to_text(question.rdtype):
            reply.answer.append(_records(question.name, record))
    if not reply.answer:
        if not named:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        start = next(each for each in zone.rrsets if each.type == "SOA")
        reply.authority.append(_records(dns.name.from_text(zone.name), start))
    return reply


def _zone(name: dns.name.Name) -> Any:
    zones = route53_backends[ACCOUNT]["aws"].zones.values()
    around = [zone for zone in zones if name.is_subdomain(dns.name.from_text(zone.name))]
    return max(around, key=lambda zone: len(zone.name), default=None)


def _records(name: dns.name.Name, record: Any) -> dns.rrset.RRset:
    # moto keeps what it made itself in another form.
    values = [each["Value"] if isinstance(each, dict) else each for each in record.records]
    return dns.rrset.from_text_list(name, int(record.ttl), "IN", record.type, values)
