# What the lab has beside the office's servers (services.sh): FTP, DHCP, a second name server that answers anybody, and, outside,
# many name and web servers, a place for uploads, and the far ends of tunnels.

second_dns=192.168.50.54
# Thirty addresses outside, that forged requests are reflected from.
reflectors() { seq -f '203.0.113.%g' 130 159; }

start_lab_services() {
  local reflector
  for reflector in $(reflectors); do ip -n "${prefix}site" address add "$reflector/24" dev eth0; done
  ip -n "${prefix}dns" address add "$second_dns/24" dev eth0
  start_open_dns
}

# A name with a long answer, and a domain that is somewhere else: at the far end of the tunnel.
long_answer() {
  local part
  part=$(printf 'x%.0s' $(seq 240))
  for number in $(seq 10 20); do printf 'txt-record=big.example,"%s%s"\n' "$number" "$part"; done
}

# start_name_server HOST ADDRESS NAME [LINE]...
start_name_server() {
  local host=$1 address=$2 name=$3
  shift 3
  {
    printf '%s\n' no-daemon no-hosts no-resolv bind-interfaces user=root edns-packet-max=4096 local=/example/ \
      "pid-file=$work/$name.pid" "listen-address=$address" "$@"
    long_answer
  } >"$work/$name.conf"
  in_host "$host" dnsmasq --conf-file="$work/$name.conf" 2>>"$work/services.log" &
}

start_open_dns() { start_name_server dns "$second_dns" open-dns 'server=/tunnel.test/203.0.113.10'; }
start_reflecting_dns() { start_name_server site "$(reflectors | paste -sd ,)" reflectors; pause 1; }

start_dhcp() {
  printf '%s\n' no-daemon port=0 interface=eth0 no-ping user=root dhcp-range=192.168.50.200,192.168.50.249,10m \
    "dhcp-leasefile=$work/leases" "pid-file=$work/dhcp.pid" >"$work/dhcp.conf"
  in_host dns dnsmasq --conf-file="$work/dhcp.conf" 2>>"$work/services.log" &
  pause 1
}

# FTP for the user that SSH knows, with the same password.
start_ftp() {
  mkdir -p "$work/ftp-empty"
  printf '%s\n' listen=YES background=NO anonymous_enable=NO local_enable=YES seccomp_sandbox=NO "secure_chroot_dir=$work/ftp-empty" \
    pam_service_name=vsftpd max_login_fails=3 >"$work/vsftpd.conf"
  chmod 600 "$work/ssh/shadow"
  in_host files sh -c "mount --bind $work/ssh/passwd /etc/passwd; mount --bind $work/ssh/shadow /etc/shadow; exec vsftpd $work/vsftpd.conf" \
    >>"$work/services.log" 2>&1 &
  pause 1
}

# start_uploads HOST: takes uploads (HTTP PUT) at port 8000; take_uploads HOST ADDRESS: and has port 80 of the address lead there instead of to the pages.
start_uploads() {
  local host=$1
  mkdir -p "$work/uploads/body" "$work/uploads/files"
  cat >"$work/uploads/nginx.conf" <<CONF
user root;
worker_processes 1;
pid $work/uploads/nginx.pid;
error_log $work/uploads/error.log;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path $work/uploads/body;
  proxy_temp_path $work/uploads/proxy;
  fastcgi_temp_path $work/uploads/fastcgi;
  uwsgi_temp_path $work/uploads/uwsgi;
  scgi_temp_path $work/uploads/scgi;
  client_max_body_size 1g;
  client_body_timeout 180s;
  server {
    listen 8000;
    root $work/uploads/files;
    location / { dav_methods PUT; }
  }
}
CONF
  in_host "$host" nginx -c "$work/uploads/nginx.conf" -g 'daemon off;' 2>>"$work/services.log" &
}

take_uploads() {
  local host=$1 address=$2
  start_uploads "$host"
  ip netns exec "$prefix$host" nft -f - <<NFT
table ip uploads {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ip daddr $address tcp dport 80 redirect to :8000
  }
}
NFT
  pause 1
}
