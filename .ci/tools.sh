#!/bin/bash
# Gets the programs of the interoperability tests that this machine's Debian does not have, into .tools: nothing outside
# is changed, and no root is needed. What is there already, on the PATH or from an earlier call, is left alone.
# Needs Debian with apt, Node.js with npm, and Go 1.24 or newer to build the programs of .ci/go.mod. Ends with status 1 when something is still missing.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD/.tools
mkdir -p "$root/bin" "$root/share" "$root/docker"
export PATH="$root/bin:$PATH:/usr/local/go/bin" HOME="${HOME:-$root}"

# Debian's suite that has them, and for each program its package and the version that the tests were written against.
# The suite moves: where a version is gone from it, the one that took its place is used. A name with a slash is a file below
# .tools, whatever the machine has of that name: a Docker whose daemon and client are old has no image mounts.
suite=forky
packaged='crane:crane=0.20.7+ds1-5
          oras:oras=1.3.3-1
          cosign:cosign=3.1.1-2
          containerd:containerd=2.1.9+ds1-5
          docker-credential-pass:golang-docker-credential-helpers=0.9.6+ds1-2
          kustomize:kustomize=5.8.1+ds-1
          bin/quadlet:podman=5.8.6+ds1-3
          docker/dockerd:docker.io=28.5.2+dfsg4-5
          docker/docker:docker-cli=28.5.2+dfsg4-5
          docker/docker-compose:docker-compose=2.40.3-3
          share/cri.proto:golang-k8s-cri-api-dev=0.36.4-1'

missing_packages() {
  local each name
  for each in $packaged; do
    name=${each%%:*}
    case $name in
      */*) [ -e "$root/$name" ] ;;
      *) command -v "$name" >/dev/null ;;
    esac || echo "${each#*:}"
  done
}

# Unpacks Debian packages of another suite, through an apt configuration of its own: of the system's it takes the mirror
# and how to reach it, but none of the hooks, which may empty the cache under an apt-get that runs at the same time.
get_packages() {
  local apt="$root/apt" codename mirror package content
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
    content=$(mktemp -d "$apt/content.XXXXXX")
    case $package in
      golang-k8s-cri-api-dev_*)
        # The protocol that a kubelet speaks with containerd: a file, not a program.
        unpack "$package" "$content" '*/apis/runtime/v1/api.proto'
        find "$content" -name api.proto -exec mv {} "$root/share/cri.proto" \;
        ;;
      # Of podman only the generator of systemd units, which runs with the libraries that are here.
      podman_*) unpack "$package" "$apt/bin" ./usr/libexec/podman/quadlet ;;
      docker.io_*) unpack "$package" "$content" ./usr/sbin/dockerd ;;
      docker-cli_*) unpack "$package" "$content" ./usr/bin/docker ;;
      docker-compose_*) unpack "$package" "$content" '*/cli-plugins/docker-compose' ;;
      *) unpack "$package" "$apt/bin" './usr/bin/*' ;;
    esac
    find "$content" -type f -name 'docker*' -exec mv -t "$root/docker" {} +
  done
  find "$apt/bin" -type f -exec mv -t "$root/bin" {} +
  rm -rf "$apt"
}

# Unpacks what matches a pattern of a Debian package into a directory: unpack PACKAGE DIRECTORY PATTERN
unpack() {
  dpkg-deb --fsys-tarfile "$1" | tar -x -C "$2" --wildcards "$3"
}

# What Kubernetes accepts, as JSON Schema, in the newest version and in the first that has image volumes switched on: made of
# its API's OpenAPI description, in a package of Python's.
kubernetes_schemas() {
  local directory
  directory=$(mktemp -d "$root/schemas.XXXXXX")
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --dest "$directory" kubernetes-validate==1.37.0
  python3 - "$directory"/*.whl "$root/share" <<'END'
import sys, zipfile
wheel, target = sys.argv[1:]
with zipfile.ZipFile(wheel) as content:
    for version in ("1.33", "1.37"):
        name = f"kubernetes_validate/kubernetes-json-schema/v{version}.0-local-strict/_definitions.json"
        with open(f"{target}/kubernetes-{version}.json", "wb") as file:
            file.write(content.read(name))
END
  rm -rf "$directory"
}

# The definition of a Route, as an OpenShift cluster serves it.
route_definition() {
  local directory
  command -v go >/dev/null || { echo "the definition of a Route needs Go to be fetched" >&2; return 1; }
  directory=$(cd / && GOFLAGS=-mod=mod go mod download -json github.com/openshift/api@v0.0.0-20251015095338-264e80a2b6e7 |
    sed -n 's/^\t"Dir": "\(.*\)",$/\1/p')
  cp "$directory/route/v1/zz_generated.crd-manifests/routes.crd.yaml" "$root/share/route.yaml"
}

# Builds a Go program, at the version of the go.mod in DIRECTORY: build NAME PACKAGE DIRECTORY
build() {
  command -v go >/dev/null || { echo "$1 needs Go 1.24 or newer to be built" >&2; return 1; }
  cd "$3"
  CGO_ENABLED=0 go build -trimpath -o "$root/$1.new" "$2"
  mv "$root/$1.new" "$root/bin/$1"
}

# A program in Python with the packages that it needs, in a folder of its own: python_program NAME MODULE PACKAGE
python_program() {
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --target "$root/python" "$3"
  printf '#!/bin/sh\nPYTHONPATH="%s" exec python3 -m %s "$@"\n' "$root/python" "$2" >"$root/$1.new"
  chmod +x "$root/$1.new"
  mv "$root/$1.new" "$root/bin/$1"
}

builds=()
# It brings the schemas of GitHub's actions and workflows and of GitLab's CI along.
if ! command -v check-jsonschema >/dev/null; then
  (python_program check-jsonschema check_jsonschema check-jsonschema==0.39.0) &
  builds+=($!)
fi
for each in olareg:.ci:github.com/olareg/olareg/cmd/olareg \
  oci-conformance:.ci:github.com/opencontainers/distribution-spec/conformance \
  versitygw:.ci/s3:github.com/versity/versitygw/cmd/versitygw; do
  IFS=: read -r name directory package <<<"$each"
  command -v "$name" >/dev/null && continue
  echo "== building $name"
  (build "$name" "$package" "$directory") &
  builds+=($!)
done

# Not in a list with &&: within such a list, set -e does not hold.
if [ ! -e "$root/share/kubernetes-1.33.json" ] || [ ! -e "$root/share/kubernetes-1.37.json" ]; then
  echo '== unpacking the schemas of Kubernetes'
  (kubernetes_schemas) &
  builds+=($!)
fi
if [ ! -e "$root/share/route.yaml" ]; then
  echo "== unpacking OpenShift's definition of a Route"
  (route_definition) &
  builds+=($!)
fi

for arch in amd64 arm64; do
  [ -e "$root/image-$arch" ] && continue
  echo "== unpacking what the image for $arch is made on"
  (deploy/image/root.sh "$arch" "$root/image-$arch.new" && mv "$root/image-$arch.new" "$root/image-$arch") &
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
