# The ordinary day: people browse, look names up, work over SSH, copy files, ping, and make one call.
# Every loop ends by itself when the file $work/running is gone.

benign_seed=0

start_benign() {
  : >"$work/running"
  browse client-1 "$((benign_seed + 11))" & browse client-2 "$((benign_seed + 12))" & browse client-3 "$((benign_seed + 13))" &
  look_up client-1 "$((benign_seed + 21))" & look_up client-3 "$((benign_seed + 22))" &
  ssh_work client-2 "$((benign_seed + 31))" & copy_files client-1 &
  ping_around client-3 & call client-1 &
}

# Returns while there is work to do; sleeps a random time up to $1 tenths of a second first.
again() {
  sleep "$(printf '%d.%d' $((RANDOM % $1 / 10)) $((RANDOM % 10)))"
  [ -e "$work/running" ]
}

# A visit is one curl process, so its objects share a connection; sites, versions of IP and TLS vary.
browse() {
  local host=$1 urls
  RANDOM=$2
  local sites=(http://www.office.example https://www.office.example http://news.example https://news.example http://shop.example)
  while again 70; do
    local site=${sites[$((RANDOM % 5))]}
    urls=()
    for path in "article-$((1 + RANDOM % 12)).html" style.css app.js "img/picture-$((1 + RANDOM % 6)).svg" "img/picture-$((1 + RANDOM % 6)).svg"; do
      urls+=(-o /dev/null "$site/$path")
    done
    [ $((RANDOM % 12)) -eq 0 ] && urls=(-o /dev/null http://www.office.example/handbook.txt)
    [ $((RANDOM % 15)) -eq 0 ] && urls=(-o /dev/null "http://news.example/missing-$((RANDOM % 9)).html")
    [ $((RANDOM % 3)) -eq 0 ] || urls+=(--ipv4)
    in_host "$host" curl --silent --insecure --max-time 20 "${urls[@]}" || true
  done
}

look_up() {
  local host=$1
  RANDOM=$2
  local names=(www.office.example files.office.example mail.office.example news.example shop.example printer.office.example wpad.office.example)
  while again 25; do
    local name=${names[$((RANDOM % 7))]}
    local type=A
    [ $((RANDOM % 3)) -eq 0 ] && type=AAAA
    local server=192.168.50.53
    [ $((RANDOM % 4)) -eq 0 ] && server=fd50:50::53
    in_host "$host" dig +tries=1 +time=2 "@$server" "$name" "$type" >/dev/null || true
  done
}

ssh_options() {
  printf '%s\n' -q -i "$work/ssh/user_key" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes -o BatchMode=yes
}

# Somebody who types: a command now and then inside one session.
ssh_work() {
  local host=$1 options
  RANDOM=$2
  mapfile -t options < <(ssh_options)
  while again 60; do
    in_host "$host" ssh "${options[@]}" deploy@files.office.example \
      'for i in 1 2 3 4 5 6 7 8; do date; ls; sleep 0.6; done' >/dev/null || true
  done
}

copy_files() {
  local host=$1 options
  mapfile -t options < <(ssh_options)
  in_host "$host" scp "${options[@]}" "$work/www/handbook.txt" deploy@files.office.example: >/dev/null || true
  while again 200 && sleep 15; do
    in_host "$host" scp "${options[@]}" "$work/www/app.js" "$work/www/article-9.html" deploy@files.office.example: >/dev/null || true
    in_host "$host" scp "${options[@]}" deploy@files.office.example:app.js "$work/copied.js" || true
  done
}

# Reachability checks over IPv4 and IPv6, some larger than the link's 1,500 bytes so that they are fragmented.
ping_around() {
  local host=$1
  while again 100; do
    in_host "$host" ping -q -n -c 3 -i 0.5 192.168.50.1 >/dev/null || true
    in_host "$host" ping -q -n -c 2 -i 0.5 -s 3000 192.168.50.80 >/dev/null || true
    in_host "$host" ping -q -n -c 3 -i 0.5 fd50:50::80 >/dev/null || true
    in_host "$host" ping -q -n -c 2 -i 0.5 -s 2500 fd50:50::22 >/dev/null || true
  done
}

# A voice call: 25 small UDP datagrams a second each way for 200 s, with a fixed filling.
call() {
  sleep 8
  in_host "$1" iperf3 --client 192.168.50.102 --udp --bidir --bitrate 32k --length 160 --time 200 --repeating-payload >/dev/null 2>&1 || true
}

stop_benign() {
  rm -f "$work/running"
  pause 8
}
