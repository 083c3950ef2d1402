#!/usr/bin/env bash
# The lab: records one capture per scenario of lab.tsv, each in a network of its own made of network namespaces (topology.sh),
# with real daemons, clients and attack tools that only ever reach that network, and measures the labels from the packets.
# Root on Debian; docs/lab.md has what each scenario does. Removes its namespaces and processes however it ends.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
lab=$here/lab.tsv
lab_prefix=tapline-lab
out=lab
only=
seed=1
jobs_at_once=4
hours=24
calm_s=20

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
# shellcheck source=lab-services.sh
source "$here/lab-services.sh"
# shellcheck source=lab-attacks.sh
source "$here/lab-attacks.sh"
# shellcheck source=lab-benign.sh
source "$here/lab-benign.sh"

usage() {
  cat <<'HELP'
usage: lab.sh [--out DIR] [--only NAME,...] [--jobs N] [--seed N] [--calm S] [--hours H]
       lab.sh --list | --check

Records the scenarios of lab.tsv, a capture each, and writes DIR/LABELS.tsv; then: tapline eval DIR

  --out DIR       where captures and labels go (default: lab); scenarios that are recorded again replace their lines
  --only NAME,... only these scenarios
  --jobs N        scenarios at a time, each in a network of its own (default 4)
  --seed N        of the ordinary traffic, jitter and invented names (default 1); what kernels and tools draw stays theirs
  --calm S        seconds of ordinary traffic before an attack, and after it (default 20)
  --hours H       of the generated ordinary day (default 24)
  --list          name, class, tool, rate and length of every scenario
  --check         say whether everything is there that it needs, and do no more
  --help          this

Needs root, network namespaces and the tools of docs/lab.md. NODE=PATH when Node 24 is not on the path.
HELP
}

wrong() {
  echo "lab.sh: $*; --help says how" >&2
  exit 2
}

# number NAME VALUE: the value, when it is a whole number.
number() {
  [[ ${2-} =~ ^[0-9]+$ ]] || wrong "$1 wants a whole number"
  echo "$2"
}

names() { tail -n +2 "$lab" | cut -f 1; }

# field NAME COLUMN: what the table says of a scenario.
field() {
  awk -F '\t' -v name="$1" -v column="$2" \
    'NR == 1 { for (i = 1; i <= NF; i++) if ($i == column) at = i; next } $1 == name { print $at }' "$lab"
}

list() {
  cut -f 1-5 "$lab" | awk -F '\t' '{ printf "%-22s %-18s %-34s %-28s %s\n", $1, $2, $3, $4, $5 }'
}

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h) usage; exit 0 ;;
      --list) list; exit 0 ;;
      --check) check; exit 0 ;;
      --out) out=${2:?--out wants a folder}; shift ;;
      --only) only=${2:?--only wants names}; shift ;;
      --jobs) jobs_at_once=$(number --jobs "${2-}"); shift ;;
      --seed) seed=$(number --seed "${2-}"); shift ;;
      --calm) calm_s=$(number --calm "${2-}"); shift ;;
      --hours) hours=$(number --hours "${2-}"); shift ;;
      *) wrong "what is $1?" ;;
    esac
    shift
  done
  [ "$jobs_at_once" -gt 0 ] || wrong '--jobs is at least 1'
  if [ -z "$only" ]; then
    mapfile -t scenarios < <(names)
  else
    IFS=, read -ra scenarios <<<"$only"
  fi
  for scenario in "${scenarios[@]}"; do
    names | grep -qxF -- "$scenario" || wrong "there is no scenario $scenario (--list names them)"
  done
}

# Ends every process in the lab's namespaces, and removes them; names each after the words it is given, if any.
remove_namespaces() {
  local namespace
  for namespace in $(ip netns list | awk -v prefix="$lab_prefix" 'index($1, prefix) == 1 { print $1 }'); do
    [ -z "${1-}" ] || echo "$1 $namespace" >&2
    ip netns pids "$namespace" | xargs --no-run-if-empty kill -9 2>/dev/null || true
    ip netns delete "$namespace" 2>/dev/null || true
  done
}

# Recordings that run end with their namespaces' processes, clean up themselves, and what they could not is removed here.
end_lab() {
  trap - EXIT HUP INT PIPE TERM
  local group
  for group in $(jobs -p); do kill -- "-$group" 2>/dev/null || true; done
  wait 2>/dev/null || true
  remove_namespaces
  rm -rf "$lab_work"
}

# record NAME NUMBER: one scenario from start to end, in a subshell and network of its own.
record() {
  local scenario=$1 number=$2
  work=$lab_work/$scenario
  prefix=$lab_prefix-$number-
  mkdir -p "$work"
  chmod 755 "$work"
  RANDOM=$seed
  benign_seed=$((100 * seed))
  local capture=$work/$scenario.pcap
  if [ "$scenario" = benign-day ]; then
    "${NODE:-node}" "$here/../generate-capture/main.ts" --out "$capture" --benign-only --hours "$hours" --seed "$seed" 2>/dev/null
  else
    trap clean_up EXIT
    trap 'exit 143' HUP INT PIPE TERM
    record_live "$scenario" "$capture"
  fi
  keep "$scenario" "$capture"
}

