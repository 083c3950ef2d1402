#!/usr/bin/env bash
# Installs Tapline's sensor (and, if asked, the bridge) on a Debian host, from an archive whose checksum is known, and takes
# it away again. Running it twice changes nothing; another archive is an upgrade. What it does by hand: docs/sensor-host.md.
set -euo pipefail

usage() {
  cat <<'HELP'
install-agent.sh --archive FILE --sha256 HEX --brokers HOST:PORT[,…] [--interface NAME]… [options]
install-agent.sh --uninstall [--purge]

Installs the sensor in /opt/tapline with units of systemd, as the user tapline, and starts it.

  --archive FILE     Tapline: git archive --format=tar.gz --output tapline.tar.gz HEAD
  --sha256 HEX       SHA-256 of the archive, as you got it from whoever made it; a file that differs is not touched
  --brokers LIST     Kafka brokers, host:port, comma-separated
  --interface NAME   captures from this interface; may be given several times (default: none, to be enabled later)
  --sensor NAME      the sensor's name (default: this host's name)
  --bridge PROJECT   runs the bridge to Pub/Sub here, too, for this Google Cloud project
  --uninstall        stops and removes units and program; settings, spool and user stay
  --purge            with --uninstall: removes those, too; packets that were not sent yet are lost
  --help             this text

Needs root, tcpdump, npm 10 or newer with any Node that runs it, and a way to npm's registry.
Exit code: 0 done, 1 failed, 2 wrong usage.
HELP
}

fail() { echo "install-agent: $1" >&2; exit "${2:-1}"; }
say() { echo "install-agent: $1" >&2; }

archive= sha256= brokers= sensor=$(uname -n) bridge= uninstall= purge=
interfaces=()
while [ $# -gt 0 ]; do
  case $1 in
    --help) usage; exit 0 ;;
    --uninstall) uninstall=yes; shift; continue ;;
    --purge) purge=yes; shift; continue ;;
    --archive | --sha256 | --brokers | --sensor | --bridge | --interface) [ $# -ge 2 ] || fail "$1 needs a value; see --help" 2 ;;
    *) fail "unknown option $1; see --help" 2 ;;
  esac
  case $1 in
    --archive) archive=$2 ;;
    --sha256) sha256=${2,,} ;;
    --brokers) brokers=$2 ;;
    --sensor) sensor=$2 ;;
    --bridge) bridge=$2 ;;
    --interface) interfaces+=("$2") ;;
  esac
  shift 2
done

# An image or a chroot has systemd's files and no systemd that runs: units are enabled for its next start.
is_booted() { [ -d /run/systemd/system ]; }
systemd() { if is_booted; then systemctl "$@"; fi; }
units() { (cd /etc/systemd/system 2>/dev/null && compgen -G 'multi-user.target.wants/tapline-*' | sed 's|.*/||') || true; }
ours=(tapline-capture@.service tapline-bridge.service)

if [ -n "$uninstall" ]; then
  [ "$(id -u)" = 0 ] || fail 'must run as root: sudo install-agent.sh --uninstall'
  for unit in $(units); do
    case $unit in
      tapline-capture@*.service | tapline-bridge.service)
        say "stopping $unit"
        systemd stop "$unit"
        systemctl --quiet disable "$unit"
        ;;
    esac
  done
  for unit in "${ours[@]}"; do rm -f "/etc/systemd/system/$unit"; done
  systemd daemon-reload
  rm -rf /opt/tapline /opt/tapline.new /opt/tapline.old
  if [ -n "$purge" ]; then
    rm -rf /etc/tapline/tapline.env /var/lib/tapline
    rmdir /etc/tapline 2>/dev/null || true
    if id tapline >/dev/null 2>&1; then userdel tapline; fi
    say 'removed, with settings, spool and user'
  else
    say 'removed; /etc/tapline, /var/lib/tapline and the user tapline stay (--purge removes them)'
  fi
  exit 0
fi

[ -z "$purge" ] || fail '--purge goes with --uninstall' 2
[ -n "$archive" ] && [ -n "$sha256" ] && [ -n "$brokers" ] || fail '--archive, --sha256 and --brokers are needed; see --help' 2
[[ $sha256 =~ ^[0-9a-f]{64}$ ]] || fail '--sha256: 64 hexadecimal digits' 2
[[ $sensor =~ ^[A-Za-z0-9._-]{1,64}$ ]] || fail "--sensor: letters, digits, dot, dash and underscore, not $sensor" 2
[[ $brokers =~ ^[^[:space:]]+:[0-9]+$ ]] || fail '--brokers: host:port, comma-separated' 2
[[ $bridge =~ ^[a-z0-9-]*$ ]] || fail '--bridge: the id of a Google Cloud project' 2
for interface in ${interfaces[@]+"${interfaces[@]}"}; do
  [ -d "/sys/class/net/$interface" ] || fail "there is no interface $interface here: ip link" 2
done
[ -r "$archive" ] || fail "cannot read $archive" 2
[ "$(id -u)" = 0 ] || fail 'must run as root: sudo install-agent.sh …'
for tool in tcpdump npm node tar systemctl; do
  command -v "$tool" >/dev/null || fail "$tool is missing: apt-get install tcpdump nodejs npm tar systemd"
done
echo "$sha256  $archive" | sha256sum --check --status || fail "$archive is not what --sha256 says: it is damaged, or another one"

id tapline >/dev/null 2>&1 || useradd --system --home /var/lib/tapline --shell /usr/sbin/nologin tapline
install -d -o tapline -g tapline -m 0750 /var/lib/tapline
install -d -m 0755 /etc/tapline

if [ "$(cat /opt/tapline/.archive 2>/dev/null || true)" = "$sha256" ]; then
  say 'this archive is installed already'
else
  rm -rf /opt/tapline.new && install -d /opt/tapline.new
  tar -xzf "$archive" -C /opt/tapline.new --no-same-owner
  say 'fetching libraries (npm ci) …'
  (cd /opt/tapline.new && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel error >&2)
  echo "$sha256" >/opt/tapline.new/.archive
  # The old one stays until the new one is whole.
  rm -rf /opt/tapline.old
  if [ -d /opt/tapline ]; then mv /opt/tapline /opt/tapline.old; fi
  mv /opt/tapline.new /opt/tapline
fi

# Settings that somebody made stay.
if [ ! -s /etc/tapline/tapline.env ]; then
  (umask 077 && printf 'TAPLINE_SENSOR=%s\nTAPLINE_KAFKA_BROKERS=%s\n' "$sensor" "$brokers" >/etc/tapline/tapline.env)
  if [ -n "$bridge" ]; then echo "GOOGLE_CLOUD_PROJECT=$bridge" >>/etc/tapline/tapline.env; fi
else
  say '/etc/tapline/tapline.env is there already and stays as it is'
fi

for unit in "${ours[@]}"; do install -m 0644 "/opt/tapline/tools/systemd/$unit" /etc/systemd/system/; done
systemd daemon-reload
wanted=()
for interface in ${interfaces[@]+"${interfaces[@]}"}; do wanted+=("tapline-capture@$interface.service"); done
if [ -n "$bridge" ]; then wanted+=(tapline-bridge.service); fi
if [ ${#wanted[@]} -gt 0 ]; then
  systemctl --quiet enable "${wanted[@]}"
  systemd restart "${wanted[@]}"
fi
rm -rf /opt/tapline.old
say "installed in /opt/tapline${wanted[*]:+, enabled: ${wanted[*]}}"
say 'see that it works: journalctl -u "tapline-*", and tapline doctor as docs/sensor-host.md says'
