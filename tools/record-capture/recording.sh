# What record.sh and lab.sh share: checking for tools, capturing at the sensor, and leaving nothing behind.
# Both set $work (a folder of the run) and $prefix (the start of the namespaces' names).

# require PACKAGES TOOL...: ends, with the line that installs them, where tools are missing.
require() {
  local packages=$1 missing=()
  shift
  for tool in "$@"; do command -v "$tool" >/dev/null || missing+=("$tool"); done
  [ ${#missing[@]} -eq 0 ] && return
  echo "missing: ${missing[*]}; on Debian: apt-get install $packages" >&2
  exit 1
}

clean_up() {
  trap - EXIT HUP INT PIPE TERM
  rm -f "$work/running"
  jobs -p | xargs --no-run-if-empty kill 2>/dev/null || true
  take_down_network
  rm -rf "$work"
}

# start_tcpdump FILE: returns when packets are captured.
start_tcpdump() {
  : >"$work/tcpdump.log"
  in_host sensor tcpdump -i tap0 -n -s 0 -B 65536 --time-stamp-precision=nano -Z root -w "$1" 2>"$work/tcpdump.log" &
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
# Ends the recording where the kernel dropped a packet.
stop_tcpdump() {
  ip netns pids "${prefix}sensor" | xargs --no-run-if-empty kill -INT
  wait "$tcpdump_pid" || true
  grep -v 'listening on\|data link type' "$work/tcpdump.log" | paste -sd ' '
  grep -q '^0 packets dropped by kernel' "$work/tcpdump.log" || { echo 'tcpdump lost packets: record again' >&2; exit 1; }
}
