# The lab's own quarter of an hour without attacks: what benign.sh does, and the shapes that detectors are known to take for attacks.

lab_benign_office() {
  local until=$((SECONDS + benign_office_s - calm_s))
  in_host client-3 iperf3 --server >/dev/null 2>&1 &
  head -c 20000000 /dev/zero >"$work/www/image.iso"
  head -c 15000000 /dev/zero >"$work/backup.tar"
  watch_services & probe_from_outside & behind_nat & cron_jobs & back_up & download & stream & peers & resolver_of_many &
  while [ "$SECONDS" -lt "$until" ]; do pause 5; done
}
benign_office_s=900

# Monitoring: every service of the office every ten seconds, as even as a beacon.
watch_services() {
  while again 1 && sleep 10; do
    for target in 192.168.50.80:80 192.168.50.80:443 192.168.50.22:22; do
      in_host dns timeout 2 bash -c "exec 3<>/dev/tcp/${target%:*}/${target#*:}" || true
    done
    for target in 192.168.50.1 192.168.50.80 192.168.50.22; do in_host dns ping -q -n -c 1 -W 1 "$target" >/dev/null || true; done
  done
}

# An uptime service outside asks for the start page every five seconds.
probe_from_outside() {
  while again 1 && sleep 5; do
    in_host site curl --silent --head --output /dev/null --max-time 3 http://192.168.50.80/ || true
  done
}

# A company behind one address reads our site: up to twelve people at once.
behind_nat() {
  RANDOM=$((benign_seed + 41))
  while again 20; do
    for _ in $(seq $((1 + RANDOM % 12))); do
      in_host site curl --silent --insecure --max-time 20 --parallel --output /dev/null "http://192.168.50.80/article-$((1 + RANDOM % 12)).html" \
        --output /dev/null http://192.168.50.80/style.css --output /dev/null http://192.168.50.80/app.js || true &
    done
    wait_for_jobs
  done
}

# Waits for the jobs that the function itself started.
wait_for_jobs() { wait $(jobs -p) 2>/dev/null || true; }

# On every full minute all clients look for updates at once.
cron_jobs() {
  while again 1 && sleep "$((60 - $(date +%-S)))"; do
    for host in client-1 client-2 client-3; do
      in_host "$host" sh -c 'for n in 1 2 3 4 5 6; do dig +tries=1 +time=2 "update-$n.example" >/dev/null
        curl -s --max-time 5 -o /dev/null "http://news.example/article-$n.html"; done' || true &
    done
    wait_for_jobs
  done
}

# A backup to the file server every three minutes.
back_up() {
  local options
  mapfile -t options < <(ssh_options)
  while again 10 && sleep 60; do
    in_host client-2 scp "${options[@]}" "$work/backup.tar" deploy@files.office.example: >/dev/null || true
    sleep 120
  done
}

download() {
  while again 10 && sleep 45; do
    in_host client-3 curl --silent --limit-rate 2M --output /dev/null http://news.example/image.iso || true
    sleep 100
  done
}

# Video: a piece of a few hundred kilobytes every four seconds, over one connection.
stream() {
  while again 10; do
    in_host client-2 curl --silent --insecure --limit-rate 150k --range 0-9000000 --output /dev/null https://shop.example/image.iso || true
  done
}

# Peers: parallel transfers both ways, one after the other.
peers() {
  while again 200 && sleep 20; do
    in_host client-2 iperf3 --client 192.168.50.103 --parallel 6 --bidir --bitrate 200k --time 15 >/dev/null 2>&1 || true
  done
}

# A resolver's day: many names, many of which do not exist.
resolver_of_many() {
  RANDOM=$((benign_seed + 42))
  while again 8; do
    in_host client-1 dig +tries=1 +time=2 "host-$((RANDOM % 500)).example" >/dev/null || true
  done
}
