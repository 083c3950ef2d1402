# The servers: nginx (twice), dnsmasq, sshd, iperf3. Keys, certificates and passwords are made for this run and thrown away.

start_services() {
  make_pages
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=www.office.example \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
  start_nginx web
  start_nginx site
  start_dns
  start_ssh
  in_host client-2 iperf3 --server --one-off >/dev/null &
  sleep 2
}

# Pages of text, so that the capture compresses: 12 articles, a style sheet, a script, pictures in SVG and one download.
make_pages() {
  mkdir -p "$work/www/img"
  local words='the packet crossed a quiet network and nobody saw the frame except one small sensor that counted every byte of it'
  paragraph() { awk -v seed="$1" -v words="$words" -v count="$2" \
    'BEGIN { srand(seed); n = split(words, w, " "); for (i = 0; i < count; i++) printf "%s%s", w[1 + int(rand() * n)], (i % 14 == 13 ? ".\n" : " ") }'; }
  for page in $(seq 1 12); do
    {
      printf '<!doctype html><html><head><title>Article %s</title><link rel="stylesheet" href="/style.css"></head><body>\n' "$page"
      paragraph "$page" $((600 + 130 * page))
      printf '</body></html>\n'
    } >"$work/www/article-$page.html"
  done
  cp "$work/www/article-1.html" "$work/www/index.html"
  paragraph 101 600 >"$work/www/style.css"
  paragraph 102 1200 >"$work/www/app.js"
  for picture in $(seq 1 6); do paragraph $((200 + picture)) $((200 * picture)) >"$work/www/img/picture-$picture.svg"; done
  paragraph 300 60000 >"$work/www/handbook.txt"
  chmod -R a+rX "$work/www"
}

start_nginx() {
  local host=$1
  mkdir -p "$work/$host"
  cat >"$work/$host/nginx.conf" <<CONF
user www-data;
worker_processes 1;
pid $work/$host/nginx.pid;
error_log $work/$host/error.log;
events { worker_connections 1024; }
http {
  include /etc/nginx/mime.types;
  server_tokens off;
  access_log off;
  client_body_temp_path $work/$host/body;
  proxy_temp_path $work/$host/proxy;
  fastcgi_temp_path $work/$host/fastcgi;
  uwsgi_temp_path $work/$host/uwsgi;
  scgi_temp_path $work/$host/scgi;
  client_header_timeout 180s;
  keepalive_timeout 30s;
  ssl_certificate $work/tls.crt;
  ssl_certificate_key $work/tls.key;
  server {
    listen 80; listen [::]:80; listen 443 ssl; listen [::]:443 ssl;
    root $work/www;
  }
}
CONF
  in_host "$host" nginx -c "$work/$host/nginx.conf" -g 'daemon off;' 2>>"$work/services.log" &
}

start_dns() {
  cat >"$work/dnsmasq.conf" <<CONF
no-daemon
no-hosts
no-resolv
bind-interfaces
listen-address=192.168.50.53,fd50:50::53
user=root
local=/example/
host-record=www.office.example,192.168.50.80,fd50:50::80
host-record=files.office.example,192.168.50.22,fd50:50::22
host-record=dns.office.example,192.168.50.53,fd50:50::53
host-record=news.example,203.0.113.10,fd50:113::10
host-record=shop.example,203.0.113.11
cname=mail.office.example,www.office.example
CONF
  in_host dns dnsmasq --conf-file="$work/dnsmasq.conf" 2>>"$work/services.log" &
}

# sshd sees its own passwd and shadow: one user, deploy, whose password is the last of the attacker's list.
start_ssh() {
  mkdir -p "$work/ssh/home" /run/sshd
  grep -E '^(root|sshd|nobody):' /etc/passwd >"$work/ssh/passwd"
  echo "deploy:x:0:0:deploy:$work/ssh/home:/bin/sh" >>"$work/ssh/passwd"
  echo "deploy:$(openssl passwd -6 "$deploy_password"):19000:0:99999:7:::" >"$work/ssh/shadow"
  ssh-keygen -q -t ed25519 -N '' -C files -f "$work/ssh/host_key"
  ssh-keygen -q -t ed25519 -N '' -C deploy -f "$work/ssh/user_key"
  cp "$work/ssh/user_key.pub" "$work/ssh/authorized_keys"
  cat >"$work/ssh/sshd_config" <<CONF
ListenAddress 0.0.0.0
ListenAddress ::
HostKey $work/ssh/host_key
AuthorizedKeysFile $work/ssh/authorized_keys
PidFile none
StrictModes no
UsePAM no
PermitRootLogin yes
MaxAuthTries 1
MaxStartups 50
PrintMotd no
Subsystem sftp internal-sftp
CONF
  in_host files sh -c "mount --bind $work/ssh/passwd /etc/passwd; mount --bind $work/ssh/shadow /etc/shadow
    exec /usr/sbin/sshd -D -e -f $work/ssh/sshd_config" 2>>"$work/services.log" &
}
deploy_password=correct-horse-7
