"""Who gets in, by what a resource declares: rules of security groups, and network policies of Kubernetes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from types import MappingProxyType
from typing import Any

from etcd_ops.review.preview import State, Step
from etcd_ops.review.values import Properties, mapping_of, number_of, text_of

NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
EVERYBODY = "everybody"
"""Who gets in where a network policy names nobody."""
_LEAST_BITS = {4: 8, 6: 32}
"""By version of IP: fewest bits of a network that is somebody's.

No private network of IPv4 is larger than 10.0.0.0/8, and a /32 of IPv6 is the share of a whole provider; two halves
of the internet are all of it. The policies `closed-ingress` and `named-networks` draw the line there as well.
"""
_EVERY = "-1"
_LAST = 65535


@dataclass(frozen=True, slots=True)
class Door:
    """Somebody, and the ports that they reach."""

    source: str
    """A network, a group, a list of prefixes, or everybody."""
    protocol: str
    first: int
    last: int

    @property
    def is_wide(self) -> bool:
        """Whether so large a network is everybody."""
        network = _network(self.source)
        return self.source == EVERYBODY or (network is not None and network.prefixlen < _LEAST_BITS[network.version])

    def covers(self, other: Door) -> bool:
        """Whether whoever gets in by the other one gets in by this one anyway."""
        ports = self.protocol in (_EVERY, other.protocol) and self.first <= other.first and other.last <= self.last
        return ports and _holds(self.source, other.source)

    def __str__(self) -> str:
        if self.protocol == _EVERY or (self.first, self.last) == (0, _LAST):
            ports = "every port" if self.protocol == _EVERY else f"every port of {self.protocol}"
            return f"{self.source} by {ports}"
        upto = "" if self.first == self.last else f" to {self.last}"
        return f"{self.source} by {self.protocol} {self.first}{upto}"


def _network(source: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(source, strict=False)
    except ValueError:
        return None


def _holds(source: str, other: str) -> bool:
    if source in (EVERYBODY, other):
        return True
    one, two = _network(source), _network(other)
    if one is None or two is None or one.version != two.version:
        return False
    return one.prefixlen <= two.prefixlen and two.network_address in one


def doors(token: str, state: State | None) -> tuple[Door, ...]:
    """Those that a resource of a type opens in a state."""
    read = _READERS.get(token)
    return tuple(read(state.inputs)) if state is not None and read is not None else ()


def opened(step: Step) -> tuple[Door, ...]:
    """Those to everybody that a step opens; what was as open before is not told again."""
    if not step.is_applied:
        return ()
    before = doors(step.type, step.old) if _is_of_the_same_group(step) else ()
    wide = (each for each in doors(step.type, step.new) if each.is_wide)
    return tuple(each for each in wide if not any(other.covers(each) for other in before))


def _is_of_the_same_group(step: Step) -> bool:
    groups = {str(each.inputs.get("securityGroupId")) for each in (step.old, step.new) if each is not None}
    return len(groups) == 1


def _of_rule(inputs: Properties) -> Iterator[Door]:
    """A way in that stands by itself."""
    names = ("cidrIpv4", "cidrIpv6", "referencedSecurityGroupId", "prefixListId")
    yield from _from(inputs, text_of(inputs.get("ipProtocol")), [inputs.get(name) for name in names])


def _of_older_rule(inputs: Properties) -> Iterator[Door]:
    """The older form of it, which is a way in or out."""
    if inputs.get("type") != "egress":
        yield from _inline(inputs)


def _of_group(inputs: Properties) -> Iterator[Door]:
    """Ways in that are written into their group."""
    for each in _objects(inputs.get("ingress")):
        yield from _inline(each)


def _inline(inputs: Properties) -> Iterator[Door]:
    names = ("cidrBlocks", "ipv6CidrBlocks", "securityGroups", "prefixListIds")
    sources = [source for name in names for source in _list(inputs.get(name))]
    yield from _from(inputs, text_of(inputs.get("protocol")), [*sources, inputs.get("sourceSecurityGroupId")])


def _from(inputs: Properties, protocol: str, sources: Sequence[Any]) -> Iterator[Door]:
    first, last = _ports(inputs.get("fromPort"), inputs.get("toPort"))
    every = protocol.lower() in (_EVERY, "all")
    for source in filter(None, map(text_of, sources)):
        yield Door(source, _EVERY, 0, _LAST) if every else Door(source, protocol.lower(), first, last)


def _ports(first: Any, last: Any) -> tuple[int, int]:
    """What is not known may be any port."""
    lowest, highest = number_of(first), number_of(last)
    return int(lowest) if lowest is not None else 0, int(highest) if highest is not None else _LAST


def _of_policy(inputs: Properties) -> Iterator[Door]:
    """Those that get in by a network policy, as far as it names addresses, or nobody."""
    spec = mapping_of(inputs.get("spec"))
    if spec and "Ingress" not in _list(spec.get("policyTypes", ["Ingress"])):
        yield Door(EVERYBODY, _EVERY, 0, _LAST)
    for rule in _objects(spec.get("ingress")):
        for source in _sources(rule):
            yield from _by(rule, source)


def _sources(rule: Properties) -> Iterator[str]:
    if rule.get("from") in (None, []):
        yield EVERYBODY
    for peer in _objects(rule.get("from")):
        if cidr := text_of(mapping_of(peer.get("ipBlock")).get("cidr")):
            yield cidr


def _by(rule: Properties, source: str) -> Iterator[Door]:
    if rule.get("ports") in (None, []):
        yield Door(source, _EVERY, 0, _LAST)
    for each in _objects(rule.get("ports")):
        protocol, port = text_of(each.get("protocol")).lower() or "tcp", each.get("port")
        named = f" {port}" if text_of(port) else ""
        yield Door(source, f"{protocol}{named}", *_ports(port, each.get("endPort", port)))


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _objects(value: Any) -> Iterator[Properties]:
    yield from (each for each in _list(value) if isinstance(each, Mapping))


_READERS: Mapping[str, Callable[[Properties], Iterator[Door]]] = MappingProxyType(
    {
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _of_rule,
        "aws:ec2/securityGroupRule:SecurityGroupRule": _of_older_rule,
        "aws:ec2/securityGroup:SecurityGroup": _of_group,
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _of_group,
        NETWORK_POLICY: _of_policy,
    }
)
"""By type: who gets in by its inputs."""