record_live() {
  local scenario=$1 capture=$2 stretch
  stretch=$(field "$scenario" stretch)
  build_network
  start_services
  start_lab_services
  start_tcpdump "$capture"
  # In a stretched capture ordinary traffic would be stretched, too.
  [ "$stretch" -ne 1 ] || start_benign
  [ "$stretch" -ne 1 ] || pause "$calm_s"
  "lab_${scenario//-/_}"
  [ "$stretch" -ne 1 ] || pause "$calm_s"
  stop_benign 2>/dev/null || true
  stop_tcpdump >"$work/tcpdump.said"
  [ "$stretch" -eq 1 ] || {
    mv "$capture" "$work/as-recorded.pcap"
    "${NODE:-node}" "$here/stretch-capture.ts" "$work/as-recorded.pcap" "$capture" "$stretch"
  }
}

# keep NAME CAPTURE: the capture, compressed, and its line of the label table.
keep() {
  local scenario=$1 capture=$2 class
  class=$(field "$scenario" class)
  local note
  note="$(field "$scenario" tool), $(field "$scenario" rate): $(field "$scenario" note)"
  if [ "$class" = benign ]; then
    printf '%s\tlab\tbenign\t\t\t\ttools/record-capture/lab.sh\texact\t%s\t\t\t\t\t\t%s\t\n' "$scenario.pcap.zst" "$note" "$scenario"
  else
    printf 'class\tfilter\tattacker\tvictim\tnote\n%s\t%s\t%s\t%s\t%s\n' "$class" "$(field "$scenario" filter)" \
      "$(field "$scenario" attacker)" "$(field "$scenario" victim)" "$note" >"$work/attack.tsv"
    "${NODE:-node}" "$here/label-capture.ts" "$capture" "$work/attack.tsv" "$scenario.pcap.zst" | tail -n 1 |
      awk -F '\t' -v OFS='\t' -v name="$scenario" -v accepted="$(field "$scenario" accepted)" '{ $2 = "lab"; print $0, name, accepted }'
  fi >"$lab_work/$scenario.label"
  zstd -3 --force --quiet "$capture" -o "$out/$scenario.pcap.zst"
  chmod 644 "$out/$scenario.pcap.zst"
  rm -f "$work"/*.pcap
}

# LABELS.tsv: the lines of what was recorded, and of earlier recordings in the folder that were not made again.
write_labels() {
  local scenario
  {
    "${NODE:-node}" "$here/label-capture.ts" --head | awk '{ print $0 "\tname\taccepted" }'
    for scenario in $(names); do
      if [ -e "$lab_work/$scenario.label" ]; then
        cat "$lab_work/$scenario.label"
      elif [ -e "$out/LABELS.tsv" ] && [ -e "$out/$scenario.pcap.zst" ]; then
        grep -F "$scenario.pcap.zst	" "$out/LABELS.tsv" || true
      fi
    done
  } >"$lab_work/LABELS.tsv"
  mv "$lab_work/LABELS.tsv" "$out/LABELS.tsv"
}

run_lab() {
  local scenario failed=() running=0 number=0
  declare -A of
  for scenario in "${scenarios[@]}"; do
    while [ "$running" -ge "$jobs_at_once" ]; do reap; done
    echo "$SECONDS s: $scenario" >&2
    number=$((number + 1))
    # A process group each, so that it can be ended with everything it runs.
    set -m
    (record "$scenario" "$number") >"$lab_work/$scenario.log" 2>&1 &
    set +m
    of[$!]=$scenario
    running=$((running + 1))
  done
  while [ "$running" -gt 0 ]; do reap; done
  write_labels
  [ ${#failed[@]} -eq 0 ] || { echo "not recorded: ${failed[*]}" >&2; exit 1; }
}

# Waits for one recording to end, and says how it ended.
reap() {
  local ended status=0
  wait -n -p ended || status=$?
  running=$((running - 1))
  scenario_ended=${of[$ended]}
  if [ "$status" -eq 0 ] && [ -e "$lab_work/$scenario_ended.label" ]; then
    echo "$SECONDS s: $scenario_ended recorded, $(du -h "$out/$scenario_ended.pcap.zst" | cut -f 1)" >&2
  else
    failed+=("$scenario_ended")
    rm -f "$lab_work/$scenario_ended.label"
    echo "$SECONDS s: $scenario_ended FAILED" >&2
    tail -n 5 "$lab_work/$scenario_ended.log" >&2
  fi
}

# Ends where something is missing that the lab needs, and says what.
check() {
  [ "$(id -u)" -eq 0 ] || { echo 'network namespaces need root' >&2; exit 1; }
  require 'iproute2 nftables ethtool tcpdump tcpreplay tshark nginx curl dnsmasq dnsutils openssh-server openssh-client iputils-ping nmap hping3 hydra slowhttptest iperf3 openssl zstd vsftpd apache2-utils wrk iodine ptunnel-ng dsniff' \
    flock ip tc nft ethtool tcpdump tcpreplay tshark nginx curl dnsmasq dig /usr/sbin/sshd ssh scp ping nmap nping hping3 hydra slowhttptest \
    iperf3 openssl zstd vsftpd ab wrk iodine iodined ptunnel-ng arpspoof "${NODE:-node}"
  ip netns add "$lab_prefix-check" 2>/dev/null && ip netns delete "$lab_prefix-check" || { echo 'network namespaces cannot be made here' >&2; exit 1; }
}

read_options "$@"
check
# The namespaces have fixed names, so one lab runs at a time.
exec 9>/run/lock/tapline-lab
flock --nonblock 9 || { echo 'another lab is running' >&2; exit 1; }
remove_namespaces 'left by a lab that was killed, and removed:'
mkdir -p "$out"
out=$(realpath "$out")
lab_work=$(mktemp -d /tmp/tapline-lab.XXXXXX)
chmod 755 "$lab_work"
trap end_lab EXIT
trap 'exit 130' HUP INT PIPE TERM
run_lab
ls -l "$out/LABELS.tsv"
