#!/usr/bin/env bash
# Records captures/office-under-attack.pcap.zst: a small office network made of network namespaces on this machine, with real
# kernels, servers and clients, attacked by real tools that only ever reach the namespaces made here. Run as root on Debian:
#   tools/record-capture/record.sh [OUTPUT-FOLDER]
# Takes about six minutes, is bounded in time and packets, and removes its namespaces and processes however it ends.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
output=$(realpath "${1:-$here/../../captures}")
name=office-under-attack

# shellcheck source=topology.sh
source "$here/topology.sh"
# shellcheck source=services.sh
source "$here/services.sh"
# shellcheck source=benign.sh
source "$here/benign.sh"
# shellcheck source=attacks.sh
source "$here/attacks.sh"

require() {
  local missing=()
  for tool in flock ip tc nft ethtool tcpdump tshark nginx curl dnsmasq dig /usr/sbin/sshd ssh scp ping nmap hping3 hydra slowhttptest iperf3 openssl zstd; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  [ ${#missing[@]} -eq 0 ] && return
  echo "missing: ${missing[*]}; on Debian: apt-get install iproute2 nftables ethtool tcpdump tshark nginx curl dnsmasq dnsutils" \
    "openssh-server openssh-client iputils-ping nmap hping3 hydra slowhttptest iperf3 openssl zstd" >&2
  exit 1
}

clean_up() {
  trap - EXIT HUP INT PIPE TERM
  rm -f "$work/running"
  jobs -p | xargs --no-run-if-empty kill 2>/dev/null || true
  take_down_network
  rm -rf "$work"
}

start_tcpdump() {
  in_host sensor tcpdump -i tap0 -n -s 0 -B 65536 --time-stamp-precision=nano -Z root -w "$work/$name.pcap" 2>"$work/tcpdump.log" &
  tcpdump_pid=$!
  for _ in $(seq 100); do
    ! grep -qs 'listening on' "$work/tcpdump.log" || return 0
    sleep 0.1
  done
  echo 'tcpdump does not start:' >&2
  cat "$work/tcpdump.log" >&2
  exit 1
}

# in_host starts tcpdump in a child of its own, so the signal goes to the process inside the namespace.
stop_tcpdump() {
  ip netns pids "${prefix}sensor" | xargs --no-run-if-empty kill -INT
  wait "$tcpdump_pid" || true
  cat "$work/tcpdump.log"
  grep -q '^0 packets dropped by kernel' "$work/tcpdump.log" || { echo 'tcpdump lost packets: record again' >&2; exit 1; }
}

finish() {
  mkdir -p "$output"
  zstd -19 --force --quiet "$work/$name.pcap" -o "$output/$name.pcap.zst"
  "${NODE:-node}" "$here/label-capture.ts" "$work/$name.pcap" "$here/attacks.tsv" "$name.pcap.zst" >"$output/$name.labels.tsv"
  chmod 644 "$output/$name".*
  ls -l "$output/$name.pcap.zst" "$output/$name.labels.tsv"
}

[ "$(id -u)" -eq 0 ] || { echo 'network namespaces need root' >&2; exit 1; }
require
# The namespaces have fixed names, so one recording runs at a time.
exec 9>/run/lock/tapline-record
flock --nonblock 9 || { echo 'another recording is running' >&2; exit 1; }
work=$(mktemp -d /tmp/tapline-record.XXXXXX)
chmod 755 "$work"
trap clean_up EXIT
trap 'exit 130' HUP INT PIPE TERM
build_network
start_services
start_tcpdump
start_benign
run_attacks
stop_benign
stop_tcpdump
finish
