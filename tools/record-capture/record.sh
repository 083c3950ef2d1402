#!/usr/bin/env bash
# Records captures/office-under-attack.pcap.zst: a small office network made of network namespaces on this machine, with real
# kernels, servers and clients, attacked by real tools that only ever reach the namespaces made here. Run as root on Debian:
#   tools/record-capture/record.sh [OUTPUT-FOLDER]
# Takes about six minutes, is bounded in time and packets, and removes its namespaces and processes however it ends.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
output=$(realpath "${1:-$here/../../captures}")
name=office-under-attack

# shellcheck source=recording.sh
source "$here/recording.sh"
# shellcheck source=topology.sh
source "$here/topology.sh"
# shellcheck source=services.sh
source "$here/services.sh"
# shellcheck source=benign.sh
source "$here/benign.sh"
# shellcheck source=attacks.sh
source "$here/attacks.sh"

finish() {
  mkdir -p "$output"
  zstd -19 --force --quiet "$work/$name.pcap" -o "$output/$name.pcap.zst"
  "${NODE:-node}" "$here/label-capture.ts" "$work/$name.pcap" "$here/attacks.tsv" "$name.pcap.zst" >"$output/$name.labels.tsv"
  chmod 644 "$output/$name".*
  ls -l "$output/$name.pcap.zst" "$output/$name.labels.tsv"
}

[ "$(id -u)" -eq 0 ] || { echo 'network namespaces need root' >&2; exit 1; }
require 'iproute2 nftables ethtool tcpdump tshark nginx curl dnsmasq dnsutils openssh-server openssh-client iputils-ping nmap hping3 hydra slowhttptest iperf3 openssl zstd' \
  flock ip tc nft ethtool tcpdump tshark nginx curl dnsmasq dig /usr/sbin/sshd ssh scp ping nmap hping3 hydra slowhttptest iperf3 openssl zstd
# The namespaces have fixed names, so one recording runs at a time.
exec 9>/run/lock/tapline-record
flock --nonblock 9 || { echo 'another recording is running' >&2; exit 1; }
work=$(mktemp -d /tmp/tapline-record.XXXXXX)
chmod 755 "$work"
trap clean_up EXIT
trap 'exit 130' HUP INT PIPE TERM
build_network
start_services
start_tcpdump "$work/$name.pcap"
start_benign
run_attacks
stop_benign
stop_tcpdump
finish
