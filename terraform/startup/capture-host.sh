#!/usr/bin/env bash
# What the capture host runs at every start; what is done already is left as it is. Terraform fills in what stands in $${...}.
# Its output: sudo journalctl -u google-startup-scripts
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# The disk for what must survive: formatted when it is blank, never otherwise.
disk=/dev/disk/by-id/google-capture
if ! blkid "$disk" >/dev/null; then mkfs.ext4 -q -m 0 -L capture "$disk"; fi
for pair in /srv/tapline: /var/lib/tapline:/srv/tapline/sensor /var/lib/tapline-kafka:/srv/tapline/broker /srv/captures:/srv/tapline/captures; do
  place=$${pair%%:*} from=$${pair#*:}
  install -d "$place"
  mountpoint -q "$place" && continue
  if [ -z "$from" ]; then
    mount -o discard,defaults "$disk" "$place"
  else
    install -d "$from"
    mount --bind "$from" "$place"
  fi
done

if ! command -v tcpreplay >/dev/null || ! command -v mvn >/dev/null || ! command -v npm >/dev/null; then
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends tcpdump tcpreplay zstd ethtool chrony openjdk-17-jre-headless maven nodejs npm ca-certificates >/dev/null
fi

id tapline >/dev/null 2>&1 || useradd --system --home /var/lib/tapline --shell /usr/sbin/nologin tapline
id kafka >/dev/null 2>&1 || useradd --system --home /var/lib/tapline-kafka --shell /usr/sbin/nologin kafka
chown tapline: /var/lib/tapline
chown kafka: /var/lib/tapline-kafka
install -d /etc/tapline

# Tapline itself, when it is another one than the one that is there.
if [ "$(cat /opt/tapline/.archive 2>/dev/null || true)" != '${archive_sha256}' ]; then
  download=$(mktemp -d)
  gcloud storage cp --quiet '${archive}' "$download/tapline.tar.gz"
  echo '${archive_sha256}  '"$download/tapline.tar.gz" | sha256sum --check --quiet
  rm -rf /opt/tapline.new && install -d /opt/tapline.new
  tar -xzf "$download/tapline.tar.gz" -C /opt/tapline.new
  (cd /opt/tapline.new && npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel error)
  echo '${archive_sha256}' >/opt/tapline.new/.archive
  rm -rf /opt/tapline.old "$download"
  if [ -d /opt/tapline ]; then mv /opt/tapline /opt/tapline.old; fi
  mv /opt/tapline.new /opt/tapline
fi

# The broker's jars, as its pom pins them.
if [ "$(cat /opt/kafka/.pom 2>/dev/null || true)" != "$(sha256sum </opt/tapline/tools/services/kafka/pom.xml)" ]; then
  rm -rf /opt/kafka/libs && install -d /opt/kafka/libs
  mvn -q -B -f /opt/tapline/tools/services/kafka/pom.xml dependency:copy-dependencies -DoutputDirectory=/opt/kafka/libs
  sha256sum </opt/tapline/tools/services/kafka/pom.xml >/opt/kafka/.pom
fi

address=$(hostname --all-ip-addresses | cut -d' ' -f1)
cp /opt/tapline/tools/systemd/kafka.properties /etc/tapline/kafka.properties
%{ if serves_broker ~}
# Sensors and bridge on other hosts reach this listener; the firewall lets in nobody else.
sed -i "s|^listeners=.*|&,EXTERNAL://$address:${broker_port}|; s|^advertised.listeners=.*|&,EXTERNAL://$address:${broker_port}|; s|^listener.security.protocol.map=.*|&,EXTERNAL:PLAINTEXT|" /etc/tapline/kafka.properties
%{ endif ~}
if [ ! -s /etc/tapline/kafka.env ]; then
  echo "KAFKA_CLUSTER_ID=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | tr -d =)" >/etc/tapline/kafka.env
fi
(umask 077 && : >/etc/tapline/tapline.env)
cat >/etc/tapline/tapline.env <<'ENV'
TAPLINE_SENSOR=${sensor}
TAPLINE_KAFKA_BROKERS=127.0.0.1:9092
GOOGLE_CLOUD_PROJECT=${project}
TAPLINE_TOPIC_PREFIX=${prefix}
%{ for name, value in cassandra ~}
${name}=${value}
%{ endfor ~}
%{ if capture != "" ~}
TAPLINE_CAPTURE_OPTIONS="${capture}"
%{ endif ~}
ENV
%{ if contains(keys(secrets), "password") ~}
# Read at every start, so that a new version is taken with a restart; in no plan, in no state.
(umask 077 && printf 'TAPLINE_CASSANDRA_PASSWORD="%s"\n' "$(gcloud secrets versions access latest --secret='${secrets["password"]}' --project='${project}')" >>/etc/tapline/tapline.env)
%{ endif ~}
%{ if contains(keys(secrets), "bundle") ~}
gcloud secrets versions access latest --secret='${secrets["bundle"]}' --project='${project}' --out-file=/etc/tapline/bundle.zip
chown tapline: /etc/tapline/bundle.zip
chmod 400 /etc/tapline/bundle.zip
%{ endif ~}
chmod 600 /etc/tapline/*.env

%{ if is_mirror ~}
# The load balancer in front of the collector only asks whether somebody is there.
cat >/etc/systemd/system/tapline-health.socket <<'UNIT'
[Socket]
ListenStream=${health_port}
Accept=yes
[Install]
WantedBy=sockets.target
UNIT
cat >/etc/systemd/system/tapline-health@.service <<'UNIT'
[Service]
ExecStart=/bin/true
DynamicUser=yes
UNIT
%{ else ~}
# What is replayed into tap0 (tcpreplay -i tap0 FILE) is captured on tap1, and nobody answers on either.
if ! ip link show tap0 >/dev/null 2>&1; then ip link add tap0 mtu 9216 type veth peer name tap1 mtu 9216; fi
for interface in tap0 tap1; do
  sysctl -q "net.ipv6.conf.$interface.disable_ipv6=1"
  ip link set "$interface" up promisc on
done
%{ endif ~}
ethtool -K '${interface}' gro off lro off tso off gso off 2>/dev/null || true

cp /opt/tapline/tools/systemd/*.service /etc/systemd/system/
systemctl daemon-reload
%{ if is_mirror ~}
systemctl enable --now tapline-health.socket
%{ endif ~}
systemctl enable tapline-kafka 'tapline-capture@${interface}'${runs_bridge ? " tapline-bridge" : ""}
systemctl restart tapline-kafka 'tapline-capture@${interface}'${runs_bridge ? " tapline-bridge" : ""}
echo 'tapline: the capture host is set up'
