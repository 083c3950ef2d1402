#!/usr/bin/env bash
# Builds the image of sensor and bridge (capture-agent/Dockerfile), also where no registry of images is reached.
set -euo pipefail
cd "$(dirname "$0")/.."

usage() {
  cat <<'HELP'
build-image.sh [--tag NAME] [--tool docker|podman|buildah] [--debian] [-- OPTION…]

Builds the image of sensor and bridge from this clone (docs/sensor-host.md).

  --tag NAME    name of the image (default: tapline)
  --tool NAME   what builds it (default: the first of docker, podman, buildah that is here)
  --debian      makes both bases here, of Debian's packages, instead of pulling them: needs root, mmdebstrap, and podman or
                buildah, which keep them as localhost/tapline-base and localhost/tapline-build-base
  --help        this text
  OPTION…       further options of the build, such as --build-arg BASE=debian:bookworm-slim@sha256:…

~/.npmrc is used during the build, if there is one, and is not in the image.
Exit code: 0 done, 1 failed, 2 wrong usage.
HELP
}

fail() { echo "build-image: $1" >&2; exit "${2:-1}"; }
say() { echo "build-image: $1" >&2; }

tag=tapline tool= debian=
while [ $# -gt 0 ]; do
  case $1 in
    --help) usage; exit 0 ;;
    --debian) debian=yes; shift ;;
    --tag | --tool)
      [ $# -ge 2 ] || fail "$1 needs a value; see --help" 2
      case $1 in --tag) tag=$2 ;; --tool) tool=$2 ;; esac
      shift 2
      ;;
    --) shift; break ;;
    *) fail "unknown option $1; see --help" 2 ;;
  esac
done
case $tool in
  '') for name in docker podman buildah; do [ -n "$tool" ] || ! command -v "$name" >/dev/null || [ "$debian$name" = yesdocker ] || tool=$name; done ;;
  docker | podman | buildah) command -v "$tool" >/dev/null || fail "$tool is missing" ;;
  *) fail "--tool: docker, podman or buildah, not $tool" 2 ;;
esac
[ -n "$tool" ] || fail 'docker, podman or buildah is missing'

options=(--file capture-agent/Dockerfile --tag "$tag")
if [ -r ~/.npmrc ]; then options+=(--secret "id=npmrc,src=$HOME/.npmrc"); fi

# Debian as its own tool makes it, without manuals and languages, as the image debian:bookworm-slim is; for the build,
# npm and the Node of this clone on top, and the certificates that this machine trusts.
if [ -n "$debian" ]; then
  [ "$tool" != docker ] || fail '--debian goes with podman or buildah' 2
  [ "$(id -u)" = 0 ] || fail '--debian must run as root'
  for needed in mmdebstrap npm buildah; do command -v "$needed" >/dev/null || fail "$needed is missing: apt-get install $needed"; done
  node=$(readlink -f node_modules/.bin/node) && [ -x "$node" ] || fail 'the Node of this clone is missing: npm ci'
  work=$(mktemp -d)
  base=
  trap 'rm -rf "$work"; [ -z "$base" ] || buildah rm "$base" >/dev/null' EXIT
  say 'making the bases of Debian packages …'
  mmdebstrap --quiet --variant=minbase --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    bookworm "$work/debian.tar" $(compgen -G '/etc/apt/sources.list.d/debian.sources' || true) >&2
  base=$(buildah from scratch)
  buildah add --quiet "$base" "$work/debian.tar" / >/dev/null
  buildah config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$base"
  buildah commit --quiet "$base" localhost/tapline-base >/dev/null
  buildah copy --quiet "$base" "$node" /usr/local/bin/node >/dev/null
  npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work/npm" npm@11.19.1 >&2
  buildah copy --quiet "$base" "$work/npm/node_modules/npm" /usr/local/lib/node_modules/npm >/dev/null
  buildah copy --quiet "$base" /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt >/dev/null
  buildah run --isolation chroot "$base" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
  buildah config --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$base"
  buildah commit --quiet "$base" localhost/tapline-build-base >/dev/null
  options+=(--build-arg BASE=localhost/tapline-base --build-arg BUILD_BASE=localhost/tapline-build-base)
fi

say "building $tag with $tool …"
"$tool" build "${options[@]}" "$@" . >&2
say "built $tag"
