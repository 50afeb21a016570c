#!/bin/bash
# Gets the programs of the interoperability tests that this machine's Debian does not have, into .tools: nothing outside
# is changed, and no root is needed. What is there already, on the PATH or from an earlier call, is left alone.
# Needs Debian with apt, Node.js with npm, and Go 1.24 or newer to build the programs of .ci/go.mod. Ends with status 1 when something is still missing.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/.tools
mkdir -p "$root/bin" "$root/share"
export PATH="$root/bin:$PATH:/usr/local/go/bin" HOME="${HOME:-$root}"

# Debian's suite that has them, and for each program its package and the version that the tests were written against.
# The suite moves: where a version is gone from it, the one that took its place is used.
suite=forky
packaged='crane:crane=0.20.7+ds1-5
          oras:oras=1.3.3-1
          cosign:cosign=3.1.1-2
          containerd:containerd=2.1.9+ds1-5
          docker-credential-pass:golang-docker-credential-helpers=0.9.6+ds1-2'
# The protocol that a kubelet speaks with containerd: a file, not a program.
protocol_package=golang-github-kubernetes-cri-api-dev=0.32.3-1
protocol=$root/share/cri-api.proto

missing_packages() {
  local each
  for each in $packaged; do
    command -v "${each%%:*}" >/dev/null || echo "${each#*:}"
  done
  [ -e "$protocol" ] || echo "$protocol_package"
}

# Unpacks Debian packages of another suite, through an apt configuration of its own: of the system's it takes the mirror
# and how to reach it, but none of the hooks, which may empty the cache under an apt-get that runs at the same time.
get_packages() {
  local apt="$root/apt" codename mirror package
  codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  mirror=$(apt-get update --print-uris | sed -n "s|^'\(.*\)/dists/$codename/InRelease'.*|\1|p" | head -n 1)
  [ -n "$mirror" ] || { echo "no source of $codename in apt's configuration to derive $suite from" >&2; return 1; }

  rm -rf "$apt"
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/packages" "$apt/bin"
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" >"$apt/sources.list"
  apt-config dump | grep '^Acquire::' >"$apt/apt.conf"
  cat >>"$apt/apt.conf" <<END
Dir::Etc::main "/dev/null";
Dir::Etc::parts "/dev/null";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$apt/cache";
Acquire::Retries "3";
Acquire::Check-Valid-Until "false"; // a mirror may be a snapshot
Acquire::Languages "none";
APT::Sandbox::User "$(id -un)";
END
  export APT_CONFIG="$apt/apt.conf"
  apt-get update -qq
  cd "$apt/packages"
  apt-get download -qq "$@" || {
    echo "taking the versions that $suite has now" >&2
    apt-get download -qq "${@%%=*}"
  }

  for package in *.deb; do
    case $package in
      golang-github-kubernetes-cri-api-dev_*)
        # Less the annotations for one Go code generator, whose definitions nobody else has.
        dpkg-deb --fsys-tarfile "$package" | tar -xO --wildcards '*/apis/runtime/v1/api.proto' |
          sed '/gogoproto/d' >"$apt/protocol"
        mv "$apt/protocol" "$protocol"
        ;;
      *) dpkg-deb --fsys-tarfile "$package" | tar -x -C "$apt" --strip-components=2 ./usr/bin ;;
    esac
  done
  find "$apt/bin" -type f -exec mv -t "$root/bin" {} +
  rm -rf "$apt"
}

# Builds a Go program, at the version of the go.mod in DIRECTORY: build NAME PACKAGE DIRECTORY
build() {
  command -v go >/dev/null || { echo "$1 needs Go 1.24 or newer to be built" >&2; return 1; }
  cd "$3"
  CGO_ENABLED=0 go build -trimpath -o "$root/$1.new" "$2"
  mv "$root/$1.new" "$root/bin/$1"
}

builds=()
for each in olareg:.ci:github.com/olareg/olareg/cmd/olareg \
  oci-conformance:.ci:github.com/opencontainers/distribution-spec/conformance \
  versitygw:.ci/s3:github.com/versity/versitygw/cmd/versitygw; do
  IFS=: read -r name directory package <<<"$each"
  command -v "$name" >/dev/null && continue
  echo "== building $name"
  (build "$name" "$package" "$directory") &
  builds+=($!)
done

# The runtimes that executables are made of and tests run on; no packages are needed for this script of ours.
echo "== getting runtimes"
node scripts/release/runtimes.mjs linux-amd64 linux-arm64 node &
builds+=($!)

status=0
mapfile -t packages < <(missing_packages)
if [ "${#packages[@]}" -gt 0 ]; then
  echo "== unpacking from $suite: ${packages[*]}"
  # Not "(…) || status=1": within such a list, set -e does not hold.
  (get_packages "${packages[@]}") &
  wait $! || status=1
fi
for each in "${builds[@]}"; do wait "$each" || status=1; done
exit "$status"
