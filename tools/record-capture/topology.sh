# The network: an office LAN behind a switch that mirrors every port to a sensor, a router, and an outside net.
# Every host is a network namespace with its own kernel stack; offloads are off, so frames have their real sizes and checksums.
#
#   client-1 client-2 client-3 visitor web dns files          site attacker
#      .101     .102     .103    .166  .80 .53  .22            .10   .66-.69
#        └────────┴────────┴──┬────┴─────┴───┴───┘               └──┬──┘
#   192.168.50.0/24        switch ──────── router ─────────── outside (a second switch)
#   fd50:50::/64              │mirror    .1     .1             203.0.113.0/24, fd50:113::/64
#                          sensor                              (198.18.0.0/15 is routed there and ends there)
#
# 192.168.60.0/23 is a branch office that is down: the router discards what is sent to it.

prefix=tapline-
hosts=(switch outside router sensor client-1 client-2 client-3 visitor web dns files site attacker)

# Runs a command inside a host, under the host's own name and resolver.
in_host() {
  local host=$1
  shift
  ip netns exec "$prefix$host" unshare --uts sh -c \
    'hostname "$1"; mount --bind "$2" /etc/resolv.conf; mount --bind "$3" /etc/hosts; shift 3; exec "$@"' \
    sh "$host" "$work/resolv.conf" "$work/hosts" "$@"
}

# link HOST BRIDGE-HOST MAC-SUFFIX INTERFACE: a cable from a host to a switch.
link() {
  local host=$1 bridge=$2 mac=$3 interface=$4
  ip link add "$interface" netns "$prefix$host" address "02:00:5e:50:00:$mac" type veth peer name "p$mac" netns "$prefix$bridge"
  ip -n "$prefix$bridge" link set "p$mac" master br0 up
  ip -n "$prefix$host" link set "$interface" up
  ip netns exec "$prefix$host" ethtool -K "$interface" tx off rx off sg off tso off gso off gro off >/dev/null 2>&1
  ip netns exec "$prefix$bridge" ethtool -K "p$mac" tx off rx off sg off tso off gso off gro off >/dev/null 2>&1
}

address() {
  local host=$1 interface=$2
  shift 2
  for cidr in "$@"; do
    case $cidr in
      *:*) ip -n "$prefix$host" address add "$cidr" dev "$interface" nodad ;;
      *) ip -n "$prefix$host" address add "$cidr" dev "$interface" ;;
    esac
  done
}

# mirror PORT: every frame that enters the switch on this port is copied to the sensor, once.
mirror() {
  ip netns exec "${prefix}switch" tc qdisc add dev "$1" ingress
  ip netns exec "${prefix}switch" tc filter add dev "$1" parent ffff: protocol all u32 match u32 0 0 \
    action mirred egress mirror dev mirror0
}

make_hosts() {
  for host in "${hosts[@]}"; do
    ip netns add "$prefix$host"
    ip -n "$prefix$host" link set lo up
  done
  for bridge in switch outside; do
    ip netns exec "$prefix$bridge" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
    ip -n "$prefix$bridge" link add br0 type bridge
    ip -n "$prefix$bridge" link set br0 up
  done
  ip netns exec "${prefix}sensor" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
  ip netns exec "${prefix}router" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 \
    net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0 net.ipv4.conf.all.send_redirects=0
  printf 'nameserver 192.168.50.53\noptions timeout:2 attempts:1\n' >"$work/resolv.conf"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$work/hosts"
}

lan_host() {
  local host=$1 number=$2 mac=$3
  link "$host" switch "$mac" eth0
  address "$host" eth0 "192.168.50.$number/24" "fd50:50::$number/64"
  ip -n "$prefix$host" route add default via 192.168.50.1
  ip -n "$prefix$host" -6 route add default via fd50:50::1
}

outside_host() {
  local host=$1 mac=$2
  shift 2
  link "$host" outside "$mac" eth0
  address "$host" eth0 "$@"
  ip -n "$prefix$host" route add default via 203.0.113.1
  ip -n "$prefix$host" -6 route add default via fd50:113::1
}

build_network() {
  take_down_network
  make_hosts
  link router switch 01 eth0
  link router outside 02 eth1
  address router eth0 192.168.50.1/24 fd50:50::1/64
  address router eth1 203.0.113.1/24 fd50:113::1/64
  ip -n "${prefix}router" route add blackhole 192.168.60.0/23
  ip -n "${prefix}router" route add 198.18.0.0/15 via 203.0.113.66
  lan_host client-1 101 65
  lan_host client-2 102 66
  lan_host client-3 103 67
  lan_host visitor 166 a6
  lan_host web 80 50
  lan_host dns 53 35
  lan_host files 22 16
  outside_host site 0a 203.0.113.10/24 203.0.113.11/24 fd50:113::10/64
  outside_host attacker 42 203.0.113.66/24 203.0.113.67/24 203.0.113.68/24 203.0.113.69/24 fd50:113::66/64
  ip link add mirror0 netns "${prefix}switch" type veth peer name tap0 netns "${prefix}sensor"
  ip -n "${prefix}switch" link set mirror0 up
  ip -n "${prefix}sensor" link set tap0 up promisc on
  for mac in 01 65 66 67 a6 50 35 16; do mirror "p$mac"; done
  # Link-local addresses take a moment to become usable.
  sleep 2
}

take_down_network() {
  for host in "${hosts[@]}"; do
    [ -e "/run/netns/$prefix$host" ] || continue
    ip netns pids "$prefix$host" | xargs --no-run-if-empty kill 2>/dev/null || true
  done
  for host in "${hosts[@]}"; do
    [ -e "/run/netns/$prefix$host" ] || continue
    ip netns pids "$prefix$host" | xargs --no-run-if-empty kill -9 2>/dev/null || true
    ip netns delete "$prefix$host"
  done
}
